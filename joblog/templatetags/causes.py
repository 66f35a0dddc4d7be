"""Template filters about causes: {% load causes %}."""

from __future__ import annotations

from django import template

from joblog import cause_tables
from joblog.cause_tables import ShownFix, buttons_of, places_of
from joblog.models import ErrorCause
from joblog.remedies import Remedy, remedy_for

register = template.Library()


@register.filter
def remedy(cause: ErrorCause) -> Remedy:
    return remedy_for(cause.code)


@register.filter
def buttons(cause: ErrorCause) -> list[ShownFix]:
    return buttons_of(cause)


@register.filter
def places(cause: ErrorCause) -> list[tuple[str, str]]:
    return places_of(cause)


@register.filter
def errors_url(cause: ErrorCause) -> str:
    return cause_tables.errors_url(cause)

"""The list of causes, and what a cause looks like wherever it is shown: explanation, buttons, ways to mend it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import django_tables2 as tables
from django.db.models import Count
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.addresses import entries_url, with_query
from joblog.error_classes import class_of
from joblog.models import ErrorCause, SynchEntry, SynchJob
from joblog.remedies import BUTTONS, Place, fixes_of, remedy_for
from syncadmin.sync.errors import OPTION_MAPPING
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable


@dataclass(frozen=True)
class ShownFix:
    """One button; ``permission`` is needed to see and to press it."""

    do: str
    label: str
    confirm: str
    permission: str


def errors_url(cause: ErrorCause, **query: str) -> str:
    """Exactly the open records of a cause."""
    return with_query(reverse("joblog:errors"), {"cause": str(cause.pk)} | query)


def causes_in(job: SynchJob, *, limit: int) -> list[tuple[ErrorCause, int, str]]:
    """(cause, number of records, their address) of a job, the most frequent first; a preview has causes too."""
    rows = SynchEntry.objects.filter(job=job, cause__isnull=False).order_by().values("cause").annotate(number=Count("pk"))
    numbers = {row["cause"]: row["number"] for row in rows.order_by("-number", "cause")[:limit]}
    causes = ErrorCause.objects.in_bulk(list(numbers))
    return [(causes[pk], number, entries_url(job, cause=str(pk))) for pk, number in numbers.items() if pk in causes]


def buttons_of(cause: ErrorCause) -> list[ShownFix]:
    """What can be done about the open records of a cause; nothing where none is open."""
    if not cause.records:
        return []
    number = f"{formatting.count(cause.records)} record{'s' if cause.records != 1 else ''}"
    words = {"n": number, "missing": cause.missing, "field": cause.field_labels}
    buttons = [(fix, BUTTONS[fix]) for fix in fixes_of(cause)]
    return [ShownFix(fix.value, one.label.format(**words), one.confirm.format(**words), one.permission) for fix, one in buttons]


def places_of(cause: ErrorCause) -> list[tuple[str, str]]:
    """(words, address) of the pages on which a person mends it by hand."""
    if cause.mapping_id is None:
        return []
    return [one for place in remedy_for(cause.code).places if (one := _place(cause, place))[1]]


def _place(cause: ErrorCause, place: Place) -> tuple[str, str]:
    pk = cause.mapping_id
    addresses: Mapping[Place, str] = {
        Place.FIELDS: reverse("mappings:field-list", args=[pk]),
        Place.MAPPING: reverse("mappings:mapping-edit", args=[pk]),
        Place.COUPLINGS: reverse("joblog:coupling-list", args=[pk]),
        Place.OPTIONS: _option_mapping(cause.missing),
    }
    return place.label, addresses[place]


def _option_mapping(missing: str) -> str:
    if not missing.startswith(OPTION_MAPPING):
        return ""
    return with_query(reverse("mappings:option-list"), {"name": missing.split(", ", maxsplit=1)[0].removeprefix(OPTION_MAPPING)})


class CauseTable(ListTable):
    """Causes of failures, those that hold up most records first."""

    key = "causes"
    fixed = ("name",)

    records = columns.CountColumn(url=errors_url, tone="bad", verbose_name="Open Records", label="open records")
    mapping = tables.Column(accessor="mapping_name", verbose_name="Mapping")
    field = tables.Column(accessor="field_labels", verbose_name="Field", attrs={"td": {"class": "wrap tight"}})
    name = tables.TemplateColumn(
        template_name="joblog/cause_cell.html", accessor="code", verbose_name="Cause", attrs={"td": {"class": "wrap cause"}}
    )
    last_seen_at = columns.MomentColumn(verbose_name="First and Last Seen", attrs={"td": {"class": "seen"}})
    actions = tables.TemplateColumn(
        template_name="joblog/cause_row_actions.html",
        verbose_name="What Helps",
        orderable=False,
        exclude_from_export=True,
        attrs={"td": {"class": "cause-actions wrap"}},
    )
    kind = tables.Column(verbose_name="Class", empty_values=(), visible=False, orderable=False)
    code = tables.Column(visible=False)
    first_seen_at = columns.MomentColumn(verbose_name="First Seen", visible=False)
    ignored = columns.CountColumn(
        url=lambda cause: errors_url(cause, state="ignored"), verbose_name="Ignored", label="ignored records", visible=False
    )
    failures = columns.CountColumn(verbose_name="Failures Ever", visible=False)
    direction = columns.DirectionColumn(visible=False)
    message = columns.ClipColumn(verbose_name="Last Message", visible=False, orderable=False, attrs={"td": {"class": "clip wide"}})
    company = tables.Column(visible=False)

    class Meta(ListTable.Meta):
        order_by = ("-records", "-last_seen_at")

    def render_mapping(self, record: ErrorCause) -> SafeString:
        return format_html("{}<br>{}", record.mapping_name, formatting.direction(record.direction))

    def value_mapping(self, record: ErrorCause) -> str:
        return record.mapping_name

    def render_field(self, record: ErrorCause) -> SafeString:
        return format_html('<span title="{}">{}</span>', record.fields, record.field_labels)

    def value_field(self, record: ErrorCause) -> str:
        return record.fields

    def render_last_seen_at(self, record: ErrorCause) -> SafeString:
        return format_html("{}<br>{}", formatting.moment(record.first_seen_at), formatting.moment(record.last_seen_at))

    def value_last_seen_at(self, record: ErrorCause) -> str:
        return " - ".join(formatting.utc(moment) for moment in (record.first_seen_at, record.last_seen_at) if moment)

    def value_name(self, record: ErrorCause) -> str:
        return record.code

    def render_kind(self, record: ErrorCause) -> str:
        return str(class_of(record.code).label)

"""Template tags of the kit: {% load ui %}."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.utils.safestring import SafeString

from syncadmin.ui import formatting
from syncadmin.ui.paging import Counted

register = template.Library()
register.filter("moment", formatting.moment)
register.filter("duration", formatting.duration)
register.filter("direction", formatting.direction)
register.filter("flag", formatting.flag)


@register.filter
def count(value: int) -> str:
    return formatting.count(value)


@register.filter
def utc(value: datetime) -> str:
    return formatting.utc(value)


@register.filter
def td(column: Any) -> SafeString:
    """The attributes of a column's cells, computed once per table: none of ours depend on the row.

    ``data-label`` is the heading, which stands beside the value where a row is shown as a card.
    """
    if not hasattr(column, "td_html"):
        attributes = column.attrs["td"]
        if column.name not in {"select", "expand"}:
            attributes.setdefault("data-label", str(column.header))
        column.td_html = attributes.as_html()
    html: SafeString = column.td_html
    return html


@register.simple_tag
def count_link(value: int | Counted, url: str = "", tone: str = "", label: str = "") -> SafeString:
    found = value if isinstance(value, Counted) else Counted(value)
    return formatting.count_link(found.number, url=url, tone=tone, label=label, more=found.more)


@register.simple_tag
def pill(text: object, tone: str = "") -> SafeString:
    return formatting.pill(text, tone)


@register.inclusion_tag("parts/action.html")
def action(
    label: str,
    url: str = "",
    name: str = "",
    value: str = "",
    needs: str = "some",
    confirm: str = "",
    icon: str = "",
    primary: bool = False,
    key: str = "",
) -> dict[str, Any]:
    """A button of the action bar that posts the ticked rows to ``url`` (blank: this page), with ``name=value``.

    ``needs``: "some" rows, exactly "one", or "none". ``confirm`` is asked first; it says what happens and where to look after.
    ``key`` presses it, as ``F7``.
    """
    shown = {"label": label, "icon": icon, "primary": primary, "key": key}
    return shown | {"url": url, "name": name, "value": value, "needs": needs, "confirm": confirm}


@register.inclusion_tag("parts/row_link.html")
def row_link(
    label: str, url: str, query: str = "", needs: str = "one", copies: bool = False, key: str = "", plain: str = ""
) -> dict[str, Any]:
    """A link of the action bar to a page of the ticked row; the page's script fills in its key and name.

    ``url`` is the page's address for key 0 (``{% url 'mappings:field-list' 0 %}``), ``query`` is appended and may hold ``{key}`` and
    ``{name}``. ``needs`` as in :func:`action`; "two" links to both rows, ``{other}`` is the key of the second; "any" is usable without a
    row as well, then it leads to ``plain``, or to the page without the query. With ``copies`` the text that the page answers goes to the
    clipboard. ``key`` presses it, as ``Control+F7``.
    """
    address = url.replace("/0/", "/{key}/")
    address = f"{address}?{query}" if query else address
    return {
        "label": label,
        "address": address,
        "needs": needs,
        "plain": (plain or url) if needs == "any" else "",
        "copies": copies,
        "key": key,
    }


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, wide: bool = False) -> dict[str, Any]:
    """One form field with label, help and errors."""
    return {"field": bound, "wide": wide, "checkbox": isinstance(bound.field.widget, CheckboxInput)}


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """This page's query with some parts replaced; None removes one, and where in the list one is never stays."""
    query = context["request"].GET.copy()
    for place in ("page", "link"):
        query.pop(place, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"

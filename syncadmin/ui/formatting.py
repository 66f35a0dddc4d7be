"""How values look: moments, durations, numbers, states. Used by columns and, as template tags, by pages."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from syncadmin.ui.presentation import current

DIRECTIONS = {
    "Bidirectional": ("⇄", "Both"),
    "ToIntegrationTable": ("→", "To Sales"),
    "FromIntegrationTable": ("←", "From Sales"),
}


def utc(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def moment(value: datetime | None) -> SafeString:
    """A <time> element in the reader's zone and format, with UTC on hover; empty for None.

    Where the zone is not known yet it says UTC, and the page's script puts the browser's zone in. For who wants it, it tells how far away
    the moment is, with both on hover; the page's script keeps that true.
    """
    if value is None:
        return SafeString("")
    stamp, shown = value.astimezone(UTC), current()
    known = SafeString(" data-local") if shown.zone else SafeString("")
    iso = f"{stamp:%Y-%m-%dT%H:%M:%S}Z"
    if shown.relative:
        exact = f"{shown.moment(stamp)} · {utc(stamp)}" if shown.zone else utc(stamp)
        text = distance((datetime.now(UTC) - stamp).total_seconds())
        return format_html('<time datetime="{}" title="{}"{} data-relative>{}</time>', iso, exact, known, text)
    return format_html('<time datetime="{}" title="{}"{}>{}</time>', iso, utc(stamp), known, shown.moment(stamp))


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds % 1 >= 0.05 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def distance(seconds: float) -> str:
    """How long ago a moment was, or in how long it is where that is negative: ``5 min ago``, ``in 12 min``, ``now``.

    static/js/page.js says the same.
    """
    if abs(seconds) < 1:
        return "now"
    far = rough(abs(seconds))
    return f"{far} ago" if seconds > 0 else f"in {far}"


def rough(seconds: float) -> str:
    """How long in one unit, for tiles: ``40 s``, ``12 min``, ``5 h``, ``3 d``."""
    for unit, length, until in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 2 * 86400)):
        if seconds < until:
            return f"{max(1, round(seconds / length))} {unit}"
    return f"{round(seconds / 86400)} d"


def count(value: int) -> str:
    """A whole number as the reader writes it."""
    return current().number(value)


def count_link(value: int, *, url: str = "", tone: str = "", label: str = "", more: bool = False) -> SafeString:
    """A number as a link to the rows it counts, in a pill where ``tone`` is set; zero is dimmed and no link. ``more``: at least so many."""
    if not value:
        return SafeString('<span class="zero">0</span>')
    css, shown = f"pill {tone}" if tone else "", f"{count(value)}{'+' if more else ''}"
    if not url:
        return format_html('<span class="{}">{}</span>', css, shown)
    return format_html('<a class="{}" href="{}" aria-label="{} {}">{}</a>', css, url, shown, label, shown)


def pill(text: object, tone: str = "") -> SafeString:
    """A word with a colour: ``tone`` is good, warn, bad, info or nothing (grey)."""
    return format_html('<span class="pill {}">{}</span>', tone, text) if str(text) else SafeString("")


def direction(stored: str) -> SafeString:
    """The stored word of a direction as arrow and destination; the stored word shows on hover, and is what a filter selects it by."""
    arrow, words = DIRECTIONS[stored]
    return format_html(
        '<span title="{}" data-filter="{}"><span class="arrow" aria-hidden="true">{}</span> {}</span>', stored, stored, arrow, words
    )


def flag(value: bool) -> SafeString:
    if value:
        return SafeString('<span class="tick" aria-hidden="true">✓</span><span class="unseen" data-filter="yes">yes</span>')
    return SafeString('<span class="zero" aria-hidden="true">–</span><span class="unseen" data-filter="no">no</span>')

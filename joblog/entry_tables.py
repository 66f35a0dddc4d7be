"""Lists of synch entries: what a job did to each record, and what failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from joblog.addresses import destination_url, entries_url, help_url, source_url, why_url, with_query
from joblog.error_classes import class_of
from joblog.models import EntryAction, JobType, SynchEntry
from joblog.next_tries import NextTry
from syncadmin.sync.errors import OPTION_MAPPING
from syncadmin.sync.records import Direction
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable

ACTION_TONES = {
    "Inserted": "good", "Modified": "good", "Deleted": "warn", "Coupled": "good", "Uncoupled": "warn", "Skipped": "warn", "Failed": "bad",
    "Sending": "info",
}  # fmt: skip
CHIPS_SHOWN = 6
_MISSING = {
    "Inserted": "being created",
    "Sending": "being sent",
    "Failed": "not created",
    "Skipped": "not created",
    "Deleted": "deleted",
    "Uncoupled": "none",
}


def record_link(label: str, key: str, url: str, *, missing: str) -> SafeString:
    """A record by its label as a link to its page; ``missing`` says dimly why there is none."""
    if not key and not label:
        return format_html('<span class="soft" data-filter="">{}</span>', missing)
    return format_html('<a href="{}" title="{}">{}</a>', url, key, label or key) if url else format_html("<span>{}</span>", label or key)


def source_link(entry: SynchEntry) -> SafeString:
    """Needs ``entry.job`` at hand, as :func:`destination_link` does."""
    return record_link(entry.source_label, entry.source_key, source_url(entry), missing="none")


def destination_link(entry: SynchEntry) -> SafeString:
    missing = _MISSING.get(entry.action, "none")
    return record_link(entry.destination_label, entry.destination_key, destination_url(entry), missing=missing)


def change_chips(changes: list[dict[str, Any]]) -> SafeString:
    """``field: old → new`` for each changed field, the rest folded away."""
    chips = [_chip(change) for change in changes]
    shown, rest = chips[:CHIPS_SHOWN], chips[CHIPS_SHOWN:]
    if not rest:
        return format_html('<div class="chips">{}</div>', format_html_join("", "{}", ((chip,) for chip in shown)))
    return format_html(
        '<div class="chips">{}<details><summary>{} more fields</summary>{}</details></div>',
        format_html_join("", "{}", ((chip,) for chip in shown)),
        len(rest),
        format_html_join("", "{}", ((chip,) for chip in rest)),
    )


def _chip(change: dict[str, Any]) -> SafeString:
    name = change.get("label") or change["field"]
    old = (
        format_html('<del>{}</del><span aria-hidden="true"> → </span>', change["old"])
        if change["old"] not in {"", None}
        else SafeString("")
    )
    new = change["new"] if change["new"] not in {"", None} else SafeString('<i class="soft">blank</i>')
    return format_html('<span class="chip" title="{}"><b>{}:</b> {}<ins>{}</ins></span>', change["field"], name, old, new)


def changes_in_words(changes: list[dict[str, Any]]) -> str:
    return "; ".join(f"{change['field']}: {change['old']} -> {change['new']}" for change in changes)


def conflict_table(conflicts: list[dict[str, str]]) -> SafeString:
    """Each conflicting field with its baseline and both values."""
    rows = format_html_join(
        "",
        '<tr><th scope="row" title="{} | {}">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>',
        ((one["field"], one["integration_field"], one["label"], _baseline(one), one["bc"], one["sales"]) for one in conflicts),
    )
    return format_html(
        '<table class="conflicts"><thead><tr><th scope="col">Field</th><th scope="col">Last synchronized</th>'
        '<th scope="col">Business Central</th><th scope="col">Dynamics 365 Sales</th></tr></thead><tbody>{}</tbody></table>',
        rows,
    )


def _baseline(conflict: dict[str, str]) -> str:
    bc, sales = conflict["baseline_bc"], conflict["baseline_sales"]
    return bc if bc == sales or not sales else f"{bc} | {sales}" if bc else sales


class EntryTable(ListTable):
    """What a job did to each record."""

    key = "entries"
    fixed = ("name",)
    newest = ("-pk",)
    quick_sorts = ("at",)
    quick_filters = ("action",)

    action = columns.PillColumn(tones=ACTION_TONES)
    name = tables.Column(accessor="source_label", verbose_name="Source", empty_values=(), attrs={"td": {"class": "record"}})
    destination = tables.Column(
        accessor="destination_label", verbose_name="Destination", empty_values=(), attrs={"td": {"class": "record"}}
    )
    message = tables.Column(verbose_name="What happened", empty_values=(), orderable=False, attrs={"td": {"class": "wrap"}})
    code = tables.Column()
    at = columns.MomentColumn(verbose_name="When", order_by="pk")
    resolved_at = columns.MomentColumn(verbose_name="Resolved", visible=False)
    source_key = tables.Column(orderable=False, visible=False)
    destination_key = tables.Column(orderable=False, visible=False)

    class Meta(ListTable.Meta):
        order_by = ("-at",)

    def render_name(self, record: SynchEntry) -> SafeString:
        return source_link(record)

    def value_name(self, record: SynchEntry) -> str:
        return record.source_label

    def render_destination(self, record: SynchEntry) -> SafeString:
        return destination_link(record)

    def value_destination(self, record: SynchEntry) -> str:
        return record.destination_label

    def render_message(self, record: SynchEntry) -> SafeString:
        return what_happened(record)

    def value_message(self, record: SynchEntry) -> str:
        return " ".join(part for part in (record.message, changes_in_words(record.changes)) if part)

    def render_code(self, record: SynchEntry) -> SafeString:
        return format_html('<a href="{}">{}</a>', entries_url(record.job, code=record.code), record.code)

    def value_code(self, record: SynchEntry) -> str:
        return record.code


class HistoryTable(EntryTable):
    """What happened to one record, job by job."""

    key = "record-history"
    fixed = ("job",)

    at = columns.MomentColumn(verbose_name="When", order_by="pk")
    job = tables.Column(accessor="job__mapping_name", verbose_name="Job", attrs={"td": {"class": "in-text"}})
    trigger = tables.Column(accessor="job__trigger", verbose_name="Started by")
    attempts = tables.Column(visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})

    class Meta(EntryTable.Meta):
        sequence = ("at", "job", "action", "message", "name", "destination", "trigger", "code", "...")

    def render_job(self, record: SynchEntry) -> SafeString:
        url = reverse("joblog:job", args=[record.job_id])
        kind = "" if record.job.type == JobType.SYNCHRONIZATION else record.job.get_type_display()
        words = format_html('<br><span class="soft">{}</span>', kind) if kind else ""
        return format_html('<a href="{}">{}</a> {}{}', url, record.job.mapping_name, formatting.direction(record.job.direction), words)

    def value_job(self, record: SynchEntry) -> str:
        return f"{record.job.mapping_name} {record.job.arrow} {record.job.pk}"

    def render_trigger(self, record: SynchEntry) -> str:
        who = f" · {record.job.user_name}" if record.job.user_name else ""
        return f"{record.job.get_trigger_display()}{who}"


def what_happened(entry: SynchEntry) -> SafeString:
    """Message, conflicting fields and changed fields of an entry, as far as it has them."""
    parts = []
    if entry.message:
        parts.append(format_html("<p>{}</p>", entry.message))
    if entry.detail.get("missing"):
        parts.append(_missing_links(entry))
    if entry.detail.get("conflicts"):
        parts.append(conflict_table(entry.detail["conflicts"]))
    if entry.changes:
        parts.append(change_chips(entry.changes))
    if entry.detail.get("template"):
        parts.append(format_html('<p class="soft">Template {}{}</p>', entry.detail["template"], _dimensions(entry)))
    if entry.action == EntryAction.SENDING and not parts:
        parts.append(SafeString('<p class="soft">Sent, not answered yet.</p>'))
    return format_html_join("", "{}", ((part,) for part in parts))


def _dimensions(entry: SynchEntry) -> SafeString:
    """The default dimensions that the template gives to the new record."""
    rows = entry.detail.get("dimensions", {}).items()
    return format_html_join("", " · {} {}", ((name, value or "without a value") for name, value in rows))


def _missing_links(entry: SynchEntry) -> SafeString:
    """The way to each reference that has to be coupled first, and to each pair that has to be added."""
    rows = (_missing_link(entry, position, one) for position, one in enumerate(entry.detail["missing"]))
    return format_html_join(" · ", '<a href="{}">{}</a>', rows)


def _missing_link(entry: SynchEntry, position: int, missing: dict[str, str]) -> tuple[str, str]:
    if not missing["mapping"].startswith(OPTION_MAPPING):
        return reverse("joblog:missing", args=[entry.pk, position]), f"Find the record to couple in {missing['mapping']}"
    name = missing["mapping"].removeprefix(OPTION_MAPPING)
    side = "code" if entry.job.direction == Direction.TO_INTEGRATION else "value"
    return with_query(reverse("mappings:option-list"), {"name": name, side: missing["value"]}), f"Add the pair in {name}"


class ErrorTable(ListTable):
    """Integration Synchronization Errors (page 5339)."""

    key = "errors"
    fixed = ("select", "name")
    newest = ("-pk",)
    quick_sorts = ("at",)
    next_tries: Mapping[int, NextTry] = {}

    select = columns.SelectColumn(name="entry", label=lambda entry: entry.source_label or entry.source_key)
    at = columns.MomentColumn(verbose_name="Last Seen", order_by="pk", attrs={"td": {"class": "seen"}})
    mapping = tables.Column(accessor="job__mapping_name", verbose_name="Mapping")
    name = tables.Column(accessor="source_label", verbose_name="Source", empty_values=(), attrs={"td": {"class": "name record"}})
    destination = tables.Column(
        accessor="destination_label", verbose_name="Destination", empty_values=(), attrs={"td": {"class": "record"}}
    )
    message = tables.Column(verbose_name="Error Message", empty_values=(), orderable=False, attrs={"td": {"class": "wrap short"}})
    code = tables.Column(attrs={"td": {"class": "code"}})
    kind = tables.Column(verbose_name="Class", empty_values=(), visible=False, orderable=False, attrs={"td": {"class": "wrap tight"}})
    next_try = tables.Column(
        verbose_name="Next Retry", empty_values=(), orderable=False, exclude_from_export=True, attrs={"td": {"class": "seen wrap tight"}}
    )
    owner = tables.Column(accessor="owner__username", verbose_name="Owner", visible=False, attrs={"td": {"class": "owner"}})
    note = tables.Column(visible=False, orderable=False, attrs={"td": {"class": "wrap tight"}})
    actions = tables.TemplateColumn(
        template_name="joblog/error_row_actions.html",
        verbose_name="Retry",
        orderable=False,
        exclude_from_export=True,
        attrs={"td": {"class": "row-actions"}},
    )
    pk = tables.Column(verbose_name="No.", visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    first_seen_at = columns.MomentColumn(verbose_name="First Seen", visible=False)
    attempts = tables.Column(visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    action = columns.PillColumn(tones=ACTION_TONES, verbose_name="Result", visible=False)
    direction = columns.DirectionColumn(accessor="job__direction", visible=False)
    ignored_at = columns.MomentColumn(verbose_name="Ignored", visible=False)
    resolved_at = columns.MomentColumn(verbose_name="Resolved", visible=False)
    job = tables.Column(
        accessor="job_id", verbose_name="Job", visible=False, linkify=lambda record: reverse("joblog:job", args=[record.job_id])
    )
    company = tables.Column(accessor="job__company", verbose_name="Company", visible=False)

    class Meta(ListTable.Meta):
        order_by = ("-at",)

    render_name = EntryTable.render_name
    value_name = EntryTable.value_name
    render_destination = EntryTable.render_destination
    value_destination = EntryTable.value_destination
    render_message = EntryTable.render_message
    value_message = EntryTable.value_message
    value_code = EntryTable.value_code

    def render_mapping(self, record: SynchEntry) -> SafeString:
        url = reverse("joblog:job", args=[record.job_id])
        return format_html('<a href="{}">{}</a><br>{}', url, record.job.mapping_name, formatting.direction(record.job.direction))

    def value_mapping(self, record: SynchEntry) -> str:
        return record.job.mapping_name

    def render_code(self, record: SynchEntry) -> SafeString:
        code = format_html('<a href="?cause={}" title="All records with this cause">{}</a>', record.cause_id, record.code)
        why = why_url(record.job.mapping_id, Direction(record.job.direction).source, record.source_key)
        more = format_html('<a href="{}">Help<span class="unseen"> about {}</span></a>', help_url(record.code), record.code)
        if why and not record.resolved_at:
            more = format_html('<a href="{}">Why?<span class="unseen"> {}</span></a> · {}', why, record.source_label, more)
        return format_html("{}<br>{}", code, more)

    def render_kind(self, record: SynchEntry) -> str:
        return str(class_of(record.code).label)

    def render_at(self, record: SynchEntry) -> SafeString:
        """The last attempt; below it since when, where there were more."""
        last = formatting.moment(record.at)
        if record.attempts < 2:
            return last
        return format_html(
            '{}<div class="soft">{} attempts since<br>{}</div>', last, record.attempts, formatting.moment(record.first_seen_at)
        )

    def value_at(self, record: SynchEntry) -> datetime:
        return record.at

    def render_next_try(self, record: SynchEntry) -> SafeString | str:
        found = self.next_tries.get(record.pk)
        return "" if found is None else formatting.moment(found.at) if found.at else found.words

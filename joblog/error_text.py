"""Everything that is known of one error as plain text, for a mail or a ticket."""

from __future__ import annotations

from joblog.call_stacks import call_stack_of
from joblog.models import SynchEntry
from joblog.remedies import remedy_for
from syncadmin.ui.formatting import utc


def error_text(entry: SynchEntry) -> str:
    """A line per fact, moments in UTC; needs ``entry.job``, ``entry.cause`` and ``entry.owner`` at hand."""
    remedy = remedy_for(entry.code)
    facts = {
        "No.": entry.pk,
        "Date/Time": utc(entry.at),
        "First seen": utc(entry.first_seen_at) if entry.first_seen_at else "",
        "Attempts": entry.attempts or "",
        "Owner": entry.owner.get_username() if entry.owner else "",
        "Note": entry.note,
        "Ignored": utc(entry.ignored_at) if entry.ignored_at else "",
        "Resolved": utc(entry.resolved_at) if entry.resolved_at else "",
        "Mapping": f"{entry.job.mapping_name} {entry.job.direction}",
        "Company": entry.job.company,
        "Synch job": entry.job_id,
        "Source": _record(entry.source_label, entry.source_key),
        "Destination": _record(entry.destination_label, entry.destination_key),
        "Code": entry.code,
        "Fields": field_names(entry),
        "Error Message": entry.message,
        "What it means": f"{remedy.title}. {remedy.why}",
    }
    parts = ["\n".join(f"{name}: {value}" for name, value in facts.items() if value)]
    parts += [
        f"{title}:\n{text}" for title, text in (("Answer", entry.detail.get("answer")), ("Call stack", call_stack_of(entry.detail))) if text
    ]
    return "\n\n".join(parts) + "\n"


def field_names(entry: SynchEntry) -> str:
    """What people call the fields that failed: their names where the cause is gone that knows the captions."""
    return (entry.cause.field_labels if entry.cause else "") or ", ".join(entry.fields)


def _record(label: str, key: str) -> str:
    return f"{label} ({key})" if label and key else label or key

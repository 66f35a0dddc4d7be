"""Why a record is synchronized, or is not: the decisions that the engine takes one after the other, with their real values.

Pure: what the steps are told comes from :mod:`mappings.record_facts`; the job queue's part is joblog/why.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.utils.html import format_html

from mappings.models import Coupling, IntegrationTableMapping, UpdateConflictResolution
from mappings.records import FieldRow, RecordPage
from syncadmin.sync.decide import Decision, Kind
from syncadmin.sync.errors import OPTION_MAPPING
from syncadmin.sync.plan import BIDIRECTIONAL
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.formatting import moment


class Standing(StrEnum):
    """``BAD`` keeps the record from being synchronized, ``NOTE`` is worth knowing, and nobody has to mend it."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


class Mend(StrEnum):
    """What mends a step, or where it is mended; joblog/why.py makes buttons and links of them."""

    MAPPING = "mapping"
    FIELDS = "fields"
    CONNECTION = "connection"
    COUPLE = "couple"
    REFERENCE = "reference"
    OPTION = "option"
    RETRY = "retry"
    DECIDE = "decide"
    DELETED = "deleted"
    SYNCHRONIZE = "synchronize"
    SCHEDULE = "schedule"
    READY = "ready"
    WORKERS = "workers"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One decision. ``text`` is for people, and may hold times as markup; ``target`` says what ``mend`` is about, where that needs it."""

    name: str
    standing: Standing
    text: str
    mend: Mend | None = None
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class WayFacts:
    """What is known of one direction. ``conditions`` is the source's filter in words, ``failing`` those of its conditions that the record
    does not meet, ``left_out`` why rules of the table take no notice of it. The next run reads from ``start`` on (None: everything).
    ``labels`` are those of the destination's fields."""

    direction: Direction
    modified_at: datetime | None
    decision: Decision | None
    conditions: str = ""
    failing: tuple[str, ...] = ()
    left_out: str = ""
    start: datetime | None = None
    has_stamps: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Steps under one heading; a direction has a section of its own."""

    title: str
    steps: tuple[Step, ...]


def good(name: str, text: str) -> Step:
    return Step(name=name, standing=Standing.GOOD, text=text)


def note(name: str, text: str) -> Step:
    return Step(name=name, standing=Standing.NOTE, text=text)


def bad(name: str, text: str, mend: Mend | None = None, target: object = "") -> Step:
    return Step(name=name, standing=Standing.BAD, text=text, mend=mend, target=str(target))


def mapping_steps(mapping: IntegrationTableMapping, page: RecordPage | None) -> Iterator[Step]:
    """Whether the mapping takes part, and which way it goes."""
    if mapping.enabled:
        yield good("Mapping", f"{mapping.name} is enabled.")
    else:
        yield bad("Mapping", f"{mapping.name} is switched off: none of its records is synchronized.", Mend.MAPPING)
    if len(mapping.directions) > 1:
        yield good("Direction", "It goes both ways.")
        return
    way = mapping.directions[0]
    text = f"It goes only from {way.source.label} to {way.destination.label}."
    lost = [row.label for row in page.fields if _changed(row, way.destination)] if page else []
    if lost:
        yield bad("Direction", f"{text} What was changed in {way.destination.label} stays there: {', '.join(lost)}.", Mend.MAPPING)
    else:
        yield note("Direction", f"{text} What is changed in {way.destination.label} stays there.")


def record_steps(mapping: IntegrationTableMapping, page: RecordPage) -> Iterator[Step]:
    """Both records, their coupling, and what has happened to it."""
    yield _existence(page)
    coupling = page.coupling
    if coupling is None or coupling.pending:
        yield _uncoupled(mapping, page, coupling)
    else:
        yield good("Coupling", f"Coupled: {coupling.bc_label or coupling.bc_key} and {coupling.sales_label or coupling.sales_key}.")
    if coupling is None:
        return
    if coupling.skipped:
        yield _skipped(coupling)
    elif coupling.failing:
        yield note("Last attempt", format_html("It failed {}: {} Every run tries again.", moment(coupling.failed_at), coupling.last_error))
    elif coupling.last_synch_at:
        yield good("Last attempt", format_html("Synchronized {}.", moment(coupling.last_synch_at)))
    if not coupling.pending and page.missing is None:
        yield _changes(mapping, page)


def way_steps(mapping: IntegrationTableMapping, facts: WayFacts, coupling: Coupling | None) -> Iterator[Step]:
    """Whether this direction reads the record, and what it decides then."""
    yield _filter(facts)
    if facts.left_out:
        yield bad("Rules of the table", facts.left_out)
    if not facts.failing and not facts.left_out:
        yield _reading(facts, coupling) if not mapping.parent_name else _with_parent(mapping)
    if facts.decision is not None:
        yield from _deciding(mapping, facts, facts.decision, coupling)


def _existence(page: RecordPage) -> Step:
    if page.missing is not None:
        text = f"The coupled record was deleted in {page.missing.label}. Restore it, delete this one too, or delete the coupling."
        return bad("Records", text, Mend.DELETED)
    there = [side.label for side, at in ((Side.BUSINESS_CENTRAL, page.bc_modified_at), (Side.SALES, page.sales_modified_at)) if at]
    return good("Records", f"It exists in {' and in '.join(there)}." if there else "It exists.")


def _skipped(coupling: Coupling) -> Step:
    """Who left it out, and why."""
    if coupling.held_by:
        reason = f" Reason: {coupling.held_note}" if coupling.held_note else ""
        words = (coupling.held_by, moment(coupling.hold_changed_at), reason)
        return bad(
            "On hold", format_html("Held by {} ({}): no run touches it until somebody retries it.{}", *words), Mend.RETRY, coupling.pk
        )
    why = "because a record is missing" if coupling.gone else "because the same error happened twice in a row"
    return bad("Skipped", f"Skipped, {why}. {coupling.last_error}".strip(), Mend.RETRY, coupling.pk)


def _uncoupled(mapping: IntegrationTableMapping, page: RecordPage, coupling: Coupling | None) -> Step:
    if coupling is not None:
        text = "Not coupled: its counterpart could not be created yet." if coupling.failing else "Its counterpart is being created."
        return note("Coupling", f"{text} {coupling.last_error}".strip())
    if mapping.synch_only_coupled:
        return bad("Coupling", "It is not coupled, and the mapping synchronizes only coupled records.", Mend.COUPLE)
    if not page.decisions:
        text = "It is not coupled, and the mapping does not go in the direction that would create its counterpart."
        return bad("Coupling", text, Mend.COUPLE)
    return good("Coupling", "It is not coupled yet: a run looks for its counterpart or creates it.")


def _changes(mapping: IntegrationTableMapping, page: RecordPage) -> Step:
    """What differs from what was last synchronized, three ways, and who wins."""
    conflicts = [decision.text for decision in page.decisions.values() if decision.conflicts]
    if conflicts:
        return bad("Changed since then", f"{conflicts[0]} The mapping names no winner.", Mend.DECIDE)
    both = [row.label for row in page.fields if row.mark and all(_changed(row, side) for side in Side)]
    if both:
        policy = UpdateConflictResolution(mapping.update_conflict_resolution).label
        return note("Changed since then", f"Changed on both sides: {', '.join(both)}. The mapping says: {policy}.")
    return good("Changed since then", " ".join(f"{side.label}: {_named(page, side)}." for side in Side))


def _named(page: RecordPage, side: Side) -> str:
    labels = [row.label for row in page.fields if _changed(row, side)]
    return ", ".join(labels) if labels else "nothing"


def _changed(row: FieldRow, side: Side) -> bool:
    """Whether that side changed the field, and the field may go from there."""
    way = Direction.TO_INTEGRATION if side is Side.BUSINESS_CENTRAL else Direction.FROM_INTEGRATION
    return row.direction in (BIDIRECTIONAL, way.value) and (row.bc_changed if side is Side.BUSINESS_CENTRAL else row.sales_changed)


def _filter(facts: WayFacts) -> Step:
    if facts.failing:
        text = f"Outside of the filter of {facts.direction.source.label}. It does not meet: {'; '.join(facts.failing)}."
        return bad("Filter", text, Mend.MAPPING)
    return good("Filter", f"Inside: {facts.conditions}." if facts.conditions else "The mapping has no filter here.")


def _reading(facts: WayFacts, coupling: Coupling | None) -> Step:
    """Whether the next run comes to the record at all."""
    if coupling is not None and not coupling.skipped and _comes_back(facts.direction, coupling):
        return good("Read by the next run", "Yes, changed or not: its last attempt has something left to do.")
    if not facts.has_stamps or facts.modified_at is None:
        return good("Read by the next run", "Yes: the table tells no time of change, so it is read whole.")
    if facts.start is None:
        return good("Read by the next run", "Yes: it reads all records, because the mapping has not been read so far.")
    stamps = (moment(facts.modified_at), moment(facts.start))
    if facts.modified_at >= facts.start:
        return good("Read by the next run", format_html("Yes: modified {}, and it reads what was modified since {}.", *stamps))
    if not _writes(facts.decision):
        return note("Read by the next run", format_html("No: modified {}, and it reads what was modified since {}.", *stamps))
    text = "No: modified {}, and it reads only what was modified since {}. A changed filter, field mapping or coupling does not reach it."
    return bad("Read by the next run", format_html(text, *stamps), Mend.SYNCHRONIZE, facts.direction.value)


def _with_parent(mapping: IntegrationTableMapping) -> Step:
    text = f"Together with its record of {mapping.parent_name}: runs of that bring what has not arrived, or failed before."
    return note("Read by the next run", text)


def _comes_back(direction: Direction, coupling: Coupling) -> bool:
    result = coupling.to_result if direction is Direction.TO_INTEGRATION else coupling.from_result
    return result == "Failure" or coupling.pending == direction.value


def _writes(decision: Decision | None) -> bool:
    return decision is not None and (bool(decision.values) or decision.kind in (Kind.INSERT, Kind.FAIL))


def _deciding(mapping: IntegrationTableMapping, facts: WayFacts, decision: Decision, coupling: Coupling | None) -> Iterator[Step]:
    for name, value in decision.missing:
        option = name.startswith(OPTION_MAPPING)
        text = f"{value} has no pair in {name}." if option else f"{value} is not coupled in {name}."
        yield bad("References", text, Mend.OPTION if option else Mend.REFERENCE, f"{name.removeprefix(OPTION_MAPPING)}={value}")
    if not decision.missing and decision.kind is not Kind.FAIL:
        yield good("References", "Everything that it refers to can be found.")
    if decision.kind is Kind.FAIL and not decision.missing and not decision.conflicts:
        yield bad("Values", decision.text, Mend.FIELDS)
    uncoupled = coupling is None or bool(coupling.pending)
    if decision.kind is not Kind.INSERT or not (mapping.synch_only_coupled and uncoupled):
        yield from _outcome(facts, decision)


def _outcome(facts: WayFacts, decision: Decision) -> Iterator[Step]:
    """What the engine would do with it now, if it comes to it."""
    names = ", ".join(facts.labels.get(change.field) or change.field for change in decision.changes)
    hindered = bool(facts.failing or facts.left_out)
    told = note if hindered else good
    if decision.kind is Kind.INSERT:
        with_template = f" with the template {decision.template}" if decision.template else ""
        yield told("Then", f"A new record {'would be' if hindered else 'is'} created{with_template}: {names}.")
    elif decision.values:
        yield told("Then", f"{'It would write' if hindered else 'Written'}: {names}.")
    elif decision.conflicts:
        yield note("Then", "Nothing is written before somebody has decided.")
    elif decision.kind is not Kind.FAIL:
        yield note("Then", "Nothing to write: both records agree.")


def verdict(sections: Sequence[Section]) -> tuple[Standing, str]:
    """The answer in a sentence."""
    steps = [step for section in sections for step in section.steps]
    wrong = list(dict.fromkeys(step.name for step in steps if step.standing is Standing.BAD))
    if wrong:
        return Standing.BAD, f"{len(wrong)} thing{'s stand' if len(wrong) > 1 else ' stands'} in the way: {', '.join(wrong)}."
    if any(step.name == "Then" and step.standing is Standing.GOOD for step in steps):
        return Standing.GOOD, "Nothing stands in the way: the next run synchronizes it."
    return Standing.GOOD, "Nothing stands in the way, and there is nothing to do."

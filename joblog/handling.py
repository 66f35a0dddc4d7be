"""What people may do about errors beside mending them, as dialogs ask for it (joblog/issue_states.py does it)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from joblog.models import SynchEntry


class Do(StrEnum):
    ASSIGN = "assign"
    NOTE = "note"
    HOLD = "hold"
    IGNORE = "ignore"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Handling:
    """A button and its dialog: ``says`` tells what happens; ``text`` labels what is written down, ``required`` or not; ``person`` asks for
    whom."""

    do: Do
    label: str
    title: str
    says: str
    text: str = ""
    required: bool = False
    person: bool = False


ASSIGN = Handling(
    Do.ASSIGN,
    "Assign",
    "Assign errors",
    "The person is shown as their owner until the record is synchronized, also when it fails again, whatever for.",
    person=True,
)
NOTE = Handling(
    Do.NOTE,
    "Note",
    "Write a note",
    "It is shown with the errors until the record is synchronized, and kept in their history.",
    "Note",
    required=True,
)
HOLD = Handling(
    Do.HOLD,
    "Hold",
    "Hold records",
    "No run touches these records any more, in either direction, until somebody retries them; they are listed with the Coupled Data "
    "Synchronization Errors meanwhile. Records that are not coupled cannot be held. The errors stay open.",
    "Note, if you like",
)
IGNORE = Handling(
    Do.IGNORE,
    "Ignore",
    "Ignore errors",
    "They leave the open errors and all their numbers, and wait under Ignored. Runs go on trying their records: one that is synchronized "
    "is resolved, one that fails for another reason comes back by itself.",
    "Reason",
    required=True,
)
REOPEN = Handling(Do.REOPEN, "Reopen", "Reopen errors", "They are among the open errors again, with their owners and notes.")
_OF_STATES = {"open": (ASSIGN, NOTE, HOLD, IGNORE), "ignored": (ASSIGN, NOTE, HOLD, REOPEN)}


def handlings_of(state: str) -> tuple[Handling, ...]:
    """What may be done about errors of this state."""
    return _OF_STATES.get(state, ())


def state_of(entry: SynchEntry) -> str:
    """The tab of the list of errors on which an entry is found; "" for an attempt that another one followed."""
    if not entry.issue:
        return ""
    return "resolved" if entry.resolved_at else "ignored" if entry.ignored_at else "open"

"""One family of errors, sorted by what happens to the run (architecture.md section 5)."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

OPTION_MAPPING = "option mapping "  # no mapping has a name with small letters


class SyncError(Exception):
    """What a person may read: ``text`` says what happened, why, and what to do; ``code`` is short and stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class RecordError(SyncError):
    """One record cannot be transferred or written. The run counts it as Failed and goes on.

    ``fields`` are the property names concerned, as the destination (or, for a value that could not be read, the source) calls them;
    ``missing`` is the reference that is not coupled yet: its mapping, and what the source calls it; for a value without a pair
    :data:`OPTION_MAPPING` and the name of the option mapping stand in place of the mapping.
    """

    def __init__(self, code: str, text: str, *, fields: Sequence[str] = (), missing: tuple[str, str] | None = None) -> None:
        super().__init__(code, text)
        self.fields = tuple(fields)
        self.missing = missing


class RetryLater(SyncError):
    """A system is busy or out of reach after the connector's own retries. The run pauses and goes on later; no attempt is used up."""

    def __init__(self, text: str, *, seconds: float, code: str = "retry-later") -> None:
        super().__init__(code, text)
        self.seconds = seconds


class RunError(SyncError):
    """The run cannot go on until a person changes something: refused sign-in, unknown table, filter that the system refuses."""


class ClaimLost(SyncError):
    """Another worker has taken the job over, or a person stopped it: this worker writes nothing more."""

    def __init__(self) -> None:
        super().__init__("claim-lost", "Another worker has taken over this job.")


def call_stack(error: BaseException) -> str:
    """Where an error was raised, and what led to it, as text; "" for one that was made and never raised.

    Without what the errors say: that stands beside it, and the same place gives the same text for every record.
    """
    if error.__traceback__ is None:
        return ""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    cause = call_stack(before) if before else ""
    own = "".join(["Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__), type(error).__name__])
    return f"{cause}\n\nwhich led to:\n\n{own}" if cause else own

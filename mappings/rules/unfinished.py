"""How it is told that a record was created, and what had to follow was not done (engine.md section 6, INSERT path)."""

from __future__ import annotations

from dataclasses import replace

from syncadmin.sync.records import Action, Direction, WriteResult
from syncadmin.sync.touched import Touched


def failed_after(touched: Touched, direction: Direction, answer: WriteResult, what: str) -> Touched:
    """The record is there and coupled, and what had to follow it was not done; ``what`` says what that was."""
    code, reason = answer.code or answer.outcome.value, answer.text or "it was changed or deleted meanwhile."
    text = f"The record was created, but {what}: {reason}"
    coupling = touched.coupling
    if coupling is not None:
        coupling = coupling.failed(direction, job_id=coupling.attempt(direction).job_id, error=code, message=text, passing=True)
    return replace(touched, action=Action.FAILED, code=code, text=text, coupling=coupling)

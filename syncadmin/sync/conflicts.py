"""Fields that both sides changed to different values, in words for people (engine.md A1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncadmin.sync.records import Value
from syncadmin.sync.values import display


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field that both sides changed to different values: baseline and both values, each in its own side's terms.

    ``compared`` is false for a field that was never synchronized and has no baseline.
    """

    field: str
    integration_field: str
    label: str
    baseline_bc: Value
    baseline_sales: Value
    bc: Value
    sales: Value
    compared: bool = True

    def to_json(self) -> dict[str, str]:
        names = ("field", "integration_field", "label")
        values = {name: display(getattr(self, name)) for name in ("baseline_bc", "baseline_sales", "bc", "sales")}
        return {name: getattr(self, name) for name in names} | values


def conflict_text(conflicts: Sequence[Conflict]) -> str:
    told = "; ".join(
        f"{one.label}: {_was(one)}{_quoted(one.bc)} in Business Central and {_quoted(one.sales)} in Dynamics 365 Sales" for one in conflicts
    )
    changed = any(one.compared for one in conflicts)
    why = "Both sides changed since the last synchronization." if changed else "Both sides differ, and were never synchronized."
    return f"{why} {told}. Decide which value stays."


def _was(conflict: Conflict) -> str:
    return f"was {_quoted(conflict.baseline_bc)}, is now " if conflict.compared else ""


def _quoted(value: Value) -> str:
    return f"“{display(value)}”" if value is not None else "blank"

"""How long the log is kept, in the exported configuration (commands.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joblog.models import Kept, RetentionRule
from joblog.retention import MOST_DAYS, days_kept
from mappings.exchange import Import


def retention_to_json() -> list[dict[str, Any]]:
    """The days of every kind, chosen or not; ``days`` null keeps for ever."""
    return [{"kept": kept.value, "days": days} for kept, days in days_kept().items()]


@dataclass
class RetentionImport:
    """Reads the rules of a file into the import of the rest; kinds that the file leaves out stay as they are."""

    whole: Import

    def read(self, data: Mapping[str, Any]) -> None:
        present, seen = days_kept(), set()
        for plain in self.whole.rows(data, "log_retention"):
            what = f"log retention {plain.get('kept', '?')}"
            self.whole.known(what, plain, ("kept", "days"))
            kept = self._kept(what, plain)
            if kept is None or not self._may_be(what, plain):
                continue
            if kept in seen:
                self.whole.errors.append(f"{what}: it stands there twice.")
            seen.add(kept)
            if present[kept] != plain["days"]:
                step = f"{what}: {_words(present[kept])} becomes {_words(plain['days'])}"
                self.whole.plan(step, lambda kept=kept, days=plain["days"]: _save(kept, days))  # type: ignore[misc]

    def _kept(self, what: str, plain: Mapping[str, Any]) -> Kept | None:
        try:
            return Kept(str(plain.get("kept")))
        except ValueError:
            self.whole.errors.append(f"{what}: kept: one of {', '.join(Kept)} was expected.")
            return None

    def _may_be(self, what: str, plain: Mapping[str, Any]) -> bool:
        days = plain.get("days", 0)
        if days is None or (type(days) is int and 1 <= days <= MOST_DAYS):
            return True
        self.whole.errors.append(f"{what}: days: a number from 1 to {MOST_DAYS}, or null for ever, was expected.")
        return False


def _words(days: int | None) -> str:
    return "for ever" if days is None else f"{days} days"


def _save(kept: Kept, days: int | None) -> None:
    RetentionRule.objects.update_or_create(kept=kept, defaults={"days": days})

"""The thresholds of the role center's cues in the exported configuration (commands.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joblog.cues import KINDS, MOST_THRESHOLD
from joblog.models import CueThreshold
from mappings.exchange import Import

_NUMBERS = ("warn_from", "bad_from")
_COLOURS = {"warn_from": "yellow", "bad_from": "red"}


def thresholds_to_json() -> list[dict[str, Any]]:
    """Both numbers of every cue, chosen or not; null means that it never has that colour."""
    own = {row.name: row for row in CueThreshold.objects.all()}
    return [{"name": kind.name} | {number: getattr(own.get(kind.name, kind), number) for number in _NUMBERS} for kind in KINDS]


@dataclass
class ThresholdImport:
    """Reads the thresholds of a file into the import of the rest; cues and numbers that the file leaves out stay as they are."""

    whole: Import

    def read(self, data: Mapping[str, Any]) -> None:
        present, seen = {row["name"]: row for row in thresholds_to_json()}, set()
        for plain in self.whole.rows(data, "cue_thresholds"):
            what = f"cue {plain.get('name', '?')}"
            values = self.whole.known(what, plain, _NUMBERS, also=("name",))
            before = present.get(str(plain.get("name")))
            if before is None:
                self.whole.errors.append(f"{what}: there is no such cue. Cues are {', '.join(present)}.")
                continue
            if before["name"] in seen:
                self.whole.errors.append(f"{what}: it stands there twice.")
            seen.add(before["name"])
            after = before | values
            changed = [number for number in _NUMBERS if before[number] != after[number]]
            if self._may_be(what, after) and changed:
                told = ", ".join(f"{_COLOURS[number]} from {after[number] or 'never'}" for number in changed)
                self.whole.plan(f"{what}: {told}", lambda after=after: _save(after))  # type: ignore[misc]

    def _may_be(self, what: str, after: Mapping[str, Any]) -> bool:
        before = len(self.whole.errors)
        for number in _NUMBERS:
            if after[number] is not None and not (type(after[number]) is int and 1 <= after[number] <= MOST_THRESHOLD):
                self.whole.errors.append(f"{what}: {number}: a number from 1 to {MOST_THRESHOLD}, or null for never, was expected.")
        if (
            len(self.whole.errors) == before
            and None not in (after["warn_from"], after["bad_from"])
            and after["bad_from"] <= after["warn_from"]
        ):
            self.whole.errors.append(f"{what}: bad_from: red begins above yellow.")
        return len(self.whole.errors) == before


def _save(after: Mapping[str, Any]) -> None:
    CueThreshold.objects.update_or_create(name=after["name"], defaults={number: after[number] for number in _NUMBERS})

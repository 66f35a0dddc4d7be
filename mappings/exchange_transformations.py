"""Transformation rules in the exported configuration (commands.md section 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mappings.models import TransformationRule

if TYPE_CHECKING:
    from mappings.exchange import Import

_RULE = ("code", "description", "type", "parameters")


def transformations_to_json() -> list[dict[str, Any]]:
    """All rules; the next one by its code."""
    return [transformation_to_json(row) for row in TransformationRule.objects.select_related("next_rule")]


def transformation_to_json(row: TransformationRule) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _RULE} | {"next_rule": row.next_rule.code if row.next_rule else ""}


def circle(following: Mapping[str, str], code: str) -> list[str]:
    """The codes from this rule back to one of them, where following the next rules leads into a circle; [] where it ends."""
    seen: list[str] = []
    while code:
        if code in seen:
            return [*seen, code]
        seen.append(code)
        code = following.get(code, "")
    return []


@dataclass
class TransformationImport:
    """Reads the rules of a file into the import of the rest, so that all is checked before anything is changed."""

    whole: Import

    def read(self, data: Mapping[str, Any]) -> None:
        plain = {str(one.get("code")): one for one in self.whole.rows(data, "transformation_rules")}
        rows = {row.code: row for row in TransformationRule.objects.select_related("next_rule")}
        following = {code: row.next_rule.code if row.next_rule else "" for code, row in rows.items()}
        following |= {code: str(one.get("next_rule") or "") for code, one in plain.items() if "next_rule" in one or code not in rows}
        for code in _last_first(plain, following):
            self._rule(plain[code], rows.get(code), following)

    def _rule(self, plain: Mapping[str, Any], row: TransformationRule | None, following: Mapping[str, str]) -> None:
        code = str(plain.get("code"))
        what = f"transformation rule {code}"
        before = transformation_to_json(row) if row else {}
        values = self.whole.known(what, plain, _RULE, also=("next_rule",))
        row = row or TransformationRule()
        for name, value in values.items():
            setattr(row, name, value)
        if following[code] and following[code] not in following:
            self.whole.errors.append(f"{what}: next_rule: there is no transformation rule {following[code]}.")
        elif round_trip := circle(following, code):
            self.whole.errors.append(f"{what}: next_rule: {' → '.join(round_trip)} run in a circle.")
        elif self.whole.checked(what, row, exclude=["next_rule"]):
            after = transformation_to_json(row) | {"next_rule": following[code]}
            changed = [name for name, value in after.items() if before.get(name) != value]
            if changed:
                told = f"change {', '.join(changed)}" if row.pk else "new"
                self.whole.plan(f"{what}: {told}", lambda: _save(row, following[code]))


def _save(row: TransformationRule, following: str) -> None:
    row.next_rule = TransformationRule.objects.get(code=following) if following else None
    row.save()
    row.looked_up.all().delete()


def _last_first(codes: Iterable[str], following: Mapping[str, str]) -> list[str]:
    """The rules that end a chain first, so that every rule finds its next one saved."""
    return sorted(codes, key=lambda code: len(_chain(following, code)))


def _chain(following: Mapping[str, str], code: str) -> list[str]:
    found: list[str] = []
    while code and code not in found:
        found.append(code)
        code = following.get(code, "")
    return found

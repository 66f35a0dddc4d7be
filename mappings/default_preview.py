"""What Use Default Synchronization Set-up would change, shown before it does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mappings.captions import captions_of
from mappings.changes import fingerprint
from mappings.default_setup import DefaultMapping, default_mappings, wanted_tables
from mappings.differences import Line, differing_lines
from mappings.exchange import mapping_to_json, whole_mapping
from mappings.models import FieldStatus, IntegrationTableMapping, System
from mappings.systems import ask_tables
from syncadmin.sync.records import Side

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class DefaultDifference:
    """One default mapping: ``before`` and ``after`` as exported, ``before`` None for a new one, ``after`` None for one left out."""

    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    left_out: str = ""
    disabled: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        return self.before is None and self.after is not None

    @property
    def changes(self) -> bool:
        """Whether setting it up would change anything."""
        return self.after is not None and self.before != self.after

    @property
    def seen(self) -> str:
        """Another text whenever before or after are others."""
        return fingerprint([self.before, self.after])


def preview_default_setup(business_central: System, sales: System, *, names: Collection[str] | None = None) -> list[DefaultDifference]:
    """Asks both systems what they have, and compares; changes nothing. ``names`` are the mappings to look at, None: all.

    Raises RunError and RetryLater of the connectors.
    """
    wanted = wanted_tables()
    tables = {
        Side.BUSINESS_CENTRAL: ask_tables(business_central, wanted[Side.BUSINESS_CENTRAL]),
        Side.SALES: ask_tables(sales, wanted[Side.SALES]),
    }
    rows = IntegrationTableMapping.objects.filter(business_central=business_central).select_related("business_central", "sales")
    present = {row.name: mapping_to_json(row) for row in rows.prefetch_related("field_mappings", "templates")}
    found = default_mappings(business_central, sales, tables, names=names)
    return [_difference(one, present.get(one.name)) for one in found]


def _difference(one: DefaultMapping, before: dict[str, Any] | None) -> DefaultDifference:
    if one.row is None:
        return DefaultDifference(name=one.name, before=before, after=None, left_out=one.left_out)
    after = whole_mapping(one.row, one.fields, one.templates)
    old, new = _by_pair(before), _by_pair(after)
    return DefaultDifference(
        name=one.name,
        before=before,
        after=after,
        disabled=tuple(f"{field}: {field.status_reason}" for field in one.fields if field.status == FieldStatus.DISABLED),
        lines=tuple(differing_lines(before, after, captions_of("mapping"))) if before else (),
        added=tuple(_told(pair) for pair in new if pair not in old),
        changed=tuple(_told(pair) for pair in new if pair in old and old[pair] != new[pair]),
        removed=tuple(_told(pair) for pair in old if pair not in new),
    )


def _by_pair(plain: dict[str, Any] | None) -> dict[Pair, list[dict[str, Any]]]:
    found: dict[Pair, list[dict[str, Any]]] = {}
    for row in plain["fields"] if plain else ():
        found.setdefault((row["field"], row["integration_field"]), []).append(row)
    return found


def _told(pair: Pair) -> str:
    return f"{pair[0] or 'constant'} / {pair[1] or 'constant'}"

"""Units of measure as products and prices name them in Sales: a unit group with one base unit (rule units; engine.md section 19)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mappings.couplings import couplings_of
from mappings.models import IntegrationTableMapping
from mappings.rules.related import related_table
from mappings.rules.table_rules import texts
from syncadmin.sync.errors import RecordError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side

_UNITS = "UNIT OF MEASURE"
_ADVICE = f"Synchronize the mapping {_UNITS} or correct the unit group, then retry."


@dataclass(frozen=True)
class BaseUnit:
    """Keys of a unit group and of its base unit."""

    group: str
    unit: str


@dataclass
class UnitGroups:
    """Unit groups of Sales by the unit code of Business Central: group ``'NAV ' + code`` with the unit ``code``, each asked for once."""

    mapping: IntegrationTableMapping
    sales: Connector
    _groups: dict[str, list[Record]] = field(default_factory=dict)
    _units: dict[str, list[Record]] = field(default_factory=dict)
    _previewed: dict[str, str] = field(default_factory=dict)  # groups that a preview would create

    def load(self, codes: Iterable[str]) -> None:
        """Asks for the codes that are not known yet, in two requests."""
        new = [code for code in texts(codes) if code not in self._groups]
        if not new:
            return
        table = related_table(self.mapping, Side.SALES, "uomschedules")
        found = _by(self.sales.find_records(table, "name", [f"NAV {code}" for code in new], ["name", "statecode"]), "name")
        self._groups.update({code: found.get(f"NAV {code}".casefold(), []) for code in new})
        if self.mapping.previewed:
            self._previewed.update(couplings_of(self.mapping).sales_keys(_UNITS, new, by="bc_number"))
        keys = [group.key for code in new for group in self._groups[code]]
        if keys:
            wanted = ["uomscheduleid", "name", "quantity", "isschedulebaseuom"]
            units = self.sales.find_records(related_table(self.mapping, Side.SALES, "uoms"), "uomscheduleid", keys, wanted)
            self._units.update(_by(units, "uomscheduleid"))

    def base_unit(self, code: str) -> BaseUnit:
        """The base unit of a loaded code; raises RecordError with what is wrong with its group."""
        groups = self._groups.get(code, [])
        if not groups and code in self._previewed:
            return BaseUnit(self._previewed[code], self._previewed[code])
        if len(groups) != 1:
            wrong = "does not exist" if not groups else f"exists {len(groups)} times"
            raise _wrong(code, "unit-group-missing" if not groups else "unit-group-twice", wrong)
        if groups[0].values.get("statecode"):
            raise _wrong(code, "unit-group-inactive", "is inactive")
        units = self._units.get(groups[0].key.casefold(), [])
        if len(units) != 1:
            raise _wrong(code, "unit-group-units", f"has {len(units)} units instead of one")
        _check(code, units[0].values)
        return BaseUnit(groups[0].key, units[0].key)


def _check(code: str, unit: Mapping[str, object]) -> None:
    if str(unit.get("name") or "").casefold() != code.casefold():
        raise _wrong(code, "unit-name", f"has the unit {unit.get('name')} instead of {code}")
    if not unit.get("isschedulebaseuom"):
        raise _wrong(code, "unit-not-base", f"has the unit {code}, which is not its base unit")
    if Decimal(str(unit.get("quantity") or 0)) != 1:
        raise _wrong(code, "unit-quantity", f"has the unit {code} with quantity {unit.get('quantity')} instead of 1")


def _wrong(code: str, error: str, what: str) -> RecordError:
    return RecordError(error, f"The unit group NAV {code} {what} in Dynamics 365 Sales. {_ADVICE}", fields=["defaultuomscheduleid"])


def _by(records: Iterable[Record], name: str) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[str(record.values.get(name) or "").casefold()].append(record)
    return found

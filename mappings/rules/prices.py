"""Sales prices of customer price groups become rows of price lists (engine.md section 19; special rules of SALESPRC-PRODPRICE)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

from mappings.couplings import couplings_of
from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.references import sibling
from mappings.rules.sales_prices import GROUP, ITEM, SalesPrices, text
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, texts, with_values
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Action, Direction, Record, Side
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched

_ROW = ("pricelevelid", "productid", "uomid")
_AT_ONCE = 500
_NOT_COUPLED = "not-coupled"


class PriceRules(MappingRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.BUSINESS_CENTRAL: (GROUP, ITEM)}

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        sales = tables[Side.SALES].fields
        group, unit = computed("group", FieldType.GUID, "Unit Group"), computed("unit", FieldType.GUID, "Unit of Measure")
        return [
            *super().field_rules(mapping, tables),
            FieldRule(bc=group, sales=sales["uomscheduleid"], direction=TO),
            FieldRule(bc=unit, sales=sales["uomid"], direction=TO),
        ]

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        """Of prices that meet in one row of Sales the leading one takes part; one that led before gives the row up."""
        if direction is Direction.FROM_INTEGRATION or not records:
            return records
        groups = self._taking_part(texts(text(one, GROUP) for one in records))
        self.prices.load(groups)
        leading = {row.key for code in groups for row in self.prices.leading(code)}
        if self.may_write:
            self._give_up([row.key for code in groups for row in self.prices.of_group(code) if row.key not in leading])
        return [one for one in records if one.key in leading]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        if direction is Direction.FROM_INTEGRATION:
            return records
        self.prices.load(text(one, GROUP) for one in records)
        return [self._prepared(one) for one in records]

    def find_uncoupled(self, direction: Direction, records: Sequence[Record]) -> dict[str, str]:
        """The row of the same price list, product and unit, where all three are known."""
        if direction is Direction.FROM_INTEGRATION:
            return {}
        places = self._places(records)
        if not places:
            return {}
        table, products = self.plan.table(Side.SALES), list(dict.fromkeys(product for _, product, _ in places.values()))
        found = self.connectors[Side.SALES].find_records(table, "productid", products, _ROW)
        rows = {tuple(str(row.values.get(name)) for name in _ROW): row.key for row in found}
        return {key: rows[place] for key, place in places.items() if place in rows}

    def after_page(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:  # noqa: ARG002
        """A price is a child row of its group: while it waits for group or item it is never skipped (rule child-coupling)."""
        return [_waiting(item) if item.code == _NOT_COUPLED else item for item in touched]

    @cached_property
    def prices(self) -> SalesPrices:
        return SalesPrices(self.mapping, self.connectors)

    def _taking_part(self, groups: Sequence[str]) -> list[str]:
        """Without the groups that nobody has coupled, where their mapping synchronizes only coupled ones."""
        name = self._lookups.get("pricelevelid", "")
        parent = sibling(self.mapping, name)
        if parent is None or not parent.synch_only_coupled:
            return list(groups)
        known = couplings_of(self.mapping).references(Direction.TO_INTEGRATION, {(name, code) for code in groups}) if groups else {}
        return [code for code in groups if (name, code) in known]

    @property
    def _lookups(self) -> dict[str, str]:
        """Mappings of the references, by their field in Sales."""
        return {rule.sales.name: rule.lookup for rule in self.plan.rules if rule.sales and rule.lookup}

    def _prepared(self, record: Record) -> Record:
        try:
            base = self.prices.base_unit(record)
        except RecordError as error:
            return replace(record, problem=error)
        return with_values(record, group=base.group, unit=base.unit)

    def _give_up(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _AT_ONCE):
            Coupling.objects.filter(mapping=self.mapping, bc_key__in=keys[start : start + _AT_ONCE]).delete()

    def _places(self, records: Sequence[Record]) -> dict[str, tuple[str, ...]]:
        """Price list, product and unit in Sales by the key of the price."""
        lists, products = self._lookups.get("pricelevelid", ""), self._lookups.get("productid", "")
        wanted = {(lists, text(one, GROUP)) for one in records} | {(products, text(one, ITEM)) for one in records}
        known = couplings_of(self.mapping).references(Direction.TO_INTEGRATION, wanted)
        places = {
            one.key: (known.get((lists, text(one, GROUP)), ""), known.get((products, text(one, ITEM)), ""), one.values["=unit"])
            for one in records
            if one.problem is None
        }
        return {key: place for key, place in places.items() if all(place)}


def _waiting(item: Touched) -> Touched:
    """Failed, never skipped: the next run looks again."""
    coupling = replace(item.coupling, skipped=False) if item.coupling else None
    return replace(item, action=Action.FAILED, coupling=coupling)

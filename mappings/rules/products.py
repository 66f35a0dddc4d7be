"""Items and resources become products (engine.md section 19; special rules of ITEM-PRODUCT and RESOURCE-PRODUCT).

A stock movement does not change the stamp of the item, and no page lists movements: the quantity on hand follows with the next change of
the item or a full run (default-setup.md, doubt 9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from mappings.couplings import couplings_of
from mappings.models import IntegrationTableMapping
from mappings.rules.price_lists import PriceLists
from mappings.rules.price_rows import Price, PriceRows
from mappings.rules.references import is_write_in
from mappings.rules.related import related_table
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, refused, texts, with_values
from mappings.rules.units import UnitGroups
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Action, Direction, Outcome, Record, Side, WriteResult
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched
from syncadmin.sync.values import rounded

# Blocked and statecode, whose statuscode follows: only active products are not blocked, and blocked ones become retired.
_STATES = (("False", 0), ("True", 2), ("True", 3), ("True", 1))
_NOT_NEGATIVE = ("price", "quantityonhand")
_GOOD = {Action.INSERTED, Action.MODIFIED, Action.UNCHANGED, Action.COUPLED}
_UNIT, _VENDOR = "baseUnitOfMeasureCode", "vendorNumber"


class ProductRules(MappingRules):
    """What items and resources share; ``product_type`` tells their products apart."""

    product_type: ClassVar[int]
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {
        Side.BUSINESS_CENTRAL: ("number", _UNIT, _VENDOR, "unitPrice"),
    }

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        sales = tables[Side.SALES].fields
        local = mapping.business_central.local_currency
        currency = computed("currency", FieldType.CODE, "Currency Code")
        rules = [
            *super().field_rules(mapping, tables),
            FieldRule(bc=None, sales=sales["producttypecode"], direction=TO, constant=str(cls.product_type)),
            FieldRule(bc=None, sales=sales["quantitydecimal"], direction=TO, constant="2", insert_only=True),
            FieldRule(bc=currency, sales=sales["transactioncurrencyid"], direction=TO, lookup="CURRENCY", local_currency=local),
        ]
        for name, kind, label, target in _COMPUTED:
            field = computed(name, kind, label)
            rules.append(FieldRule(bc=field, sales=sales[target], direction=TO, insert_only=name == "price_list", not_null=True))
        return [*rules, FieldRule(bc=tables[Side.BUSINESS_CENTRAL].fields["blocked"], sales=sales["statecode"], options=_STATES)]

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        """The write-in product stands for whatever is written on a line and never becomes a product (rule write-in)."""
        if direction is Direction.FROM_INTEGRATION:
            return records
        return [record for record in records if not is_write_in(self.mapping, record.values.get("number"))]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        if direction is Direction.FROM_INTEGRATION or not records:
            return records
        self.units.load(_text(one, _UNIT) for one in records)
        self.price_lists.look_up()
        self._load_vendors(records)
        prepared = [self._prepared(self._without_negatives(one)) for one in records]
        self.page = {one.key: one for one in prepared}
        return prepared

    def before_write(self, direction: Direction, keys: Sequence[str]) -> None:  # noqa: ARG002
        if direction is Direction.TO_INTEGRATION:
            self.price_lists.create_missing()

    def after_page(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        """Every product of the page that is there has its row in the default price list, also one that an earlier run left without."""
        page, self.page = self.page, {}
        if direction is Direction.FROM_INTEGRATION or not page:
            return touched
        states = couplings_of(self.mapping).for_records(Side.BUSINESS_CENTRAL, list(page))
        products = {key: str(state.sales.key) for key, state in states.items() if state.sales.key and not state.pending}
        products |= {item.source_key: item.destination_key for item in touched if item.destination_key}
        bad = {item.source_key for item in touched if item.action not in _GOOD}
        wanted = [key for key in products if key in page and key not in bad and page[key].problem is None]
        price_list = self.price_lists.key_of()
        if not wanted or price_list is None:
            return touched
        self.price_lists.create_missing()
        prices = [self._price(page[key], products[key]) for key in wanted]
        refusals = PriceRows(self.mapping, self.connectors[Side.SALES]).set_prices(price_list, prices)
        failed = {key: refusals[products[key]] for key in wanted if products[key] in refusals}
        return [
            _without_price(item, failed[item.source_key], item.coupling or states.get(item.source_key))
            if item.source_key in failed
            else item
            for item in touched
        ]

    @cached_property
    def page(self) -> dict[str, Record]:
        """The records of the page under way."""
        return {}

    @cached_property
    def units(self) -> UnitGroups:
        return UnitGroups(self.mapping, self.connectors[Side.SALES])

    @cached_property
    def price_lists(self) -> PriceLists:
        return PriceLists(self.mapping, self.connectors[Side.SALES], self.plan.local_currency_key)

    @cached_property
    def vendors(self) -> dict[str, str]:
        """Names of vendors by number, "" for those that do not exist."""
        return {}

    def _load_vendors(self, records: Sequence[Record]) -> None:
        new = [number for number in texts(_text(one, _VENDOR) for one in records) if number not in self.vendors]
        if new:
            table = related_table(self.mapping, Side.BUSINESS_CENTRAL, "vendors")
            found = self.connectors[Side.BUSINESS_CENTRAL].find_records(table, "number", new, ["number", "displayName"])
            names = {_text(row, "number"): _text(row, "displayName") for row in found}
            self.vendors.update({number: names.get(number, "") for number in new})

    def _without_negatives(self, record: Record) -> Record:
        names = {rule.bc.name for rule in self.plan.rules if rule.bc and rule.sales and rule.sales.name in _NOT_NEGATIVE}
        negative = {name: 0 for name in names if Decimal(str(record.values.get(name) or 0)) < 0}
        return replace(record, values={**record.values, **negative}) if negative else record

    def _prepared(self, record: Record) -> Record:
        code = _text(record, _UNIT)
        if not code:
            return refused(
                record, "unit-blank", "The Base Unit of Measure must have a value. Enter one in Business Central, then retry.", _UNIT
            )
        try:
            base = self.units.base_unit(code)
        except RecordError as error:
            return replace(record, problem=error)
        return with_values(
            record,
            unit=base.unit,
            group=base.group,
            price_list=self.price_lists.key_of(),
            vendor_name=self.vendors.get(_text(record, _VENDOR)) or None,
        )

    def _price(self, record: Record, product: str) -> Price:
        scale = self.plan.table(Side.SALES).fields["price"].scale
        amount = max(Decimal(str(record.values.get("unitPrice") or 0)), Decimal(0))
        return Price(product, record.values["=group"], record.values["=unit"], rounded(amount, scale))


class ItemRules(ProductRules):
    product_type = 1  # Sales Inventory


class ResourceRules(ProductRules):
    product_type = 3  # Services


_COMPUTED = (
    ("group", FieldType.GUID, "Unit Group", "defaultuomscheduleid"),
    ("unit", FieldType.GUID, "Base Unit", "defaultuomid"),
    ("price_list", FieldType.GUID, "Default Price List", "pricelevelid"),
    ("vendor_name", FieldType.TEXT, "Vendor Name", "vendorname"),
)


def _text(record: Record, name: str) -> str:
    return str(record.values.get(name) or "").strip()


def _without_price(item: Touched, answer: WriteResult, coupling: Any) -> Touched:
    text = answer.text or "It did not answer, or the row was changed meanwhile."
    told = f"The product has no right price in the default price list. Dynamics 365 Sales said: {text}"
    passing = answer.passing or answer.outcome is not Outcome.REFUSED
    state = coupling.failed(Direction.TO_INTEGRATION, job_id=coupling.to_sales.job_id, error="default-price", message=told, passing=passing)
    return replace(item, action=Action.FAILED, code="default-price", text=told, coupling=state)

"""Posted sales invoices become invoices of Sales (default_setup.json POSTEDSALESINV-INV, engine.md section 19)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from mappings.models import Coupling, IntegrationTableMapping
from mappings.ownership import by_person
from mappings.rules.invoice_goods import Goods
from mappings.rules.invoice_needs import Needs
from mappings.rules.invoice_status import SOURCE_FIELDS
from mappings.rules.owners import team_reference
from mappings.rules.price_lists import PriceLists
from mappings.rules.references import amount, coupled_keys, sibling
from mappings.rules.related import related_table
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, refused, texts, with_values
from syncadmin.sync.criteria import Criterion
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Action, Direction, Record, Side
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference, References

LINES = "POSTEDSALESLINE-INV"
LINE_FIELDS = (
    "documentId", "sequence", "lineType", "lineObjectNumber", "itemId", "description", "quantity", "unitPrice", "discountAmount",
    "amountIncludingTax", "invoiceDiscountAllocation", "netAmount", "netAmountIncludingTax",
)  # fmt: skip
_CREATED_FIRST = "created first"
_TOTALS = ("totaltax", "totallineitemdiscountamount", "totaldiscountamount", "freightamount", "discountpercentage")


class InvoiceRules(MappingRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {
        Side.BUSINESS_CENTRAL: (
            *SOURCE_FIELDS, "customerId", "customerNumber", "currencyId", "currencyCode", "pricesIncludeTax", "shipmentMethodId",
            "salesperson", "totalAmountExcludingTax", "discountAmount", "workDescription",
        ),
        Side.SALES: ("statecode", "statuscode"),
    }  # fmt: skip

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        bc, sales = tables[Side.BUSINESS_CENTRAL].fields, tables[Side.SALES].fields
        key, money = FieldType.LOOKUP, FieldType.DECIMAL
        return [
            *super().field_rules(mapping, tables),
            FieldRule(bc=bc["number"], sales=sales["name"], direction=TO, insert_only=True),
            FieldRule(bc=bc["customerNumber"], sales=sales["customerid"], direction=TO, insert_only=True, lookup="CUSTOMER"),
            FieldRule(bc=computed("price_list", key, "Price list"), sales=sales["pricelevelid"], direction=TO, insert_only=True),
            FieldRule(bc=computed("owner", key, "Owner"), sales=sales["ownerid"], direction=TO, insert_only=True, not_null=True),
            FieldRule(bc=computed("description", FieldType.TEXT, "Work Description"), sales=sales["description"], direction=TO),
            *(FieldRule(bc=computed(name, money, sales[name].label), sales=sales[name], direction=TO) for name in _TOTALS),
        ]

    def criteria(self, plan: TablePlan) -> Sequence[Criterion]:
        """An invoice that is in Sales already, from before the couplings were lost, is known by its number."""
        number, other = plan.bc.fields["number"], plan.sales.fields["invoicenumber"]
        return [
            Criterion(
                label=number.label or number.name,
                bc=(number,),
                sales=other,
                expected=lambda record, _: record.values.get("number") or None,
                found=lambda record: record.values.get("invoicenumber"),
            )
        ]

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:  # noqa: ARG002
        """Rule read-only: what is closed in Sales is left alone, except for its status (engine.md section 20)."""
        coupled = coupled_keys(self.mapping, self.mapping.name, [record.key for record in records])
        if not coupled:
            return records
        present = self.connectors[Side.SALES].read_records(self.plan.sales, list(coupled.values()), ["statecode"])
        closed = {key for key, record in present.items() if record.values.get("statecode")}
        return [record for record in records if coupled.get(record.key) not in closed]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:  # noqa: ARG002
        part = self.taking_part(records)
        others = [record for record in records if record not in part]
        return [*self._prepare(part), *others] if part else others

    def _prepare(self, records: Sequence[Record]) -> Sequence[Record]:
        keys = [record.key for record in records]
        self._lines = by_document(self.connectors[Side.BUSINESS_CENTRAL].find_records(self._line_table, "documentId", keys, LINE_FIELDS))
        new = set(keys) - set(coupled_keys(self.mapping, self.mapping.name, keys))
        self._synchronize_needs([record for record in records if record.key in new])
        goods = Goods(self.mapping, self.connectors, self._coming)
        problems = goods.problems({key: self._lines.get(key, []) for key in new})
        self._price_lists.look_up(texts(record.values.get("currencyCode") for record in records if record.key in new))
        self._read_methods([record for record in records if not record.values.get("workDescription")])
        return [self._prepared(record, problems, new=record.key in new) for record in records]

    def resolve(self, direction: Direction, wanted: set[Reference], found: References) -> References:  # noqa: ARG002
        return {**dict.fromkeys(wanted & self._coming, _CREATED_FIRST), **found}

    def before_write(self, direction: Direction, keys: Sequence[str]) -> None:  # noqa: ARG002
        self._price_lists.create_missing()

    def follow_up(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[tuple[str, Sequence[str]]]:  # noqa: ARG002
        """The lines that have not arrived yet: those of these invoices, and those that failed before."""
        lines = sibling(self.mapping, LINES)
        if lines is None:
            return ()
        good = [item.source_key for item in touched if item.action in (Action.INSERTED, Action.MODIFIED, Action.UNCHANGED)]
        keys = [line.key for key in good for line in self._lines.get(key, [])]
        arrived = set(coupled_keys(self.mapping, LINES, keys))
        failed = Coupling.objects.filter(mapping=lines, skipped=False).exclude(to_result="Success").exclude(bc_key=None)
        wanted = [*(key for key in keys if key not in arrived), *(str(key) for key in failed.values_list("bc_key", flat=True))]
        return [(LINES, list(dict.fromkeys(wanted)))]

    # ---- values of one invoice

    def _prepared(self, record: Record, problems: Mapping[str, tuple[str, str, str, tuple[str, str] | None]], *, new: bool) -> Record:
        lines = self._lines.get(record.key, [])
        if new and not lines:
            return refused(record, "no-lines", f"The invoice {record.values.get('number')} has no lines, so it is not created in Sales.")
        if record.key in problems:
            code, text, field, missing = problems[record.key]
            return refused(record, code, text, field, missing=missing)
        return with_values(record, **self._amounts(record, lines), **self._references(record, new=new))

    def _amounts(self, record: Record, lines: Sequence[Record]) -> dict[str, Any]:
        """Rule totals; those that are fields of Business Central are mapped."""
        values = record.values
        on_lines = sum((amount(line.values.get("discountAmount")) for line in lines), Decimal(0))
        return {
            "totaltax": amount(values.get("totalAmountIncludingTax")) - amount(values.get("totalAmountExcludingTax")),
            "totallineitemdiscountamount": on_lines,
            "totaldiscountamount": on_lines + amount(values.get("discountAmount")),
            "freightamount": 0,
            "discountpercentage": 0,
        }

    def _references(self, record: Record, *, new: bool) -> dict[str, Any]:
        values = record.values
        return {
            "price_list": self._price_lists.key_of(str(values.get("currencyCode") or "")) if new else None,
            "owner": self._team if new and self._belongs_to_team(values) else None,
            "description": values.get("workDescription") or self._methods.get(str(values.get("shipmentMethodId") or "")),
        }

    def _belongs_to_team(self, values: Mapping[str, Any]) -> bool:
        """Rule owner-company: what has no salesperson, and with the ownership model Team everything."""
        return not values.get("salesperson") or not by_person(self.mapping.business_central)

    def _synchronize_needs(self, invoices: Sequence[Record]) -> None:
        """A preview takes for done what would be synchronized first."""
        lines = [line for one in invoices for line in self._lines.get(one.key, [])]
        for name, named in Needs(self.mapping, self.connectors).uncoupled(invoices, lines) if invoices else ():
            if self.synchronize_first is not None:
                self.synchronize_first(name, list(named))
            else:
                self._coming |= {(name, value) for value in named.values()}

    def _read_methods(self, records: Sequence[Record]) -> None:
        """Rule description-fallback: the shipment method says something where nobody wrote a description."""
        wanted = [key for key in texts(record.values.get("shipmentMethodId") for record in records) if key.strip("0-")]
        table = related_table(self.mapping, Side.BUSINESS_CENTRAL, "shipmentMethods")
        missing = [key for key in wanted if key not in self._methods]
        if missing:
            found = self.connectors[Side.BUSINESS_CENTRAL].read_records(table, missing, ["displayName"])
            self._methods |= {key: str(record.values.get("displayName") or "") for key, record in found.items()}

    # ---- kept for the run

    @cached_property
    def _lines(self) -> dict[str, list[Record]]:
        return {}

    @cached_property
    def _coming(self) -> set[Reference]:
        """What a preview takes for coupled."""
        return set()

    @cached_property
    def _methods(self) -> dict[str, str]:
        return {}

    @cached_property
    def _price_lists(self) -> PriceLists:
        return PriceLists(self.mapping, self.connectors[Side.SALES], self.plan.local_currency_key)

    @cached_property
    def _line_table(self) -> Any:
        return related_table(self.mapping, Side.BUSINESS_CENTRAL, "salesInvoiceLines")

    @cached_property
    def _team(self) -> str | None:
        return team_reference(self.mapping, self.connectors[Side.SALES])


def by_document(lines: Sequence[Record]) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for line in sorted(lines, key=lambda one: int(one.values.get("sequence") or 0)):
        found[str(line.values.get("documentId"))].append(line)
    return dict(found)

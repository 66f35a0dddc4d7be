"""Lines of posted sales invoices become invoice products (default_setup.json POSTEDSALESLINE-INV)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from mappings.models import IntegrationTableMapping
from mappings.rules.invoice_goods import Goods, good_of
from mappings.rules.invoice_status import SOURCE_FIELDS
from mappings.rules.invoice_totals import Finished, InvoiceTotals
from mappings.rules.invoices import LINE_FIELDS, by_document
from mappings.rules.price_rows import Place, PriceRows
from mappings.rules.references import amount, coupled_keys, is_write_in
from mappings.rules.related import related_table
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, refused, texts, with_values
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Action, Direction, Insert, Record, Side, WriteResult
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched
from syncadmin.sync.values import rounded

INVOICES = "POSTEDSALESINV-INV"
_SHIP_TO = (
    "shipto_name", "shipto_line1", "shipto_line2", "shipto_line3", "shipto_city", "shipto_stateorprovince", "shipto_postalcode",
    "shipto_country", "shipto_telephone", "shipto_fax",
)  # fmt: skip
_INVOICE, _LINE_NUMBER = "invoiceid", "lineitemnumber"
_AMOUNTS = ("priceperunit", "tax", "baseamount", "extendedamount")
_GOOD = {Action.INSERTED, Action.MODIFIED, Action.UNCHANGED}
_NOTHING = Record("", {})
_NOWHERE: Place = ("", "", "")


class InvoiceLineRules(MappingRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.BUSINESS_CENTRAL: LINE_FIELDS}

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:  # noqa: ARG003
        bc, sales = tables[Side.BUSINESS_CENTRAL].fields, tables[Side.SALES].fields

        def new(name: str, kind: FieldType, **details: Any) -> FieldRule:
            own = computed(name, kind, sales[name].label, **details)
            return FieldRule(bc=own, sales=sales[name], direction=TO, insert_only=True)

        return [
            FieldRule(bc=bc["sequence"], sales=sales[_LINE_NUMBER], direction=TO, insert_only=True),
            *(new(name, FieldType.LOOKUP) for name in ("invoiceid", "productid", "uomid")),
            new("isproductoverridden", FieldType.BOOLEAN),
            *(new(name, FieldType.TEXT) for name in ("productdescription", *_SHIP_TO)),
            new("actualdeliveryon", FieldType.MOMENT),
            *(FieldRule(bc=computed(name, FieldType.DECIMAL, sales[name].label), sales=sales[name], direction=TO) for name in _AMOUNTS),
        ]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._headers: dict[str, Record] = {}
        self._invoices: dict[str, Record] = {}
        self._sales_keys: dict[str, str] = {}
        self._lines: dict[str, list[Record]] = {}
        self._documents: dict[str, str] = {}  # by line
        self._products: dict[tuple[str, str], str] = {}
        self._units: dict[str, str | None] = {}
        self._places: dict[str, Place] = {}
        self._rows: dict[Place, Insert] = {}
        self._without_row: dict[Place, RecordError] = {}

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:  # noqa: ARG002
        documents = texts(record.values.get("documentId") for record in records)
        if documents:
            self._read_invoices(documents)
            self._read_products(records)
        prepared = [self._prepared(record) for record in records]
        good = [record for record in prepared if record.problem is None]
        self._places = {record.key: self._place(record) for record in good}
        self._rows = self._price_rows.missing([(self._places[record.key], record.values["=priceperunit"]) for record in good])
        return prepared

    def find_uncoupled(self, direction: Direction, records: Sequence[Record]) -> dict[str, str]:  # noqa: ARG002
        """The line of the same number in the same invoice (match_rule)."""
        invoices = {record.key: self._sales_keys.get(str(record.values.get("documentId")), "") for record in records}
        keys = texts(invoices.values())
        found = self.connectors[Side.SALES].find_records(self.plan.sales, _INVOICE, keys, [_INVOICE, _LINE_NUMBER]) if keys else []
        lines = {(str(row.values.get(_INVOICE)), row.values.get(_LINE_NUMBER)): row.key for row in found}
        places = {record.key: (invoices[record.key], record.values.get("sequence")) for record in records}
        return {key: lines[place] for key, place in places.items() if place in lines}

    def before_write(self, direction: Direction, keys: Sequence[str]) -> None:  # noqa: ARG002
        """Rule price-list-row; the lines of a row that Sales does not take fail after they were written."""
        rows, self._rows = self._rows, {}
        self._without_row = {place: _no_price(answer) for place, answer in self._price_rows.create(rows).items()}

    def after_write(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:  # noqa: ARG002
        """Totals, rounding line and status follow when the last line of an invoice has arrived."""
        good = {item.source_key for item in touched if item.action in _GOOD}
        arrived = good | set(coupled_keys(self.mapping, self.mapping.name, [line.key for own in self._lines.values() for line in own]))
        whole = [
            Finished(self._sales_keys[document], self._headers[document], lines)
            for document, lines in self._lines.items()
            if document in self._sales_keys and good & {line.key for line in lines} and all(line.key in arrived for line in lines)
        ]
        problems = InvoiceTotals(self.mapping, self.connectors[Side.SALES]).finish(whole) if whole else {}
        return [self._told(item, problems) for item in touched]

    # ---- values of one line

    def _prepared(self, record: Record) -> Record:
        values = record.values
        document = str(values.get("documentId"))
        if document not in self._sales_keys:
            return refused(record, "not-coupled", "The invoice of this line is not coupled yet. Synchronize the invoice, then retry.")
        invoice, header = self._invoices.get(self._sales_keys[document], _NOTHING), self._headers.get(document, _NOTHING)
        ship_to = {name: invoice.values.get(name) for name in _SHIP_TO}
        delivered = invoice.values.get("datedelivered")
        return with_values(
            record, invoiceid=self._sales_keys[document], actualdeliveryon=delivered, **ship_to, **self._product(record),
            **self._amounts(values, includes_tax=bool(header.values.get("pricesIncludeTax"))),
        )  # fmt: skip

    def _product(self, record: Record) -> dict[str, Any]:
        """Rule product: a coupled product in its default unit, else a write-in line; the write-in product is never one."""
        written_in = is_write_in(self.mapping, record.values.get("lineObjectNumber"))
        product = None if written_in else self._products.get(good_of(record))
        if product is not None:
            return {"productid": product, "uomid": self._units.get(product), "isproductoverridden": False, "productdescription": None}
        number, text = (str(record.values.get(name) or "") for name in ("lineObjectNumber", "description"))
        return {"productid": None, "uomid": None, "isproductoverridden": True, "productdescription": f"{number} {text}.".strip()}

    def _amounts(self, values: Mapping[str, Any], *, includes_tax: bool) -> dict[str, Any]:
        """Rules price-excl-tax and line-amounts."""
        net, gross, quantity = (amount(values.get(name)) for name in ("netAmount", "netAmountIncludingTax", "quantity"))
        allocated, discount, price = (amount(values.get(name)) for name in ("invoiceDiscountAllocation", "discountAmount", "unitPrice"))
        if includes_tax and quantity:
            price -= (gross - net) / quantity
        return {
            "priceperunit": rounded(price, self._price_scale),
            "tax": gross - net,
            "baseamount": net + allocated + discount,
            "extendedamount": gross + allocated,
        }

    @property
    def _price_scale(self) -> int | None:
        return self.plan.sales.fields["priceperunit"].scale

    def _place(self, record: Record) -> Place:
        values = record.values
        invoice = self._invoices.get(str(values["=invoiceid"]), _NOTHING)
        keys = (invoice.values.get("pricelevelid"), values["=productid"], values["=uomid"])
        price_list, product, unit = (str(key or "") for key in keys)
        return price_list, product, unit

    def _told(self, item: Touched, problems: Mapping[str, RecordError]) -> Touched:
        if item.coupling is None or item.action not in _GOOD:
            return item
        invoice = self._sales_keys.get(self._documents.get(item.source_key, ""), "")
        problem = self._without_row.get(self._places.get(item.source_key, _NOWHERE)) or problems.get(invoice)
        if problem is None:
            return item
        state = item.coupling.failed(
            Direction.TO_INTEGRATION, job_id=item.coupling.to_sales.job_id, error=problem.code, message=problem.text, passing=False
        )
        return replace(item, action=Action.FAILED, code=problem.code, text=problem.text, fields=problem.fields, coupling=state)

    # ---- what a page refers to

    def _read_invoices(self, documents: Sequence[str]) -> None:
        bc, sales = self.connectors[Side.BUSINESS_CENTRAL], self.connectors[Side.SALES]
        headers = related_table(self.mapping, Side.BUSINESS_CENTRAL, "salesInvoices")
        invoices = related_table(self.mapping, Side.SALES, "invoices")
        names = (*SOURCE_FIELDS, "pricesIncludeTax", "totalAmountExcludingTax", "discountAmount")
        self._headers = bc.read_records(headers, documents, names)
        self._sales_keys = coupled_keys(self.mapping, INVOICES, documents)
        self._invoices = sales.read_records(invoices, list(self._sales_keys.values()), [*_SHIP_TO, "datedelivered", "pricelevelid"])
        self._lines = by_document(bc.find_records(self.plan.bc, "documentId", documents, LINE_FIELDS))
        self._documents = {line.key: document for document, own in self._lines.items() for line in own}

    def _read_products(self, records: Sequence[Record]) -> None:
        self._products = Goods(self.mapping, self.connectors).products(records)
        table = related_table(self.mapping, Side.SALES, "products")
        keys = list(dict.fromkeys(self._products.values()))
        found = self.connectors[Side.SALES].read_records(table, keys, ["defaultuomid"]) if keys else {}
        self._units = {key: str(product.values.get("defaultuomid") or "") or None for key, product in found.items()}

    @property
    def _price_rows(self) -> PriceRows:
        return PriceRows(self.mapping, self.connectors[Side.SALES])


def _no_price(answer: WriteResult) -> RecordError:
    text = answer.text or "it did not answer."
    return RecordError(answer.code or answer.outcome.value, f"The line has no row in the price list of its invoice. Sales said: {text}")

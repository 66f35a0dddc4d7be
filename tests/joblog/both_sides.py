"""Both systems side by side, read over HTTP and compared without any code of the product.

Records are recognized as people would: customers by name, contacts and users by mail address, everything else by its number or code.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from syncadmin.sandbox.demo_failures import FAILURES
from syncadmin.sandbox.ids import LOCAL_CURRENCY
from tests.people import People

Row = dict[str, Any]
SETUP = json.loads((Path(__file__).parents[2] / "mappings/defaults/default_setup.json").read_text(encoding="utf-8"))["mappings"]
_STANDARD_ONLY = {"salespeoplePurchasers", "currencies", "currencyExchangeRates", "unitsOfMeasure"}
_LINES = "salesInvoiceLines"
_EMPTY = {None, "", " ", "0001-01-01", "0001-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000", "_x0020_"}
# What a rule of the table computes instead of copying it; compared below, or not a copy at all.
_COMPUTED = {
    "ITEM-PRODUCT": {"price", "quantityonhand"},
    "RESOURCE-PRODUCT": {"price", "quantityonhand"},
    "POSTEDSALESINV-INV": {"description"},
    "UNIT OF MEASURE": set(),
}


@dataclass(frozen=True)
class Kind:
    """A mapping: the rows of each side that take part, and what people recognize them by. Rows that fail are left out of ``mine`` and
    ``others``. With ``both_ways`` a row of Sales must be in Business Central, too."""

    name: str
    mine: list[Row]
    others: list[Row]
    my_name: Callable[[Row], str]
    other_name: Callable[[Row], str]
    both_ways: bool = False


class BothSides:
    def __init__(self, people: People) -> None:
        self.people = people

    def bc(self, table: str) -> list[Row]:
        read = self._bc_lines if table == _LINES else self.people.rows_standard if table in _STANDARD_ONLY else self.people.rows_bc
        return self._read(f"bc {table}", read, table)

    def sales(self, table: str) -> list[Row]:
        return self._read(f"sales {table}", self.people.rows_sales, table)

    def read_all(self) -> None:
        """All that is compared, as it is now."""
        for table in ("contacts", "items", "resources", "salesPrices", "salesInvoices", _LINES, "currencyExchangeRates"):
            self.bc(table)
        for table in ("uoms", "products", "pricelevels", "productpricelevels", "invoices", "invoicedetails"):
            self.sales(table)
        assert self.kinds

    @cached_property
    def _kept(self) -> dict[str, list[Row]]:
        return {}

    def _read(self, name: str, read: Callable[[str], list[Row]], table: str) -> list[Row]:
        if name not in self._kept:
            self._kept[name] = read(table)
        return self._kept[name]

    def _bc_lines(self, table: str) -> list[Row]:
        """Business Central gives lines with their document alone."""
        return [line for invoice in self.people.rows_standard(f"salesInvoices?$expand={table}") for line in invoice[table]]

    # ---- what takes part

    @cached_property
    def kinds(self) -> list[Kind]:
        return [
            self._salespeople(), self._currencies(), self._units(), self._customers(), self._contacts(),
            self._goods("ITEM-PRODUCT", "items", 1), self._goods("RESOURCE-PRODUCT", "resources", 3), self._groups(), self._invoices(),
        ]  # fmt: skip

    def _salespeople(self) -> Kind:
        users = [row for row in self.sales("systemusers") if row["islicensed"] and not row["isdisabled"] and not row["isintegrationuser"]]
        mails = {row["internalemailaddress"].lower() for row in users}
        people = [row for row in self.bc("salespeoplePurchasers") if row["email"].lower() in mails]
        return Kind("SALESPEOPLE", people, users, lambda one: one["email"].lower(), lambda one: one["internalemailaddress"].lower(), True)

    def _currencies(self) -> Kind:
        known = {row["code"] for row in self.bc("currencies")}
        found = [row for row in self.sales("transactioncurrencies") if row["isocurrencycode"] in known]
        return Kind("CURRENCY", self.bc("currencies"), found, lambda one: one["code"], lambda one: one["isocurrencycode"])

    def _units(self) -> Kind:
        groups = [row for row in self.sales("uomschedules") if row["name"].startswith("NAV ")]
        return Kind("UNIT OF MEASURE", self.bc("unitsOfMeasure"), groups, lambda one: f"NAV {one['code']}", lambda one: one["name"])

    def _customers(self) -> Kind:
        customers = [row for row in self.bc("customers") if row["blocked"] in _EMPTY]
        accounts = [row for row in self.sales("accounts") if row["statecode"] == 0 and row["customertypecode"] == 3]
        return Kind("CUSTOMER", customers, accounts, lambda one: one["displayName"].casefold(), lambda one: one["name"].casefold(), True)

    def _contacts(self) -> Kind:
        persons = [row for row in self.bc("contacts") if row["type"] == "Person" and row["customerNumber"]]
        contacts = [row for row in self.sales("contacts") if row["statecode"] == 0 and row["_parentcustomerid_value"]]
        return Kind("CONTACT", persons, contacts, lambda one: one["email"].lower(), lambda one: one["emailaddress1"].lower(), True)

    def _goods(self, name: str, table: str, product_type: int) -> Kind:
        goods = [row for row in self.bc(table) if not row["blocked"]]
        products = [row for row in self.sales("products") if row["producttypecode"] == product_type]
        return Kind(name, goods, products, lambda one: one["number"], lambda one: one["productnumber"])

    def _groups(self) -> Kind:
        return Kind(
            "CUSTPRCGRP-PRICE", self.bc("customerPriceGroups"), self.sales("pricelevels"), lambda one: one["code"], lambda one: one["name"]
        )

    def _invoices(self) -> Kind:
        posted = [row for row in self.bc("salesInvoices") if row["status"] != "Draft"]
        return Kind("POSTEDSALESINV-INV", posted, self.sales("invoices"), lambda one: one["number"], lambda one: one["invoicenumber"])

    # ---- what is wrong

    def twice(self) -> list[str]:
        """Records that a side has more than once."""
        found = []
        for kind in self.kinds:
            for side, names in (("Business Central", map(kind.my_name, kind.mine)), ("Sales", map(kind.other_name, kind.others))):
                found += [f"{kind.name}: {name} is {number} times in {side}" for name, number in Counter(names).items() if number > 1]
        return found

    def missing(self) -> list[str]:
        """Records without counterpart, those aside that fail."""
        found = []
        for kind in self.kinds:
            mine, others = self._named(kind)
            absent = [name for name, row in mine.items() if name not in others and not _fails(kind, row)]
            absent += [name for name, row in others.items() if kind.both_ways and name not in mine and not _fails(kind, row)]
            found += [f"{kind.name}: {name} has no counterpart" for name in absent]
        return found

    def differences(self) -> list[str]:
        """Fields that do not agree, of all pairs that do not fail."""
        return [*self._field_differences(), *self._rates(), *self._base_units(), *self._prices(), *self._group_prices(), *self._lines()]

    def pairs(self, name: str) -> list[tuple[Row, Row]]:
        kind = next(one for one in self.kinds if one.name == name)
        mine, others = self._named(kind)
        return [(row, others[own]) for own, row in mine.items() if own in others and not (_fails(kind, row) or _fails(kind, others[own]))]

    def _named(self, kind: Kind) -> tuple[dict[str, Row], dict[str, Row]]:
        return {kind.my_name(row): row for row in kind.mine}, {kind.other_name(row): row for row in kind.others}

    # ---- field by field, as the default set-up maps them

    def _field_differences(self) -> Iterator[str]:
        for kind in self.kinds:
            (setup,) = [one for one in SETUP if one["name"] == kind.name]
            fields = [one for one in setup["field_mappings"] if one.get("write") is not False and self._is_copy(kind, one)]
            for mine, other in self.pairs(kind.name):
                for one in fields:
                    expected, present = self._expected(one, mine), self._present(one, other)
                    if not (one.get("not_null") and expected is None) and expected != present:
                        label = f"{kind.name} {kind.my_name(mine)}"
                        yield f"{label}: {one['bc_property']} {expected!r}, {one['sales_attribute']} {present!r}"

    def _is_copy(self, kind: Kind, field: Row) -> bool:
        return field["bc_property"] and field["sales_attribute"] and field["sales_attribute"] not in _COMPUTED.get(kind.name, ())

    def _expected(self, field: Row, mine: Row) -> Any:
        """What Sales should hold."""
        value = plain(mine[field["bc_property"]])
        if field["kind"] == "option":
            return value and {one["bc"]: one["sales"] for one in field["option"]["value_map"]}[value]
        if field["kind"] == "lookup":
            return self._keys[field["lookup"]["mapping"]].get(value or "")
        return value

    def _present(self, field: Row, other: Row) -> Any:
        return plain(other[field["lookup"]["read_property"] if field["kind"] == "lookup" else field["sales_attribute"]])

    @cached_property
    def _keys(self) -> dict[str, dict[str, str]]:
        """Key in Sales by what Business Central calls a record, for each mapping."""
        ids = {
            "SALESPEOPLE": ("code", "systemuserid"),
            "CURRENCY": ("code", "transactioncurrencyid"),
            "UNIT OF MEASURE": ("code", "uomscheduleid"),
            "CUSTOMER": ("number", "accountid"),
            "CONTACT": ("number", "contactid"),
            "ITEM-PRODUCT": ("number", "productid"),
            "RESOURCE-PRODUCT": ("number", "productid"),
            "CUSTPRCGRP-PRICE": ("code", "pricelevelid"),
        }
        found = {}
        for kind in self.kinds:
            if kind.name in ids:
                own, key = ids[kind.name]
                mine, others = self._named(kind)
                found[kind.name] = {mine[name][own]: others[name][key] for name in mine.keys() & others.keys()}
        (local,) = [row for row in self.sales("transactioncurrencies") if row["isocurrencycode"] == LOCAL_CURRENCY]
        found["CURRENCY"] |= dict.fromkeys(("", LOCAL_CURRENCY), local["transactioncurrencyid"])
        return found

    # ---- what rules compute

    def _rates(self) -> Iterator[str]:
        newest = {row["currencyCode"]: row for row in sorted(self.bc("currencyExchangeRates"), key=lambda row: row["startingDate"])}
        for mine, other in self.pairs("CURRENCY"):
            row = newest[mine["code"]]
            rate = number(row["exchangeRateAmount"]) / number(row["relationalExchangeRateAmount"])
            if abs(rate - number(other["exchangerate"])) > Decimal("1e-9"):
                yield f"CURRENCY {mine['code']}: rate {rate}, {other['exchangerate']}"

    def _base_units(self) -> Iterator[str]:
        units = defaultdict(list)
        for row in self.sales("uoms"):
            units[row["_uomscheduleid_value"]].append((row["name"], row["quantity"], row["isschedulebaseuom"]))
        for mine, other in self.pairs("UNIT OF MEASURE"):
            if units[other["uomscheduleid"]] != [(mine["code"], 1, True)]:
                yield f"UNIT OF MEASURE {mine['code']}: {units[other['uomscheduleid']]}"

    def _prices(self) -> Iterator[str]:
        """Each active product has its price, never below zero, in itself and in the default price list."""
        (default,) = [row for row in self.sales("pricelevels") if row["name"] == "Business Central Default Price List"]
        rows = defaultdict(list)
        for row in self.sales("productpricelevels"):
            if row["_pricelevelid_value"] == default["pricelevelid"]:
                rows[row["_productid_value"]].append(number(row["amount"]))
        for mine, other in [*self.pairs("ITEM-PRODUCT"), *self.pairs("RESOURCE-PRODUCT")]:
            price = max(number(mine["unitPrice"]), Decimal(0))
            stock = max(number(mine.get("inventory", mine.get("capacity"))), Decimal(0))
            shown = (number(other["price"]), rows[other["productid"]], number(other["quantityonhand"]), other["statecode"])
            if shown != (price, [price], stock, 0):
                yield f"PRODUCT {mine['number']}: {price}, {stock}; {shown}"

    def _group_prices(self) -> Iterator[str]:
        """Of prices for one list, product and unit the one without minimum quantity is the row of the price list."""
        base = {row["number"]: row["baseUnitOfMeasureCode"] for row in self.bc("items")}
        expected = {
            (row["salesCode"], row["itemNumber"], row["unitOfMeasureCode"] or base[row["itemNumber"]]): number(row["unitPrice"])
            for row in sorted(self.bc("salesPrices"), key=lambda row: -row["minimumQuantity"])
            if row["salesType"] in ("Customer Price Group", "Customer_x0020_Price_x0020_Group")
        }
        lists = {row["pricelevelid"]: row["name"] for row in self.sales("pricelevels")}
        products = {row["productid"]: row["productnumber"] for row in self.sales("products")}
        units = {row["uomid"]: row["name"] for row in self.sales("uoms")}
        groups = {code for code, _, _ in expected}
        found = [
            ((lists[row["_pricelevelid_value"]], products[row["_productid_value"]], units[row["_uomid_value"]]), number(row["amount"]))
            for row in self.sales("productpricelevels")
            if lists[row["_pricelevelid_value"]] in groups
        ]
        yield from (f"PRICE {place} is there {count} times" for place, count in Counter(place for place, _ in found).items() if count > 1)
        yield from (f"PRICE {one}" for one in set(expected.items()) ^ set(found))

    def _lines(self) -> Iterator[str]:
        """Amounts to the cent, and the payment status."""
        mine, others = defaultdict(list), defaultdict(list)
        for row in self.bc(_LINES):
            mine[row["documentId"]].append((number(row["quantity"]), number(row["netAmountIncludingTax"])))
        for row in self.sales("invoicedetails"):
            others[row["_invoiceid_value"]].append(row)
        for invoice, other in self.pairs("POSTEDSALESINV-INV"):
            shown = [row for row in others[other["invoiceid"]] if row["productdescription"] != "Rounding"]
            if sorted(one for one, _ in mine[invoice["id"]]) != sorted(number(row["quantity"]) for row in shown):
                yield f"INVOICE {invoice['number']}: {len(mine[invoice['id']])} lines, {len(shown)} in Sales"
            due = number(invoice["totalAmountIncludingTax"])
            if number(other["totalamount"]) != due or sum(amount for _, amount in mine[invoice["id"]]) != due:
                yield f"INVOICE {invoice['number']}: {due}, {other['totalamount']}"
            if (other["statecode"], other["statuscode"]) != payment_status(invoice):
                yield f"INVOICE {invoice['number']}: {payment_status(invoice)}, {other['statecode']} {other['statuscode']}"


def payment_status(invoice: Row) -> tuple[int, int]:
    """State and status that a posted invoice has in Sales."""
    if invoice["status"] == "Canceled":
        return 3, 100003
    left, due = number(invoice["remainingAmount"]), number(invoice["totalAmountIncludingTax"])
    return (2, 100001) if not left else (0, 4) if left == due else (2, 100002)


def plain(value: Any) -> Any:
    """A value without the ways in which the two systems write it: blanks, zeros, midnight, the digits of a number."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return number(value) or None
    if isinstance(value, str) and value.endswith("T00:00:00Z"):
        value = value[:10]
    return None if value in _EMPTY else value


def number(value: Any) -> Decimal:
    return Decimal(str(value or 0)).normalize()


def _fails(kind: Kind, row: Row) -> bool:
    table = {"CUSTOMER": ("CUSTOMER", "ACCOUNT"), "CONTACT": ("CONTACT",), "ITEM-PRODUCT": ("ITEM",)}.get(kind.name, ())
    return any(one.table in table and (row.get("number") == one.key or str(row.get("name") or "").startswith(one.key)) for one in FAILURES)

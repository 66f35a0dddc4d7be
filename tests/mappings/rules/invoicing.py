"""What invoices refer to, in place: customers, items and resources of the demo company, coupled to accounts and products."""

from __future__ import annotations

from typing import Any

from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People


class Office:
    """Prepares what an invoice needs and reads what arrived."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.units: dict[str, tuple[str, str]] = {}
        mapping = IntegrationTableMapping.objects.get(name="POSTEDSALESINV-INV")
        mapping.synch_only_coupled = False
        mapping.save()

    def lines_of(self, invoice: dict[str, Any]) -> list[dict[str, Any]]:
        return self.people.rows_bc("salesInvoices", f"number eq '{invoice['number']}'") and self._lines(invoice["id"])

    def ready(self, invoice: dict[str, Any]) -> dict[str, Any]:
        """The invoice, whose customer, goods and currency are coupled now."""
        for line in self._lines(invoice["id"]):
            self._product(line)
        self._customer(invoice)
        self.couple_currency(invoice["currencyCode"])
        self._salesperson(invoice["salesperson"])
        return invoice

    def couple_salespeople(self, invoice: dict[str, Any]) -> None:
        """Those of the invoice and its customer, and all unit groups to come."""
        customer = self.people.rows_bc("customers", f"id eq {invoice['customerId']}")[0]
        for code in {invoice["salesperson"], customer["salespersonCode"]}:
            self._salesperson(code)
        units = IntegrationTableMapping.objects.get(name="UNIT OF MEASURE")
        units.synch_only_coupled = False
        units.save()

    def invoice_where(self, condition: str, **wanted: Any) -> dict[str, Any]:
        """The first posted invoice of the demo company that meets a condition, and in addition holds these values."""
        found = self.people.rows_bc("salesInvoices", condition)
        return next(row for row in found if row["status"] != "Draft" and all(row[name] == value for name, value in wanted.items()))

    def open_invoice(self) -> dict[str, Any]:
        """One that nobody has paid a part of."""
        found = self.people.rows_bc("salesInvoices", "status eq 'Open'")
        return next(row for row in found if row["remainingAmount"] == row["totalAmountIncludingTax"])

    def invoice_with(self, **wanted: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The first posted invoice with a line that holds these values, and that line."""
        for row in self.people.rows_standard("salesInvoices?$expand=salesInvoiceLines"):
            for line in row["salesInvoiceLines"]:
                if row["status"] != "Draft" and all(line[name] == value for name, value in wanted.items()):
                    return self.invoice_where(f"number eq '{row['number']}'"), line
        raise AssertionError(f"no line with {wanted}")

    def arrived(self, invoice: dict[str, Any]) -> dict[str, Any]:
        return self.people.rows_sales("invoices", f"invoicenumber eq '{invoice['number']}'")[0]

    def products_of(self, sales_invoice: dict[str, Any]) -> list[dict[str, Any]]:
        rows = self.people.rows_sales("invoicedetails", f"_invoiceid_value eq {sales_invoice['invoiceid']}")
        return sorted(rows, key=lambda row: row["lineitemnumber"])

    def _lines(self, key: str) -> list[dict[str, Any]]:
        rows = self.people.rows_standard("salesInvoiceLines", f"documentId eq {key}")
        return sorted(rows, key=lambda row: int(row["sequence"]))

    def _product(self, line: dict[str, Any]) -> None:
        table = {"Item": "items", "Resource": "resources"}.get(line["lineType"])
        if table is None:
            return
        row = self.people.rows_bc(table, f"number eq '{line['lineObjectNumber']}'")[0]
        group, unit = self._unit(row["baseUnitOfMeasureCode"])
        found = self.people.rows_sales("products", f"productnumber eq '{row['number']}'")
        product = found[0] if found else self.people.create_sales(
            "products", name=row["displayName"], productnumber=row["number"], quantitydecimal=2,
            **{"defaultuomid@odata.bind": f"/uoms({unit})", "defaultuomscheduleid@odata.bind": f"/uomschedules({group})"},
        )  # fmt: skip
        self._couple("ITEM-PRODUCT" if table == "items" else "RESOURCE-PRODUCT", row["id"], row["number"], product["productid"])

    def _unit(self, code: str) -> tuple[str, str]:
        if code not in self.units:
            found = self.people.rows_sales("uomschedules", f"name eq 'NAV {code}'")
            row = found[0] if found else self.people.create_sales("uomschedules", name=f"NAV {code}", baseuomname=code)
            group = row["uomscheduleid"]
            self.units[code] = group, self.people.rows_sales("uoms", f"_uomscheduleid_value eq {group}")[0]["uomid"]
        return self.units[code]

    def _customer(self, invoice: dict[str, Any]) -> None:
        account = self.people.create_sales("accounts", name=invoice["customerName"], customertypecode=3)
        self._couple("CUSTOMER", invoice["customerId"], invoice["customerNumber"], account["accountid"])

    def couple_currency(self, code: str) -> None:
        mapping = IntegrationTableMapping.objects.get(name="CURRENCY")
        if code == mapping.business_central.local_currency:
            return
        found = self.people.rows_sales("transactioncurrencies", f"isocurrencycode eq '{code}'")
        row = (
            found[0]
            if found
            else self.people.create_sales(
                "transactioncurrencies", isocurrencycode=code, currencyname=code, currencysymbol=code, currencyprecision=2, exchangerate=1.5
            )
        )
        key = self.people.rows_standard("currencies", f"code eq '{code}'")[0]["id"]
        self._couple("CURRENCY", key, code, row["transactioncurrencyid"])

    def _salesperson(self, code: str) -> None:
        if code:
            taken = Coupling.objects.filter(mapping__name="SALESPEOPLE").count()
            user = self.people.rows_sales("systemusers", "isdisabled eq false")[taken]
            key = self.people.rows_standard("salespeoplePurchasers", f"code eq '{code}'")[0]["id"]
            self._couple("SALESPEOPLE", key, code, user["systemuserid"])

    def _couple(self, name: str, bc_key: str, number: str, sales_key: str) -> None:
        mapping = IntegrationTableMapping.objects.get(name=name)
        Coupling.objects.get_or_create(mapping=mapping, bc_key=bc_key, defaults={"bc_number": number, "sales_key": sales_key})

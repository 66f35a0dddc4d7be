"""Sales invoices of Business Central: drafts take their customer's data and sum up their lines, posted ones stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from .bc_rules import RULE
from .bc_series import POSTED_INVOICES, next_number
from .clock import Clock
from .messages import ApiError
from .schema import BUSINESS_CENTRAL, ZERO_DATE, ZERO_GUID, Entity, entities
from .store import Row, Store

Save = Callable[[Entity, Row, Row], None]
_FROM_CUSTOMER = {
    "customerName": "displayName",
    "sellToAddressLine1": "addressLine1",
    "sellToAddressLine2": "addressLine2",
    "sellToCity": "city",
    "sellToCountry": "country",
    "sellToState": "state",
    "sellToPostCode": "postalCode",
    "phoneNumber": "phoneNumber",
    "email": "email",
    "salesperson": "salespersonCode",
    "currencyId": "currencyId",
    "currencyCode": "currencyCode",
    "paymentTermsId": "paymentTermsId",
    "paymentTermsCode": "paymentTermsCode",
    "shipmentMethodId": "shipmentMethodId",
    "shipmentMethodCode": "shipmentMethodCode",
    "shippingAgentCode": "shippingAgentCode",
}
_DAYS_TO_PAY = 14


class Documents:
    """Rules of salesInvoices and salesInvoiceLines; other sets pass through untouched. Methods raise ApiError."""

    def __init__(self, store: Store, clock: Clock, save: Save) -> None:
        self.store = store
        self.clock = clock
        self.save = save
        self.invoices = entities(BUSINESS_CENTRAL)["salesInvoices"]
        self.lines = entities(BUSINESS_CENTRAL)["salesInvoiceLines"]

    def prepare(self, entity: Entity, row: Row, body: Mapping[str, Any]) -> None:
        """Before the fields of a new row run."""
        if entity is self.invoices:
            today = self.clock.today(BUSINESS_CENTRAL)
            row.update(status="Draft", invoiceDate=today, postingDate=today)
        if entity is self.lines and "lineType" not in body:
            row["lineType"] = "Item" if "itemId" in body else "Comment"

    def complete(self, entity: Entity, row: Row, sent: set[str]) -> None:
        """After the fields have run, before the row is checked and saved."""
        if entity is self.invoices and sent & {"customerId", "customerNumber"}:
            self._take_customer(row, sent)
        if entity is self.invoices and row["dueDate"] == ZERO_DATE:
            row["dueDate"] = (date.fromisoformat(row["invoiceDate"]) + timedelta(days=_DAYS_TO_PAY)).isoformat()
        if entity is self.lines:
            self._complete_line(row, sent)

    def refuse_posted(self, entity: Entity, row: Row) -> None:
        """Posted documents and their lines take no change (entities.json: next to none)."""
        header = self.store.get(self.invoices, row["documentId"]) if entity is self.lines else row if entity is self.invoices else None
        if header and header["status"] != "Draft":
            raise ApiError(400, RULE, f"The invoice {header['number']} is posted ({header['status']}) and cannot be changed.")

    def after_save(self, entity: Entity, row: Row) -> None:
        if entity is self.lines:
            self._sum_up(row["documentId"])
        elif entity is self.invoices and row["status"] == "Draft":
            self._sum_up(row["id"])

    def after_delete(self, entity: Entity, row: Row) -> None:
        if entity is self.lines:
            self._sum_up(row["documentId"])
        if entity is self.invoices:
            self.store.run('DELETE FROM bc_salesInvoiceLines WHERE "documentId" = ?', (row["id"],))

    def post(self, row: Row) -> None:
        """Action post: the draft gets its posted number and is open; the customer owes the amount."""
        if row["status"] != "Draft":
            raise ApiError(400, RULE, f"The invoice {row['number']} is posted already.")
        if not self.store.find(self.lines, {"documentId": row["id"]}, limit=1):
            raise ApiError(400, RULE, "There is nothing to post.")
        number = next_number(self.store, self.invoices, row["_company"], series=POSTED_INVOICES)
        total = row["totalAmountIncludingTax"]
        self.save(self.invoices, row, {**row, "number": number, "status": "Open", "remainingAmount": total})
        self.book(row, total, sales=row["totalAmountExcludingTax"])

    def cancel(self, row: Row) -> None:
        """Action cancel: a corrective document takes the whole amount back."""
        if row["status"] != "Open":
            raise ApiError(400, RULE, f"The invoice {row['number']} has status {row['status']} and cannot be canceled.")
        open_amount = row["remainingAmount"]
        self.save(self.invoices, row, {**row, "status": "Canceled", "remainingAmount": 0.0})
        self.book(row, -open_amount, sales=-row["totalAmountExcludingTax"])

    def pay(self, row: Row, amount: float) -> None:
        """A customer payment. A partial one changes only the computed remaining amount, so neither stamp nor etag move."""
        remaining = round(row["remainingAmount"] - amount, 2)
        status = row["status"] if remaining > 0 else "Paid"
        self.save(self.invoices, row, {**row, "remainingAmount": max(remaining, 0.0), "status": status})
        self.book(row, -min(amount, row["remainingAmount"]))

    def unapply(self, row: Row) -> None:
        """Takes all payments back: the whole amount is open again. Stamp and etag move only where the status does."""
        paid = row["totalAmountIncludingTax"] - row["remainingAmount"]
        self.save(self.invoices, row, {**row, "remainingAmount": row["totalAmountIncludingTax"], "status": "Open"})
        self.book(row, round(paid, 2))

    def book(self, invoice: Row, amount: float, *, sales: float = 0.0) -> None:
        """Carries an amount in the invoice's currency into the customer's figures, which are in local currency."""
        factor = invoice["currencyFactor"] or 1.0
        amount, sales = round(amount / factor, 2), round(sales / factor, 2)
        overdue = amount if invoice["dueDate"] < self.clock.today(BUSINESS_CENTRAL) else 0.0
        figures = {
            "customerStatistics": {"balance": amount, "total": amount, "overdueAmount": overdue, "totalSales": sales},
            "customerFinancialDetails": {"balance": amount, "overdueAmount": overdue, "totalSalesExcludingTax": sales},
        }
        for name, change in figures.items():
            entity = entities(BUSINESS_CENTRAL)[name]
            row = self.store.get(entity, invoice["customerId"])
            if row:
                new = {**row, **{column: round(row[column] + value, 2) for column, value in change.items()}}
                if entity.modified == "lastActivityDateTime":
                    new["lastActivityDateTime"] = self.clock.stamp(BUSINESS_CENTRAL)
                self.save(entity, row, new)
        sql = 'UPDATE bc_customers SET "balanceDue" = round("balanceDue" + ?, 2) WHERE id = ?'
        self.store.run(sql, (overdue, invoice["customerId"]))

    def _take_customer(self, row: Row, sent: set[str]) -> None:
        customer = self.store.get(entities(BUSINESS_CENTRAL)["customers"], row["customerId"])
        if customer is None:
            return
        row.update({name: customer[source] for name, source in _FROM_CUSTOMER.items() if name not in sent})
        if not sent & {"billToCustomerId", "billToCustomerNumber"}:
            row.update(billToName=row["customerName"], billToCustomerId=row["customerId"], billToCustomerNumber=row["customerNumber"])
        for name in ("AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode"):
            row[f"billTo{name}"] = row[f"sellTo{name}"]
            if f"shipTo{name}" not in sent:
                row[f"shipTo{name}"] = row[f"sellTo{name}"]
        row["shipToName"] = row["shipToName"] or row["customerName"]

    def _complete_line(self, row: Row, sent: set[str]) -> None:
        header = self.store.get(self.invoices, row["documentId"])
        if header is None or header["_company"] != row["_company"]:
            raise ApiError(400, RULE, "You must specify a document id to insert a line.")
        self.refuse_posted(self.lines, row)
        if not row["sequence"]:
            sql = 'SELECT coalesce(max(sequence), 0) + 10000 FROM bc_salesInvoiceLines WHERE "documentId" = ?'
            row["sequence"] = self.store.one(sql, (row["documentId"],))[0]
        if "itemId" in sent or "lineObjectNumber" in sent:
            self._take_item(row, sent)
        amount = round(row["quantity"] * row["unitPrice"], 2)
        if "discountPercent" in sent:
            row["discountAmount"] = round(amount * row["discountPercent"] / 100, 2)
        elif "discountAmount" in sent and amount:
            row["discountPercent"] = round(row["discountAmount"] / amount * 100, 5)
        net = round(amount - row["discountAmount"], 2)
        tax = round(net * row["taxPercent"] / 100, 2)
        row.update(amountExcludingTax=net, netAmount=net, totalTaxAmount=tax, netTaxAmount=tax)
        row.update(amountIncludingTax=round(net + tax, 2), netAmountIncludingTax=round(net + tax, 2))

    def _take_item(self, row: Row, sent: set[str]) -> None:
        items = entities(BUSINESS_CENTRAL)["items"]
        wanted = {"id": row["itemId"]} if "itemId" in sent else {"number": row["lineObjectNumber"]}
        item = self.store.first(items, {"_company": row["_company"], **wanted})
        if item is None:
            if row["lineType"] == "Item" and row["itemId"] != ZERO_GUID:
                raise ApiError(400, "Internal_InvalidTableRelation", f"The item '{row['lineObjectNumber']}' cannot be found.")
            return
        row.update(lineType="Item", itemId=item["id"], lineObjectNumber=item["number"])
        for name, source in (("description", "displayName"), ("unitPrice", "unitPrice"), ("unitOfMeasureCode", "baseUnitOfMeasureCode")):
            if name not in sent:
                row[name] = item[source]
        if not sent & {"unitOfMeasureId", "unitOfMeasureCode"}:
            row["unitOfMeasureId"] = item["baseUnitOfMeasureId"]

    def _sum_up(self, invoice: str) -> None:
        row = self.store.get(self.invoices, invoice)
        if row is None:
            return
        sql = """SELECT total("amountExcludingTax"), total("totalTaxAmount") FROM bc_salesInvoiceLines WHERE "documentId" = ?"""
        net, tax = self.store.one(sql, (invoice,))
        net = round(net - row["discountAmount"], 2)
        totals = {"totalAmountExcludingTax": net, "totalTaxAmount": round(tax, 2), "totalAmountIncludingTax": round(net + tax, 2)}
        self.save(self.invoices, row, {**row, **totals})

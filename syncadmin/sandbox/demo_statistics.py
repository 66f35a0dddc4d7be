"""Demo data of Business Central: the figures of each customer, reckoned from the invoices; all in local currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from syncadmin.sandbox.demo_documents import summed
from syncadmin.sandbox.demo_rows import BLANK_DATE, DEMO_DATE, Row, Rows, business_central_row, cents, chance
from syncadmin.sandbox.ids import LOCAL_CURRENCY

_FISCAL_YEAR_BEGINS = f"{DEMO_DATE.year}-01-01"
_NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class _Figures:
    balance: Decimal
    overdue: Decimal
    sales: Decimal
    sales_of_year: Decimal
    drafts: Decimal
    last_activity: str


def statistics_rows(customers: Rows, invoices: Rows) -> dict[str, Rows]:
    """``customerFinancialDetails`` and ``customerStatistics``, both with the id of their customer. Sets the customers' ``balanceDue``."""
    details, statistics = [], []
    for customer in customers:
        figures = _figures([invoice for invoice in invoices if invoice["customerNumber"] == customer["number"]])
        customer["balanceDue"] = float(figures.overdue)
        details.append(_detail(customer, figures))
        statistics.append(_statistic(customer, figures))
    return {"customerFinancialDetails": details, "customerStatistics": statistics}


def _figures(invoices: Rows) -> _Figures:
    posted = [invoice for invoice in invoices if invoice["status"] != "Draft"]
    sold = [invoice for invoice in posted if invoice["status"] != "Canceled"]
    drafts = [invoice for invoice in invoices if invoice["status"] == "Draft"]
    overdue = [invoice for invoice in sold if invoice["dueDate"] < DEMO_DATE.isoformat()]
    of_year = [invoice for invoice in sold if invoice["postingDate"] >= _FISCAL_YEAR_BEGINS]
    return _Figures(
        balance=_local(sold, "remainingAmount"),
        overdue=_local(overdue, "remainingAmount"),
        sales=_local(sold, "totalAmountExcludingTax"),
        sales_of_year=_local(of_year, "totalAmountExcludingTax"),
        drafts=_local(drafts, "totalAmountIncludingTax"),
        last_activity=max((invoice["lastModifiedDateTime"] for invoice in invoices), default=_NEVER),
    )


def _local(invoices: Rows, name: str) -> Decimal:
    converted = [{name: in_local_currency(invoice, name)} for invoice in invoices]
    return summed(converted, name)


def in_local_currency(invoice: Row, name: str) -> Decimal:
    """An amount of the invoice by the rate of its posting, in cents."""
    factor = Decimal(str(invoice["currencyFactor"])) or Decimal(1)
    return cents(Decimal(str(invoice[name])) / factor)


def _detail(customer: Row, figures: _Figures) -> Row:
    return business_central_row(
        "customerFinancialDetails",
        id=customer["id"],
        number=customer["number"],
        balance=figures.balance,
        totalSalesExcludingTax=figures.sales,
        overdueAmount=figures.overdue,
        lastModifiedDateTime=customer["lastModifiedDateTime"],
    )


def _statistic(customer: Row, figures: _Figures) -> Row:
    active = figures.last_activity != _NEVER
    luck = chance(f"orders {customer['number']}")
    orders = cents(luck.randrange(200, 9000)) if active and luck.random() < 0.4 else Decimal(0)
    shipped = cents(orders / 4) if luck.random() < 0.5 else Decimal(0)
    return business_central_row(
        "customerStatistics",
        id=customer["id"],
        number=customer["number"],
        displayName=customer["displayName"],
        balance=figures.balance,
        outstandingOrders=orders - shipped,
        shippedNotInvoiced=shipped,
        outstandingInvoices=figures.drafts,
        total=figures.balance + orders + figures.drafts,
        creditLimit=customer["creditLimit"],
        overdueAmount=figures.overdue,
        totalSales=figures.sales_of_year,
        overdueAsOfDate=DEMO_DATE.isoformat() if active else BLANK_DATE,
        currencyCode=LOCAL_CURRENCY,
        lastActivityDateTime=figures.last_activity,
    )

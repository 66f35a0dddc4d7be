"""POSTEDSALESINV-INV and POSTEDSALESLINE-INV against the sandbox (default_setup.json special_rules, engine.md section 19)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from joblog.models import SynchEntry
from tests.mappings.rules.invoicing import Office
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
SEND = ("synchronize", "POSTEDSALESINV-INV", "--record")


@pytest.fixture
def office(demo_company: People) -> Office:
    return Office(demo_company)


def test_an_invoice_arrives_with_header_lines_and_totals(office: Office, command: Command) -> None:
    """Sections 18 and 19: name, customer, price list, lines, totals."""
    invoice = office.ready(office.invoice_where("status eq 'Open'", currencyCode="USD", pricesIncludeTax=False))
    code, told = command(*SEND, invoice["number"])
    assert code == 0, list(SynchEntry.objects.values_list("source_label", "code", "message"))
    assert [(job["mapping"], job["inserted"]) for job in told["jobs"]] == [
        ("POSTEDSALESINV-INV", 1), ("POSTEDSALESLINE-INV", len(office.lines_of(invoice)))
    ]  # fmt: skip
    sent = office.arrived(invoice)
    assert (sent["name"], sent["totalamount"], sent["totaltax"]) == (
        invoice["number"], invoice["totalAmountIncludingTax"], invoice["totalTaxAmount"]
    )  # fmt: skip
    assert sum(Decimal(str(line["extendedamount"])) for line in office.products_of(sent)) - Decimal(str(sent["discountamount"])) == Decimal(
        str(sent["totalamount"])
    )

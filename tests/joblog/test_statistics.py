"""Customer statistics and invoice status (engine.md section 20, A24)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog import runner
from joblog.models import JobQueueEntry, SynchEntry, SynchJob
from joblog.statistics import statistics_entry
from mappings.models import Coupling, System
from syncadmin.sandbox.ids import COMPANY_ID
from tests.mappings.rules.invoicing import Office
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
RUN = ("synchronize", "CUSTOMER STATISTICS")
FIGURES = {
    "balance": "nav_balancelcy",
    "overdueAmount": "nav_overdueamountslcy",
    "totalSales": "nav_totalsaleslcy",
    "total": "nav_totallcy",
}


@pytest.fixture
def office(demo_company: People) -> Office:
    return Office(demo_company)


@pytest.fixture
def invoice(office: Office, command: Command) -> dict[str, Any]:
    """An open invoice in local currency that has arrived, with its customer coupled."""
    ready = office.ready(office.open_invoice())
    assert command("synchronize", "POSTEDSALESINV-INV", "--record", ready["number"])[0] == 0
    return ready


@pytest.mark.rule("20.two-jobs", "20.1.figures", "20.1.first", "A24.names", "A24.type")
def test_two_jobs_bring_figures_and_status(office: Office, invoice: dict[str, Any], command: Command) -> None:
    """Section 20: one execution, two jobs; the account gets its statistics with the true figures."""
    code, told = command(*RUN)
    assert (code, [(job["mapping"], job["type"], job["inserted"], job["modified"]) for job in told["jobs"]]) == (
        0, [("CUSTOMER STATISTICS", "Statistics", 1, 0), ("INVOICE STATUS", "Statistics", 0, 0)]
    )  # fmt: skip
    assert [job["message"] for job in told["jobs"]] == ["updated account statistics", "updated payment status"]
    row, figures = statistics_of(office, invoice)
    assert {name: row[name] or 0 for name in FIGURES.values()} == {target: figures[name] for name, target in FIGURES.items()}
    assert (row["nav_customerno"], row["nav_overdueamountsasof"][:10]) == (invoice["customerNumber"], figures["overdueAsOfDate"])


def test_figures_are_called_as_in_business_central_where_sales_has_no_caption(
    office: Office, invoice: dict[str, Any], command: Command
) -> None:
    command(*RUN)
    changes = SynchEntry.objects.get(job__mapping_name="CUSTOMER STATISTICS").changes
    labels = {one["field"]: one["label"] for one in changes}
    assert labels["nav_customerno"] == "Number" and not any(label.startswith("nav_") for label in labels.values())


@pytest.mark.rule("20.1.changed", "20.2.once")
def test_a_second_run_writes_nothing(office: Office, invoice: dict[str, Any], command: Command) -> None:
    """Rule update-row."""
    command(*RUN)
    before = statistics_of(office, invoice)[0]["versionnumber"]
    _, told = command(*RUN)
    assert sum(job["inserted"] + job["modified"] for job in told["jobs"]) == 0
    assert statistics_of(office, invoice)[0]["versionnumber"] == before


@pytest.mark.rule("20.1.changed", "20.2.paid", "20.2.partial", "20.2.reopened")
def test_a_payment_moves_figures_and_status(office: Office, invoice: dict[str, Any], command: Command) -> None:
    """Section 20.2: partly paid, then paid; a closed invoice is opened again before it is changed."""
    command(*RUN)
    part = round(invoice["remainingAmount"] / 4, 2)
    states = []
    for amount in (part, round(invoice["remainingAmount"] - part, 2)):
        office.people.control("POST", "payment", {"invoice": invoice["number"], "amount": amount})
        _, told = command(*RUN)
        assert [job["modified"] for job in told["jobs"]] == [1, 1]
        states.append(tuple(office.arrived(invoice)[name] for name in ("statecode", "statuscode")))
    assert states == [(2, 100002), (2, 100001)]
    row, figures = statistics_of(office, invoice)
    assert row["nav_balancelcy"] == figures["balance"]


@pytest.mark.rule("20.1.account")
def test_the_link_on_the_account_is_no_change_of_the_account(office: Office, invoice: dict[str, Any], command: Command) -> None:
    """Section 20.1: the echo is absorbed, because the account was in sync before."""
    code, _ = command("synchronize", "CUSTOMER", "--record", invoice["customerNumber"], "--use", "business-central")
    assert code == 0, list(SynchEntry.objects.filter(action="Failed").values_list("code", "message"))
    coupling = Coupling.objects.get(mapping__name="CUSTOMER", bc_number=invoice["customerNumber"])
    command(*RUN)
    coupling.refresh_from_db()
    account = office.people.rows_sales("accounts", f"accountid eq {coupling.sales_key}")[0]
    assert coupling.sales_etag == account["@odata.etag"]


@pytest.mark.rule("20.1.account-gone", "20.failures", "9.1.statistics")
def test_a_deleted_account_fails_and_is_skipped(office: Office, demo_company: People, command: Command) -> None:
    """Rule missing-record."""
    customer = demo_company.rows_bc("customers")[0]
    account = demo_company.create_sales("accounts", name="Gone", customertypecode=3)["accountid"]
    assert command("couple", "CUSTOMER", customer["number"], account)[0] == 0
    demo_company.delete_sales("accounts", account)
    code, told = command(*RUN)
    assert (code, told["jobs"][0]["failed"]) == (1, 1)
    assert SynchEntry.objects.get(code="deleted").destination_key == ""
    assert Coupling.objects.get(sales_key=account).skipped


@pytest.mark.rule("A24.names")
def test_the_pages_of_the_jobs_open(office: Office, invoice: dict[str, Any], command: Command, signed_in: Callable[[str], Client]) -> None:
    """A24: both are named on screen."""
    _, told = command(*RUN)
    reader = signed_in("Reader")
    for job in told["jobs"]:
        page = reader.get(reverse("joblog:job", args=[job["id"]]))
        assert (page.status_code, job["mapping"] in page.content.decode()) == (200, True)


def statistics_of(office: Office, invoice: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row in Sales that the customer's account names, and the figures of Business Central."""
    coupling = Coupling.objects.get(mapping__name="CUSTOMER", bc_key=invoice["customerId"])
    account = office.people.rows_sales("accounts", f"accountid eq {coupling.sales_key}")[0]
    row = office.people.rows_sales("nav_accountstatisticses", f"nav_accountstatisticsid eq {account['_nav_accountstatisticsid_value']}")[0]
    return row, office.people.rows_bc("customerStatistics", f"id eq {invoice['customerId']}")[0]


@pytest.mark.rule("20.1.customer-gone")
def test_a_deleted_customer_fails_with_the_account_alone_and_is_skipped(demo_company: People, command: Command) -> None:
    customer = demo_company.create_bc("customers", displayName="Gone")
    account = demo_company.create_sales("accounts", name="Left alone", customertypecode=3)["accountid"]
    assert command("couple", "CUSTOMER", customer["number"], account)[0] == 0
    address = f"{demo_company.bc_root}/companies({COMPANY_ID})/customers({customer['id']})"
    assert demo_company.session.delete(address, headers={"If-Match": "*"}).ok
    code, told = command(*RUN)
    assert (code, told["jobs"][0]["failed"], told["jobs"][0]["status"]) == (1, 1, "Finished")
    entry = SynchEntry.objects.get(code="deleted")
    assert (entry.source_label, entry.destination_key, entry.destination_label) == ("", account, "Left alone")
    assert Coupling.objects.get(sales_key=account).skipped


@pytest.mark.rule("20.2.open", "20.2.once")
def test_an_invoice_that_is_open_goes_back_to_billed(office: Office, invoice: dict[str, Any], command: Command) -> None:
    key = office.arrived(invoice)["invoiceid"]
    office.people.change_sales("invoices", key, statecode=2, statuscode=100001)
    assert command(*RUN)[1]["jobs"][1]["modified"] == 1
    assert tuple(office.arrived(invoice)[name] for name in ("statecode", "statuscode")) == (0, 4)
    before = office.arrived(invoice)["versionnumber"]
    assert command(*RUN)[1]["jobs"][1]["modified"] == 0
    assert office.arrived(invoice)["versionnumber"] == before


@pytest.mark.rule("20.2.canceled")
def test_a_canceled_invoice_is_canceled_in_sales(office: Office, invoice: dict[str, Any], command: Command) -> None:
    root = office.people.bc_root.replace("saleslink/sync/v1.0", "v2.0")
    address = f"{root}/companies({COMPANY_ID})/salesInvoices({invoice['id']})/Microsoft.NAV.cancel"
    assert office.people.session.post(address).ok
    assert command(*RUN)[1]["jobs"][1]["modified"] == 1
    assert tuple(office.arrived(invoice)[name] for name in ("statecode", "statuscode")) == (3, 100003)


@pytest.mark.rule("20.disabled")
def test_with_the_connection_switched_off_the_entry_ends_in_error(company: People) -> None:
    System.objects.filter(kind="sales").update(enabled=False)
    entry = statistics_entry()
    entry.maximum_attempts, entry.status = 0, "Ready"
    entry.save()
    runner.run(entry.pk)
    entry.refresh_from_db()
    assert (entry.status, "is switched off" in entry.error_message) == ("Error", True)
    assert SynchJob.objects.get().status == "Error"


def test_statistics_that_sales_did_not_take_come_with_the_next_run(office: Office, invoice: dict[str, Any], command: Command) -> None:
    """Whether the customer has new entries or not: another one was active an hour later."""
    other = second_invoice(office, command, invoice)
    command(*RUN)
    office.people.control("POST", "payment", {"invoice": invoice["number"], "amount": 10})
    office.people.control("POST", "clock", {"system": "business_central", "offset_seconds": 3600})
    office.people.control("POST", "payment", {"invoice": other["number"], "amount": 10})
    for method, path in (("POST", r"\$batch"), ("PATCH", "nav_accountstatisticses")):
        office.people.fault(system="sales", kind="disconnect", method=method, path=path, times=3)
    assert command(*RUN)[1]["jobs"][0]["failed"] == 2
    office.people.control("DELETE", "faults")
    assert command(*RUN)[1]["jobs"][0]["modified"] == 2
    row, figures = statistics_of(office, invoice)
    assert row["nav_balancelcy"] == figures["balance"]


@pytest.mark.rule("20.one")
def test_update_account_statistics_of_one_customer_leaves_the_turn_of_the_others(
    office: Office, invoice: dict[str, Any], command: Command
) -> None:
    other = second_invoice(office, command, invoice)
    command(*RUN)
    mark = SynchJob.objects.filter(mapping_name="CUSTOMER STATISTICS").latest("id").watermark_after
    for one in (invoice, other):
        office.people.control("POST", "payment", {"invoice": one["number"], "amount": 10})
    code, told = command(*RUN, "--record", invoice["customerNumber"])
    assert (code, [(job["mapping"], job["read"], job["modified"]) for job in told["jobs"]]) == (
        0, [("CUSTOMER STATISTICS", 1, 1), ("INVOICE STATUS", 1, 1)]
    )  # fmt: skip
    assert (office.arrived(invoice)["statuscode"], office.arrived(other)["statuscode"]) == (100002, 4)
    assert SynchJob.objects.filter(mapping_name="CUSTOMER STATISTICS").latest("id").watermark_after == mark
    assert [job["modified"] for job in command(*RUN)[1]["jobs"]] == [1, 1]
    assert office.arrived(other)["statuscode"] == 100002


@pytest.mark.rule("20.one")
def test_update_account_statistics_needs_a_coupled_customer(office: Office, invoice: dict[str, Any], command: Command) -> None:
    stranger = next(row["number"] for row in office.people.rows_bc("customers") if row["id"] != invoice["customerId"])
    code, told = command(*RUN, "--record", stranger)
    assert (code, told["jobs"][0]["skipped"], told["jobs"][0]["read"]) == (0, 1, 0)
    assert "not coupled" in SynchEntry.objects.get(action="Skipped").message


@pytest.mark.rule("20.1.account")
def test_a_change_that_was_pending_on_the_account_is_still_seen(office: Office, invoice: dict[str, Any], command: Command) -> None:
    command("synchronize", "CUSTOMER", "--record", invoice["customerNumber"], "--use", "business-central")
    coupling = Coupling.objects.get(mapping__name="CUSTOMER", bc_number=invoice["customerNumber"])
    office.people.change_sales("accounts", str(coupling.sales_key), telephone1="555 0100")
    command(*RUN)
    command("synchronize", "CUSTOMER", "--record", invoice["customerNumber"], "--direction", "from")
    assert office.people.rows_bc("customers", f"number eq '{invoice['customerNumber']}'")[0]["phoneNumber"] == "555 0100"


def second_invoice(office: Office, command: Command, first: dict[str, Any]) -> dict[str, Any]:
    """An open invoice of another customer that has arrived."""
    found = office.people.rows_bc("salesInvoices", "status eq 'Open'")
    unpaid = (row for row in found if row["remainingAmount"] == row["totalAmountIncludingTax"])
    other = office.ready(next(row for row in unpaid if row["customerId"] != first["customerId"] and row["currencyCode"] == "USD"))
    assert command("synchronize", "POSTEDSALESINV-INV", "--record", other["number"])[0] == 0
    return other


@pytest.mark.rule("20.1.account")
def test_a_change_of_the_account_before_its_statistics_is_still_seen(office: Office, invoice: dict[str, Any], command: Command) -> None:
    number = invoice["customerNumber"]
    assert command("synchronize", "CUSTOMER", "--record", number, "--use", "business-central")[0] == 0
    coupling = Coupling.objects.get(mapping__name="CUSTOMER", bc_number=number)
    office.people.change_sales("accounts", str(coupling.sales_key), telephone1="4711")
    command(*RUN)
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["modified"] == 1
    assert office.people.rows_bc("customers", f"number eq '{number}'")[0]["phoneNumber"] == "4711"


@pytest.mark.rule("20.idle")
@pytest.mark.parametrize(("payment", "status"), [(0, "On Hold with Inactivity Timeout"), (1, "Ready")])
def test_a_run_without_work_waits_on_hold(office: Office, invoice: dict[str, Any], command: Command, payment: int, status: str) -> None:
    command(*RUN)
    entry = JobQueueEntry.objects.get(run_kind="statistics", recurring=True)
    JobQueueEntry.objects.filter(pk=entry.pk).update(status="Ready", earliest_start=timezone.now())
    if payment:
        office.people.control("POST", "payment", {"invoice": invoice["number"], "amount": payment})
    runner.run(entry.pk)
    entry.refresh_from_db()
    assert entry.status == status

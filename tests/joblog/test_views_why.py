"""Why is this record not synchronizing? The chain of decisions, each step with the button that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog import pauses, runner
from joblog.models import JobQueueEntry, Worker
from mappings.holds import hold
from mappings.models import Coupling, IntegrationTableMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
STEP = re.compile(r'<li class="why-step (\w+)">.*?<b>(.*?)</b>.*?<span class="why-text">(.*?)</span></div>(.*?)</li>', re.DOTALL)


@pytest.fixture(autouse=True)
def _worker(db: None) -> None:
    Worker.objects.create(host="here", pid=1, started_at=timezone.now(), heartbeat_at=timezone.now())


@pytest.fixture
def adatum(customer: IntegrationTableMapping, people: People, command: Command) -> str:
    """Key of a customer that is synchronized."""
    key = people.create_bc("customers", number="C1", displayName="Adatum", phoneNumber="1")["id"]
    assert command("synchronize", "CUSTOMER")[0] == 0
    return str(key)


@pytest.fixture
def ask(operator: Client) -> Callable[..., dict[str, tuple[str, str, str]]]:
    """The steps by name: standing, text, and what mends it. Of two of one name the one that stands in the way."""

    def look(key: str, *, name: str = "CUSTOMER", side: str = "business_central", client: Client = operator) -> dict[str, Any]:
        page = answer(client, name, side, key)
        found: dict[str, tuple[str, str, str]] = {}
        for standing, step, text, button in STEP.findall(page):
            if step not in found or standing == "bad":
                found[step] = (standing, unescape(re.sub(r"<[^>]+>", "", text)), button)
        return found

    return look


def answer(client: Client, name: str, side: str, key: str) -> str:
    mapping = IntegrationTableMapping.objects.get(name=name)
    return client.get(reverse("joblog:record-why", args=[mapping.pk, side, key])).content.decode()


def press(client: Client, button: str) -> Any:
    """Sends the form of a step."""
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', button)
    action = re.search(r'action="([^"]+)"', button)
    assert action is not None, button
    return client.post(action[1], {name: unescape(value) for name, value in fields if name != "csrfmiddlewaretoken"})


def test_a_record_in_order_has_nothing_in_the_way(operator: Client, adatum: str, ask: Any) -> None:
    steps = ask(adatum)
    assert {standing for standing, _, _ in steps.values()} <= {"good", "note"}
    assert "answered just now" in steps["Connections"][1]
    assert steps["Changed since then"][1] == "Business Central: nothing. Dynamics 365 Sales: nothing."
    assert "nothing to do" in answer(operator, "CUSTOMER", "business_central", adatum)


def test_what_changed_is_said_and_that_the_next_run_takes_it(operator: Client, adatum: str, ask: Any, people: People) -> None:
    people.change_bc("customers", adatum, phoneNumber="2")
    steps = ask(adatum)
    assert "Business Central: Phone Number" in steps["Changed since then"][1]
    assert "the next run synchronizes it" in answer(operator, "CUSTOMER", "business_central", adatum)


def test_a_mapping_that_is_switched_off(adatum: str, ask: Any) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(enabled=False)
    standing, text, button = ask(adatum)["Mapping"]
    assert (standing, "switched off" in text, "Open the Mapping" in button) == ("bad", True, True)


def test_a_connection_that_is_switched_off(adatum: str, ask: Any) -> None:
    sales = System.objects.get(kind="sales")
    System.objects.filter(pk=sales.pk).update(enabled=False)
    standing, text, button = ask(adatum)["Connections"]
    assert (standing, "switched off" in text) == ("bad", True)
    assert reverse("mappings:connection-edit", args=[sales.pk]) in button


def test_a_change_on_the_side_that_the_mapping_does_not_read(adatum: str, ask: Any, people: People) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(direction="FromIntegrationTable")
    assert ask(adatum)["Direction"][0] == "note"
    people.change_bc("customers", adatum, phoneNumber="2")
    standing, text, _ = ask(adatum)["Direction"]
    assert (standing, "Phone Number" in text) == ("bad", True)


def test_an_entry_on_hold_is_set_to_ready(operator: Client, adatum: str, ask: Any) -> None:
    JobQueueEntry.objects.filter(mapping__name="CUSTOMER").update(status="On Hold")
    standing, text, button = ask(adatum)["Job queue entry"]
    assert (standing, "is On Hold" in text) == ("bad", True)
    press(operator, button)
    assert ask(adatum)["Job queue entry"][0] == "good"


def test_an_entry_that_rests_a_missing_one_and_one_that_failed(adatum: str, ask: Any) -> None:
    own = JobQueueEntry.objects.filter(mapping__name="CUSTOMER")
    own.update(status="On Hold with Inactivity Timeout")
    assert ask(adatum)["Job queue entry"][0] == "note"
    own.update(status="Error", error_message="Refused.")
    assert "Refused." in ask(adatum)["Job queue entry"][1]
    own.delete()
    assert "no recurring entry" in ask(adatum)["Job queue entry"][1]


def test_a_pause_and_workers_that_are_gone(adatum: str, ask: Any) -> None:
    pauses.pause("Stocktaking", "someone")
    Worker.objects.all().delete()
    steps = ask(adatum)
    assert (steps["Pause"][:2], steps["Workers"][0]) == (("bad", "Everything is paused: Stocktaking."), "bad")


def test_the_condition_of_the_filter_that_is_not_met_is_named(adatum: str, ask: Any, people: People) -> None:
    people.change_bc("customers", adatum, blocked="All")
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(table_filter="blocked eq '_x0020_' and displayName ne 'Nobody'")
    standing, text, button = ask(adatum)["Filter"]
    assert (standing, text.endswith("It does not meet: Blocked is empty (it is All).")) == ("bad", True)
    assert "Open the Mapping" in button


def test_a_record_that_rules_of_its_table_leave_out(ask: Any, adatum: str, people: People) -> None:
    person = people.create_bc("contacts", type="Person", displayName="Ann Beebe")["id"]
    IntegrationTableMapping.objects.filter(name="CONTACT").update(synch_only_coupled=False, table_filter="")
    assert ask(person, name="CONTACT")["Rules of the table"][0] == "bad"


def test_an_uncoupled_record_of_a_mapping_for_coupled_ones(ask: Any, customer: IntegrationTableMapping, people: People) -> None:
    key = people.create_bc("customers", displayName="Adatum")["id"]
    assert ask(key)["Coupling"][0] == "good"
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=True)
    standing, text, button = ask(key)["Coupling"]
    assert (standing, "only coupled records" in text, "Set Up Coupling" in button) == ("bad", True, True)


def test_a_skipped_record_is_retried(operator: Client, adatum: str, ask: Any) -> None:
    Coupling.objects.update(skipped=True, to_result="Failure", last_error="Too long.")
    standing, text, button = ask(adatum)["Skipped"]
    assert (standing, "Too long." in text) == ("bad", True)
    press(operator, button)
    assert not Coupling.objects.get().skipped


def test_a_record_that_a_person_holds_says_who_and_why(operator: Client, adatum: str, ask: Any) -> None:
    hold(Coupling.objects.values_list("pk", flat=True), by="anna", reason="After the <audit>")
    steps = ask(adatum)
    standing, text, button = steps["On hold"]
    assert (standing, text.startswith("Held by anna"), text.endswith("Reason: After the <audit>")) == ("bad", True, True)
    assert "Skipped" not in steps
    press(operator, button)
    assert (Coupling.objects.get().skipped, Coupling.objects.get().held_by) == (False, "")


def test_a_deleted_counterpart(adatum: str, ask: Any, people: People) -> None:
    people.delete_sales("accounts", str(Coupling.objects.get().sales_key))
    standing, text, button = ask(adatum)["Records"]
    assert (standing, "deleted in Dynamics 365 Sales" in text) == ("bad", True)
    assert "Restore or Delete on the Record" in button


def test_a_difference_that_no_run_reads_is_synchronized_by_hand(operator: Client, adatum: str, ask: Any, people: People) -> None:
    people.change_bc("customers", adatum, phoneNumber="2")
    later = timezone.now() + timezone.timedelta(hours=1)
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(bc_watermark=later, bc_read_at=later)
    standing, text, button = ask(adatum)["Read by the next run"]
    assert (standing, text.startswith("No: modified")) == ("bad", True)
    press(operator, button)
    runner.run(JobQueueEntry.objects.get(recurring=False).pk)
    assert people.rows_sales("accounts")[0]["telephone1"] == "2"
    assert ask(adatum)["Changed since then"][1].startswith("Business Central: nothing")


def test_a_reference_that_is_not_coupled_is_found_by_its_button(operator: Client, adatum: str, ask: Any, people: People) -> None:
    people.create_standard("currencies", code="EUR", displayName="Euro")
    people.change_bc("customers", adatum, currencyCode="EUR")
    standing, text, button = ask(adatum)["References"]
    assert (standing, text) == ("bad", "EUR is not coupled in CURRENCY.")
    link = re.search(r'href="([^"]+)"', button)
    assert link is not None
    assert "EUR" in operator.get(unescape(link[1])).content.decode()


def test_a_conflict_is_decided_on_the_record_unless_the_mapping_says_who_wins(adatum: str, ask: Any, people: People) -> None:
    people.change_bc("customers", adatum, phoneNumber="2")
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), telephone1="3")
    steps = ask(adatum)
    standing, text, button = steps["Changed since then"]
    assert (standing, "Phone Number: was “1”, is now “2”" in text, "Resolve on the Record" in button) == ("bad", True, True)
    assert (steps["Then"][:2], "Values" in steps) == (("note", "Nothing is written before somebody has decided."), False)
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(update_conflict_resolution="GetUpdateFromIntegration")
    standing, text, _ = ask(adatum)["Changed since then"]
    assert (standing, "Get Update from Integration" in text) == ("note", True)


def test_a_value_that_does_not_fit_is_said_with_the_way_to_its_field(adatum: str, ask: Any, people: People) -> None:
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), name="x" * 120)
    standing, text, button = ask(adatum)["Values"]
    assert (standing, "Open the Field Mappings" in button) == ("bad", True), text


def test_a_record_that_is_gone_from_both_sides(adatum: str, ask: Any, people: People) -> None:
    people.delete_sales("accounts", str(Coupling.objects.get().sales_key))
    people.delete_standard("customers", adatum)
    standing, text, _ = ask(adatum)["Records"]
    assert (standing, "does not exist" in text) == ("bad", True)


def test_what_a_system_holds_is_text(adatum: str, operator: Client, people: People) -> None:
    people.change_bc("customers", adatum, displayName="<b>Bold</b>")
    Coupling.objects.update(skipped=True, last_error="<script>alert(1)</script>", bc_label="<i>x</i>")
    page = answer(operator, "CUSTOMER", "business_central", adatum)
    assert not re.search(r"<script>alert|<i>x|<b>Bold", page)


def test_a_reader_sees_the_chain_and_no_button_that_changes(reader: Client, adatum: str, ask: Any) -> None:
    Coupling.objects.update(skipped=True)
    JobQueueEntry.objects.filter(mapping__name="CUSTOMER").update(status="On Hold")
    page = answer(reader, "CUSTOMER", "business_central", adatum)
    assert "Skipped, because" in page
    assert "<form" not in page.split('class="why"')[1].split("<dialog")[0]


def test_the_page_of_the_record_folds_it_and_a_fragment_fills_it(operator: Client, customer: IntegrationTableMapping, adatum: str) -> None:
    place = reverse("joblog:record-why", args=[customer.pk, "business_central", adatum])
    assert f'hx-get="{place}"' in operator.get(reverse("joblog:record", args=[customer.pk, "business_central", adatum])).content.decode()
    fragment = operator.get(place, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "why-step" in fragment


def test_a_record_opens_in_its_own_system_where_the_web_client_is_known(
    operator: Client, customer: IntegrationTableMapping, adatum: str
) -> None:
    page = reverse("joblog:record", args=[customer.pk, "business_central", adatum])
    assert "Open in" not in operator.get(page).content.decode()
    System.objects.filter(kind="business_central").update(web_address="https://bc.example/BC")
    System.objects.filter(kind="sales").update(web_address="https://crm.example")
    shown = unescape(operator.get(page).content.decode())
    assert "https://bc.example/BC/?company=CRONUS&page=21&filter=%27No.%27%20IS%20%27C1%27" in shown
    assert f"https://crm.example/main.aspx?etn=account&pagetype=entityrecord&id={Coupling.objects.get().sales_key}" in shown


def test_errors_and_couplings_lead_there(operator: Client, adatum: str, people: People, command: Command) -> None:
    people.change_bc("customers", adatum, displayName="x" * 100)
    people.create_standard("currencies", code="EUR", displayName="Euro")
    people.change_bc("customers", adatum, currencyCode="EUR")
    command("synchronize", "CUSTOMER")
    coupling = Coupling.objects.get()
    place = reverse("joblog:record-why", args=[coupling.mapping_id, "business_central", adatum])
    for page in (reverse("joblog:errors"), reverse("joblog:coupling", args=[coupling.pk])):
        assert f'href="{place}"' in operator.get(page).content.decode()


def test_options_are_explained_from_either_side(operator: Client, company: People, command: Command, ask: Any) -> None:
    key = company.create_standard("paymentTerms", code="CM", displayName="Current Month")["id"]
    IntegrationTableMapping.objects.filter(name="PAYMENT TERMS").update(synch_only_coupled=False)
    assert ask(key, name="PAYMENT TERMS")["Then"][0] == "good"
    assert command("synchronize", "PAYMENT TERMS")[0] == 0
    value = str(Coupling.objects.get().sales_key)
    for side, own in (("business_central", key), ("sales", value)):
        steps = ask(own, name="PAYMENT TERMS", side=side)
        assert {standing for standing, _, _ in steps.values()} <= {"good", "note"}, steps


def test_a_line_travels_with_its_document(demo_company: People, ask: Any) -> None:
    (invoice, *_) = [one for one in demo_company.rows_standard("salesInvoices?$expand=salesInvoiceLines") if one["status"] == "Open"]
    line = invoice["salesInvoiceLines"][0]["id"]
    steps = ask(line, name="POSTEDSALESLINE-INV")
    assert "its record of POSTEDSALESINV-INV" in steps["Read by the next run"][1]
    assert "POSTEDSALESINV-INV" in steps["Job queue entry"][1]


def test_a_system_that_does_not_answer_is_named_with_its_connection(adatum: str, ask: Any, people: People) -> None:
    people.fault(system="sales", kind="status", status=503, path="accounts")
    standing, text, button = ask(adatum)["Connections"]
    assert (standing, "Dynamics 365 Sales" in text) == ("bad", True)
    assert reverse("mappings:connection-edit", args=[System.objects.get(kind="sales").pk]) in button


def test_a_filter_that_the_system_refuses_and_missing_fields_are_the_mappings_own(adatum: str, ask: Any) -> None:
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")
    IntegrationTableMapping.objects.update(table_filter="nowhere eq 1")
    steps = ask(adatum)
    assert (steps["Filter"][0], "Open the Mapping" in steps["Filter"][2], "Coupled:" in steps["Coupling"][1]) == ("bad", True, True)
    mapping.field_mappings.update(status="Disabled")
    standing, _, button = ask(adatum)["Field mappings"]
    assert (standing, "Open the Field Mappings" in button) == ("bad", True)


def test_an_answer_costs_few_requests(operator: Client, adatum: str, people: People) -> None:
    people.control("POST", "stats/reset")
    answer(operator, "CUSTOMER", "business_central", adatum)
    assert sum(stats["requests"] for name, stats in people.stats().items() if name in ("business_central", "sales")) <= 6

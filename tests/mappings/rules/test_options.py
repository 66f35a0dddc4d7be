"""Option mappings to Sales over HTTP: codes become options, and a set-up has them (engine.md section 16)."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from joblog.models import SynchEntry, SynchError, SynchJob
from mappings.models import Coupling, IntegrationTableMapping, OptionMapping, System, SystemTable
from syncadmin.sandbox.server import Sandbox
from tests.mappings.rules.options import (
    AGENT,
    SHIPPED,
    TERMS,
    Command,
    add_code,
    coupled,
    from_sales,
    mapping,
    pairs,
    rename,
    run,
    terms,
)
from tests.people import People

# ---- set-up


@pytest.mark.rule("16.defaults")
def test_the_default_set_up_has_the_three_mappings_with_the_shipped_pairs(company: People) -> None:
    found = IntegrationTableMapping.objects.filter(integration_table__contains=".").order_by("name")
    assert [(row.name, row.table, row.integration_table) for row in found] == [
        ("PAYMENT TERMS", "paymentTerms", "accounts.paymenttermscode"),
        ("SHIPMENT METHOD", "shipmentMethods", "accounts.address1_freighttermscode"),
        ("SHIPPING AGENT", "shippingAgents", "accounts.address1_shippingmethodcode"),
    ]
    assert {(row.direction, row.synch_only_coupled) for row in found} == {("ToIntegrationTable", True)}
    schedule = {(entry.minutes_between_runs, entry.inactivity_minutes) for row in found for entry in row.job_queue_entries.all()}
    assert schedule == {(30, 1440)}
    assert pairs() == {"NET30": 1, "2%10NET30": 2, "NET45": 3, "NET60": 4}
    assert pairs("SHIPMENT METHOD") == {"FOB": 1, "NOCHARGE": 2}
    agents = {"AIRBORNE": 1, "DHL": 2, "FEDEX": 3, "UPS": 4, "POSTALMAIL": 5, "FULLLOAD": 6, "WILLCALL": 7}
    assert pairs(AGENT) == agents
    assert {TERMS, AGENT, "SHIPMENT METHOD"} < set(IntegrationTableMapping.objects.get(name="CUSTOMER").depends_on)


def test_the_default_set_up_keeps_pairs_and_couplings_when_it_is_repeated(paired: People) -> None:
    OptionMapping.objects.filter(name=TERMS, code="NET45").delete()
    OptionMapping.objects.create(name=TERMS, code="COD", value=3)
    call_command("setup", "default", sandbox=paired.url, stdout=StringIO())
    assert pairs() == {"NET30": 1, "2%10NET30": 2, "COD": 3, "NET45": 3, "NET60": 4}
    assert coupled() == {"NET30": "1"}


def test_without_the_custom_pages_shipping_agents_have_no_mapping(db: None) -> None:
    with Sandbox(port=0, data="empty", custom_pages=False) as server:
        call_command("setup", "default", sandbox=server.url, stdout=StringIO())
    assert set(IntegrationTableMapping.objects.filter(integration_table__contains=".").values_list("name", flat=True)) == {
        "PAYMENT TERMS",
        "SHIPMENT METHOD",
    }


def test_the_configuration_travels_with_mappings_and_pairs(paired: People, tmp_path: Any) -> None:
    file = tmp_path / "configuration.json"
    call_command("setup", "export", str(file), stdout=StringIO())
    OptionMapping.objects.filter(name=TERMS).update(value=4)
    call_command("setup", "import", str(file), stdout=StringIO())
    assert pairs() == {"NET30": 1, "2%10NET30": 2, "NET45": 3, "NET60": 4}
    file.write_text(file.read_text().replace('"ToIntegrationTable"', '"Bidirectional"'))
    told = StringIO()
    with pytest.raises(SystemExit):
        call_command("setup", "import", str(file), stdout=StringIO(), stderr=told)
    assert "Option mappings synchronize only to Sales or only from Sales" in told.getvalue()


# ---- to Sales


@pytest.mark.rule("16.coupling", "5.2.options")
def test_a_pair_is_coupled_by_the_first_run_that_meets_it(company: People, command: Command) -> None:
    row = add_code(company, "NET30", "Net 30 days")
    add_code(company, "COD")
    assert run(command) == {"modified": 1}
    coupling = Coupling.objects.get(mapping__name=TERMS)
    assert (coupling.bc_key, coupling.bc_number, coupling.sales_key, coupling.sales_label) == (row["id"], "NET30", "1", "NET30")
    assert (coupling.to_result, coupling.skipped, coupling.bc_modified_at is None) == ("Success", False, False)
    assert coupling.baseline == {"code|label": ["NET30", "NET30"]}
    entry = SynchEntry.objects.get(job=coupling.to_job_id)
    assert (entry.source_label, entry.destination_key, entry.changes[0]["old"]) == ("NET30 Net 30 days", "1", "Net 30")


@pytest.mark.rule("16.to-new")
def test_an_uncoupled_code_becomes_an_option_of_every_column_and_its_pair(company: People, command: Command) -> None:
    mapping(synch_only_coupled=False)
    add_code(company, "COD", "Cash on delivery")
    assert run(command) == {"inserted": 1}
    value = pairs()["COD"]
    assert value >= 100_000_000 and coupled() == {"COD": str(value)}
    assert terms(company) == terms(company, "invoice") == SHIPPED | {value: "COD"}
    assert run(command) == {"unchanged": 1}


@pytest.mark.rule("16.to-new")
def test_the_label_is_the_description_where_the_field_mapping_says_so(company: People, command: Command) -> None:
    mapping(synch_only_coupled=False).field_mappings.update(field="displayName", truncate=False)
    add_code(company, "COD", "Cash on delivery")
    assert run(command) == {"inserted": 1}
    assert terms(company)[pairs()["COD"]] == "Cash on delivery"


@pytest.mark.rule("16.to-label", "16.columns")
def test_a_renamed_code_renames_its_option_in_every_column_and_its_pair(paired: People, command: Command) -> None:
    rename(paired, "NET30", "30 DAYS")
    assert run(command) == {"modified": 1}
    assert terms(paired) == terms(paired, "invoice") == SHIPPED | {1: "30 DAYS"}
    assert pairs() == {"30 DAYS": 1, "2%10NET30": 2, "NET45": 3, "NET60": 4}
    assert coupled() == {"30 DAYS": "1"}


def test_columns_that_were_different_are_alike_afterwards(paired: People, command: Command) -> None:
    paired.customize("DeleteOptionValue", "invoice", "paymenttermscode", 1)
    rename(paired, "NET30", "30 DAYS")
    assert run(command) == {"modified": 1}
    assert terms(paired, "invoice")[1] == "30 DAYS"


@pytest.mark.rule("A4.full")
def test_nothing_is_written_without_a_difference(paired: People, command: Command) -> None:
    for options in ([], ["--full"], ["--unconditional"]):
        assert set(run(command, *options)) <= {"unchanged"}
    assert "POST" not in paired.stats()["sales"]["by_method"]
    assert SynchJob.objects.order_by("-id")[0].bc_requests + SynchJob.objects.order_by("-id")[0].sales_requests <= 3


def test_letter_case_alone_is_no_difference(company: People, command: Command) -> None:
    company.create_bc("shippingAgents", code="FEDEX", displayName="FedEx Corporation")
    assert run(command, name=AGENT) == {"coupled": 1}
    assert company.options("account", "address1_shippingmethodcode")[3] == "FedEx"


def test_further_codes_of_an_option_neither_rename_it_nor_become_options(paired: People, command: Command) -> None:
    mapping(synch_only_coupled=False)
    OptionMapping.objects.create(name=TERMS, code="COD", value=1)
    add_code(paired, "COD")
    assert run(command, "--full") == {"unchanged": 1}
    assert (coupled(), pairs()["COD"]) == ({"NET30": "1"}, 1)


@pytest.mark.rule("16.uncoupled")
def test_a_customer_whose_code_has_no_pair_names_it_and_goes_through_once_it_is_an_option(company: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name__in=["CUSTOMER", TERMS]).update(synch_only_coupled=False)
    add_code(company, "COD")
    company.create_bc("customers", displayName="Adatum", paymentTermsCode="COD")
    job = command("synchronize", "CUSTOMER")[1]["jobs"][0]
    assert job["failed"] == 1
    error = SynchError.objects.get(resolved_at=None)
    assert (error.code, "COD has no pair in the option mapping PAYMENT TERMS" in error.message) == ("unknown-option", True)
    run(command)
    assert command("synchronize", "CUSTOMER")[1]["jobs"][0]["inserted"] == 1
    assert company.rows_sales("accounts")[0]["paymenttermscode"] == pairs()["COD"]


def test_options_that_people_add_are_known_to_later_runs(company: People, command: Command) -> None:
    company.customize("InsertOptionValue", "account", "paymenttermscode", 9, "Someday")
    from_sales()
    run(command)
    fields = SystemTable.objects.get(name="accounts").table().fields
    assert dict(fields["paymenttermscode"].options)[9] == "Someday"


def test_without_the_right_to_customize_a_code_fails_with_what_to_do_and_is_skipped_then(company: People, command: Command) -> None:
    mapping(synch_only_coupled=False)
    add_code(company, "COD")
    System.objects.filter(kind="sales").update(client_id="someone")
    assert [run(command), run(command), run(command)] == [{"failed": 1}, {"skipped": 1}, {"skipped": 1}]
    error = SynchError.objects.order_by("id").first()
    assert error is not None and error.code == "permission" and "prvWriteAttribute" in error.message and "extend its role" in error.message


# ---- a preview, a lost answer, a lost worker


@pytest.mark.rule("A11.same")
def test_a_preview_shows_new_options_and_writes_nothing(company: People, command: Command) -> None:
    mapping(synch_only_coupled=False)
    add_code(company, "COD")
    add_code(company, "NET30")
    company.control("POST", "stats/reset")
    assert run(command, "--preview") == {"inserted": 1, "modified": 1}
    assert (terms(company), coupled(), "COD" in pairs()) == (SHIPPED, {}, False)
    assert "POST" not in company.stats()["sales"]["by_method"]


@pytest.mark.parametrize("after", [0, 1, 2], ids=["after the other columns", "after all columns", "before anybody sees it"])
def test_a_lost_answer_makes_no_second_option(company: People, command: Command, after: int) -> None:
    mapping(synch_only_coupled=False)
    add_code(company, "COD")
    path = r"\$batch|PublishXml"
    company.fault(system="sales", kind="apply-then-disconnect", method="POST", path=path, after=after + 1, times=1)
    assert run(command) == {"inserted": 1}
    assert list(terms(company).values()) == [*SHIPPED.values(), "COD"] == list(terms(company, "invoice").values())
    assert run(command) == {"unchanged": 1}

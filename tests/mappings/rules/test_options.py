"""Option mappings over HTTP: codes of Business Central against the options of Sales columns (engine.md section 16)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from joblog import runner
from joblog.models import RunKind, SynchEntry, SynchError, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping, OptionMapping, System, SystemTable
from mappings.records import find_by_name
from syncadmin.sandbox.ids import COMPANY_ID
from syncadmin.sandbox.server import Sandbox
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Side
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
TERMS, AGENT = "PAYMENT TERMS", "SHIPPING AGENT"
SHIPPED = {1: "Net 30", 2: "2% 10, Net 30", 3: "Net 45", 4: "Net 60"}


def mapping(name: str = TERMS, **values: Any) -> IntegrationTableMapping:
    IntegrationTableMapping.objects.filter(name=name).update(**values)
    return IntegrationTableMapping.objects.get(name=name)


def from_sales(**values: Any) -> IntegrationTableMapping:
    changed = mapping(direction="FromIntegrationTable", **values)
    changed.field_mappings.update(direction="FromIntegrationTable")
    return changed


def run(command: Command, *options: str, name: str = TERMS) -> dict[str, int]:
    """What a synchronization counts, without zeros."""
    job = command("synchronize", name, *options)[1]["jobs"][0]
    assert job["status"] == "Finished", job["message"]
    counters = ("inserted", "modified", "unchanged", "skipped", "failed", "coupled", "uncoupled")
    return {one: job[one] for one in counters if job[one]}


def terms(people: People, entity: str = "account") -> dict[int, str]:
    return people.options(entity, "paymenttermscode")


def add_code(people: People, code: str, name: str = "") -> dict[str, Any]:
    return people.create_standard("paymentTerms", code=code, displayName=name or f"{code} in words")


def rename(people: People, code: str, new: str) -> None:
    (row,) = people.rows_standard("paymentTerms", f"code eq '{code}'")
    people.change_standard("paymentTerms", row["id"], code=new)


def delete_code(people: People, code: str) -> None:
    (row,) = people.rows_standard("paymentTerms", f"code eq '{code}'")
    root = people.bc_root.replace("saleslink/sync/v1.0", "v2.0")
    address = f"{root}/companies({COMPANY_ID})/paymentTerms({row['id']})"
    assert people.session.delete(address, headers={"If-Match": "*"}).status_code == 204


def codes(people: People) -> list[str]:
    return sorted(row["code"] for row in people.rows_standard("paymentTerms"))


def pairs(name: str = TERMS) -> dict[str, int]:
    return dict(OptionMapping.objects.filter(name=name).order_by("value", "id").values_list("code", "value"))


def coupled(name: str = TERMS) -> dict[str, str]:
    rows = Coupling.objects.filter(mapping__name=name, pending="")
    return {number: str(key) for number, key in rows.values_list("bc_number", "sales_key")}


def open_errors() -> set[str]:
    return set(SynchError.objects.filter(resolved_at=None).values_list("code", flat=True))


@pytest.fixture
def paired(company: People, command: Command) -> People:
    """The code NET30, coupled by its shipped pair and synchronized."""
    add_code(company, "NET30", "Net 30 days")
    assert run(command) == {"modified": 1}
    company.control("POST", "stats/reset")
    return company


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


# ---- from Sales


@pytest.mark.rule("16.from-new")
def test_an_option_without_pair_becomes_a_code_cut_and_in_capitals(company: People, command: Command) -> None:
    from_sales(synch_only_coupled=False)
    company.customize("InsertOptionValue", "account", "paymenttermscode", 9, "Pay someday, or never")
    OptionMapping.objects.filter(name=TERMS).delete()
    assert run(command) == {"inserted": 5}
    rows = {row["code"]: row["displayName"] for row in company.rows_standard("paymentTerms")}
    assert rows == {
        "NET 30": "Net 30", "2% 10, NET": "2% 10, Net 30", "NET 45": "Net 45", "NET 60": "Net 60", "PAY SOMEDA": "Pay someday, or never",
    }  # fmt: skip
    assert pairs() == {"NET 30": 1, "2% 10, NET": 2, "NET 45": 3, "NET 60": 4, "PAY SOMEDA": 9}
    assert run(command) == {"unchanged": 5}


@pytest.mark.rule("16.from-renamed")
def test_a_changed_label_renames_the_code_and_its_pair_and_all_who_use_it(paired: People, command: Command) -> None:
    paired.create_bc("customers", displayName="Adatum", paymentTermsCode="NET30")
    from_sales()
    assert run(command) == {"unchanged": 1}
    paired.customize("UpdateOptionValue", "account", "paymenttermscode", 1, "Monthly")
    assert run(command) == {"modified": 1}
    assert codes(paired) == ["MONTHLY"]
    assert pairs() == {"MONTHLY": 1, "2%10NET30": 2, "NET45": 3, "NET60": 4}
    assert paired.rows_bc("customers")[0]["paymentTermsCode"] == "MONTHLY"


def test_a_label_that_differs_in_letter_case_alone_renames_nothing(paired: People, command: Command) -> None:
    from_sales()
    run(command)
    paired.customize("UpdateOptionValue", "account", "paymenttermscode", 1, "Net30")
    assert run(command) == {"unchanged": 1}
    assert codes(paired) == ["NET30"]


def test_a_code_that_exists_already_is_not_made_twice(company: People, command: Command) -> None:
    from_sales(synch_only_coupled=False)
    OptionMapping.objects.filter(name=TERMS).delete()
    add_code(company, "NET 30")
    assert run(command) == {"inserted": 3, "failed": 1}
    assert (open_errors(), codes(company).count("NET 30")) == ({"duplicate"}, 1)


@pytest.mark.rule("16.removed")
def test_a_removed_option_fails_then_is_skipped(paired: People, command: Command) -> None:
    from_sales()
    run(command)
    paired.customize("DeleteOptionValue", "account", "paymenttermscode", 1)
    assert [run(command), run(command)] == [{"failed": 1}, {"skipped": 1}]
    assert (open_errors(), codes(paired)) == ({"deleted"}, ["NET30"])


@pytest.mark.rule("16.removed")
def test_with_remove_coupling_a_removed_option_loses_its_pair(paired: People, command: Command) -> None:
    from_sales(deletion_conflict_resolution="RemoveCoupling")
    paired.customize("DeleteOptionValue", "account", "paymenttermscode", 1)
    assert run(command) == {"uncoupled": 1}
    assert (coupled(), codes(paired), pairs()) == ({}, ["NET30"], {"2%10NET30": 2, "NET45": 3, "NET60": 4})


@pytest.mark.rule("16.removed")
@pytest.mark.parametrize("direction", ["from", "to"])
def test_with_restore_a_removed_option_comes_back_under_its_value(paired: People, command: Command, direction: str) -> None:
    changed = from_sales if direction == "from" else mapping
    changed(deletion_conflict_resolution="RestoreRecords")
    paired.customize("DeleteOptionValue", "account", "paymenttermscode", 1)
    assert run(command, "--unconditional") == {"inserted": 1}
    assert terms(paired)[1] == "NET30"
    assert (coupled(), pairs()["NET30"]) == ({"NET30": "1"}, 1)
    assert set(run(command, "--unconditional")) == {"unchanged"}


def test_a_definition_without_options_removes_nothing(paired: People, command: Command) -> None:
    from_sales(deletion_conflict_resolution="RemoveCoupling")
    paired.fault(system="sales", kind="empty", method="GET", path="EntityDefinitions", times=9)
    code, out = command("synchronize", TERMS)
    assert (code, out["jobs"][0]["status"]) == (2, "Error")
    assert coupled() == {"NET30": "1"}


# ---- coupling, matching, uncoupling


@pytest.mark.rule("16.one-way", "1.2.options-both")
def test_an_option_mapping_that_was_made_to_go_both_ways_does_not_run(company: People, command: Command) -> None:
    mapping(direction="Bidirectional")
    code, out = command("synchronize", TERMS)
    assert (code, out["jobs"][0]["status"]) == (2, "Error")
    assert "only to Sales or only from Sales" in out["jobs"][0]["message"]


def couple(code: str, value: str) -> str:
    """What the command says against it."""
    told = StringIO()
    with suppress(SystemExit):
        call_command("couple", TERMS, code, value, stdout=StringIO(), stderr=told)
    return told.getvalue()


def test_options_are_listed_and_found_by_their_labels(company: People, command: Command) -> None:
    _, told = command("records", TERMS, "net 4", "--side", "sales")
    assert [(row["key"], row["label"]) for row in told["records"]] == [("3", "Net 45")]
    assert len(command("records", TERMS, "--side", "sales", "--uncoupled")[1]["records"]) == len(terms(company))
    assert find_by_name(mapping(), Side.SALES, "NET 4").key == "3"
    with pytest.raises(RunError, match="No record named 45 exists"):
        find_by_name(mapping(), Side.SALES, "45")


@pytest.mark.rule("16.taken")
def test_an_option_that_is_coupled_already_is_refused(paired: People) -> None:
    add_code(paired, "COD")
    assert couple("COD", "1").startswith("NET30 is already coupled to NET30 Net 30 days.")
    assert (coupled(), "COD" in pairs()) == ({"NET30": "1"}, False)


def test_a_code_coupled_by_hand_gets_its_pair_and_comes_first_for_its_option(company: People) -> None:
    add_code(company, "TERMS45")
    assert couple("TERMS45", "3") == ""
    assert list(pairs().items())[2:4] == [("TERMS45", 3), ("NET45", 3)]
    assert coupled() == {"TERMS45": "3"}


@pytest.mark.rule("14.options", "16.same")
def test_codes_and_descriptions_are_matched_with_labels_after_the_pairs(company: People, command: Command) -> None:
    OptionMapping.objects.filter(name=TERMS).delete()
    OptionMapping.objects.create(name=TERMS, code="X", value=4)
    for code, name in (("NET 30", "a"), ("N45", "net 45"), ("X", "Net 30"), ("COD", "Cash")):
        add_code(company, code, name)
    job = command("match", TERMS)[1]["jobs"][0]
    assert (job["coupled"], job["failed"]) == (3, 1)
    assert coupled() == {"NET 30": "1", "N45": "3", "X": "4"} and pairs() == {"NET 30": 1, "N45": 3, "X": 4}
    error = SynchError.objects.get(code="no-match")
    assert "matches by Code (COD), nor by Display Name (Cash)" in error.message


@pytest.mark.rule("16.same")
def test_uncoupling_takes_the_pair_along_and_leaves_code_and_option(paired: People, command: Command) -> None:
    assert command("uncouple", TERMS, "NET30")[0] == 0
    assert (coupled(), pairs()) == ({}, {"2%10NET30": 2, "NET45": 3, "NET60": 4})
    assert (codes(paired), terms(paired)[1]) == (["NET30"], "NET30")
    assert SynchJob.objects.filter(type="Uncoupling", uncoupled=1).count() == 1
    assert run(command) == {}


def test_a_code_that_was_deleted_is_found_and_its_option_deleted_when_a_person_says_so(paired: People, command: Command) -> None:
    delete_code(paired, "NET30")
    runner.run(enqueue(mapping=mapping(), run_kind=RunKind.FIND_DELETED).pk)
    assert Coupling.objects.get(mapping__name=TERMS).skipped
    runner.run(enqueue(mapping=mapping(), run_kind=RunKind.DELETE, scope=Scope(sales_keys=("1",))).pk)
    assert (coupled(), 1 in terms(paired), 1 in terms(paired, "invoice")) == ({}, False, False)
    assert "NET30" not in pairs()


def test_a_full_run_of_all_and_a_second_one_find_each_option_once(demo_company: People, command: Command) -> None:
    for name in (TERMS, "SHIPMENT METHOD", AGENT):
        command("match", name)
        assert set(run(command, name=name)) <= {"modified", "unchanged"}
        demo_company.control("POST", "stats/reset")
        assert run(command, name=name) == {}
        assert sum(demo_company.stats()[system]["requests"] for system in ("sales", "business_central")) <= 8

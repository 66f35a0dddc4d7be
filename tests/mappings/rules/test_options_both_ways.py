"""Options of Sales columns become codes; options and codes are coupled, matched and uncoupled (engine.md section 16)."""

from __future__ import annotations

from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import call_command

from joblog import runner
from joblog.models import RunKind, SynchError, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, OptionMapping
from mappings.record_lists import find_by_name
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Side
from tests.mappings.rules.options import (
    AGENT,
    TERMS,
    Command,
    add_code,
    codes,
    coupled,
    delete_code,
    from_sales,
    mapping,
    open_errors,
    pairs,
    run,
    terms,
)
from tests.people import People

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

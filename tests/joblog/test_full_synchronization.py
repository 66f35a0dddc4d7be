"""Full synchronization (engine.md section 17), over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from joblog import full_synchronization as full
from joblog.claims import take as claim
from joblog.models import FullSynchronizationLine, JobQueueEntry, SynchJob
from joblog.runner import carry_out, run
from mappings.models import IntegrationTableMapping, System
from syncadmin.sync.errors import RunError
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def cronus(company: People) -> System:
    return System.objects.get(company="CRONUS")


def recommended(company: System) -> dict[str, str]:
    return {line.mapping.name: line.recommendation for line in full.refresh(company)}


def line_of(name: str) -> FullSynchronizationLine:
    return full.all_lines().get(mapping__name=name)


def states() -> dict[str, str]:
    return {line.mapping.name: line.state for line in full.all_lines()}


def work() -> list[str]:
    """What the workers find due, one wave; the names of the mappings that ran."""
    entries = list(JobQueueEntry.objects.exclude(full_line=None).filter(status="Ready").order_by("id"))
    for entry in entries:
        run(entry.pk)
    return [entry.mapping.name for entry in entries]


# ---- recommendations


@pytest.mark.rule("17.salespeople", "17.currency", "17.empty")
def test_a_new_environment_has_users_and_the_local_currency_to_synchronize(cronus: System) -> None:
    found = recommended(cronus)
    assert found["SALESPEOPLE"] == found["CURRENCY"] == "Full Synchronization"
    assert found["CUSTOMER"] == found["UNIT OF MEASURE"] == "No Records To Synchronize Now"


@pytest.mark.rule("17.full", "17.couple", "A25.couple")
def test_one_side_with_records_is_synchronized_and_both_are_coupled_first(cronus: System, people: People) -> None:
    people.create_bc("customers", displayName="Adatum")
    assert recommended(cronus)["CUSTOMER"] == "Full Synchronization"
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    assert recommended(cronus)["CUSTOMER"] == "Couple Records"


def test_records_outside_the_filters_do_not_count(cronus: System, people: People) -> None:
    people.create_sales("accounts", name="A competitor", customertypecode=1)
    assert recommended(cronus)["CUSTOMER"] == "No Records To Synchronize Now"


@pytest.mark.rule("17.currency")
def test_a_second_currency_in_sales_has_to_be_coupled(cronus: System, people: People) -> None:
    people.create_sales(
        "transactioncurrencies", isocurrencycode="EUR", currencyname="Euro", currencysymbol="€", currencyprecision=2, exchangerate=0.9
    )
    assert recommended(cronus)["CURRENCY"] == "Couple Records"


@pytest.mark.rule("17.units")
def test_one_unit_group_in_sales_counts_as_none(cronus: System, people: People) -> None:
    people.create_standard("unitsOfMeasure", code="PCS", displayName="Piece")
    people.create_sales("uomschedules", name="Default Unit", baseuomname="Primary Unit")
    assert recommended(cronus)["UNIT OF MEASURE"] == "Full Synchronization"
    people.create_sales("uomschedules", name="NAV BOX", baseuomname="BOX")
    assert recommended(cronus)["UNIT OF MEASURE"] == "Couple Records"


@pytest.mark.rule("17.options")
def test_codes_of_business_central_are_coupled_with_the_options_that_sales_always_has(cronus: System, people: People) -> None:
    people.create_standard("paymentTerms", code="NET30", displayName="Net 30 days")
    found = recommended(cronus)
    assert (found["PAYMENT TERMS"], found["SHIPMENT METHOD"]) == ("Couple Records", "No Records To Synchronize Now")


@pytest.mark.rule("17.lines")
def test_lines_of_documents_have_no_line_of_their_own(cronus: System) -> None:
    assert "POSTEDSALESLINE-INV" not in recommended(cronus)


def test_the_review_asks_each_system_once_per_route(cronus: System, people: People) -> None:
    full.refresh(cronus)
    people.control("POST", "stats/reset")
    full.refresh(cronus)
    stats = people.stats()
    assert (stats["business_central"]["requests"], stats["sales"]["requests"]) == (2, 1)


@pytest.mark.rule("17.override", "17.reset")
def test_a_person_may_recommend_full_synchronization_and_it_stays(cronus: System, people: People) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    full.refresh(cronus)
    assert full.recommend_full([line_of("CUSTOMER").pk]) == 1
    assert recommended(cronus)["CUSTOMER"] == "Full Synchronization"
    assert {line.mapping.name: line.recommendation for line in full.reset(cronus)}["CUSTOMER"] == "Couple Records"


# ---- waves


@pytest.mark.rule("17.start", "17.waves", "17.not-blocking")
def test_waves_follow_the_dependencies_without_a_look_of_the_timekeeper(cronus: System, people: People) -> None:
    people.create_bc("customers", displayName="Adatum")
    full.refresh(cronus)
    full.start(cronus)
    assert states()["CUSTOMER"] == ""
    assert work() == ["SALESPEOPLE", "CURRENCY"]
    assert work() == ["CUSTOMER"]
    assert set(states().values()) == {"Finished"}
    assert [row["name"] for row in people.rows_sales("accounts")] == ["Adatum"]


@pytest.mark.rule("10.explicit", "17.reads-all")
def test_only_coupled_is_overruled_and_the_mapping_keeps_it(cronus: System, people: People) -> None:
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    full.refresh(cronus)
    full.start(cronus)
    work(), work()
    assert [row["displayName"] for row in people.rows_bc("customers")] == ["Adatum"]
    assert IntegrationTableMapping.objects.get(name="CUSTOMER").synch_only_coupled


@pytest.mark.rule("17.failed-records")
def test_a_failed_record_leaves_the_line_finished_with_an_error_in_its_direction(cronus: System, people: People) -> None:
    people.create_sales("accounts", name="Too long a name " * 8, customertypecode=3)
    full.refresh(cronus)
    full.start(cronus)
    work(), work()
    line = line_of("CUSTOMER")
    assert (line.state, line.to_status, line.from_status) == ("Finished", "Success", "Error")
    assert line.from_job.failed == 1


@pytest.mark.rule("17.blocked", "17.restart")
def test_a_line_in_error_blocks_those_that_depend_on_it_until_it_is_started_anew(cronus: System, people: People) -> None:
    people.create_bc("customers", displayName="Adatum")
    full.refresh(cronus)
    good = spoil("CURRENCY")
    full.start(cronus)
    work()
    use_up_attempts()
    assert (states()["CURRENCY"], states()["CUSTOMER"]) == ("Error", "")
    IntegrationTableMapping.objects.filter(name="CURRENCY").update(table_filter=good)
    assert full.restart([line_of("CURRENCY").pk]) == 1
    assert (work(), work()) == (["CURRENCY"], ["CUSTOMER"])
    assert states()["CUSTOMER"] == "Finished"


def spoil(name: str) -> str:
    mapping = IntegrationTableMapping.objects.get(name=name)
    IntegrationTableMapping.objects.filter(pk=mapping.pk).update(table_filter="nothing eq 1")
    return mapping.table_filter


def use_up_attempts() -> None:
    """The rerun delay has passed, twice."""
    for _ in range(2):
        JobQueueEntry.objects.exclude(full_line=None).update(earliest_start=timezone.now())
        work()


@pytest.mark.rule("17.on-hold")
def test_recurring_entries_are_on_hold_until_the_last_attempt_and_get_their_status_back(cronus: System) -> None:
    recurring = JobQueueEntry.objects.filter(recurring=True)
    recurring.filter(mapping__name="CURRENCY").update(status="On Hold with Inactivity Timeout")
    before = dict(recurring.values_list("pk", "status"))
    full.refresh(cronus)
    spoil("CURRENCY")
    full.start(cronus)
    work()
    assert recurring.get(mapping__name="CURRENCY").status == "On Hold"
    use_up_attempts()
    assert states()["CURRENCY"] == "Error"
    assert dict(recurring.values_list("pk", "status")) == before


def test_a_recurring_entry_that_a_person_set_ready_meanwhile_stays_so(cronus: System) -> None:
    recurring = JobQueueEntry.objects.filter(recurring=True, mapping__name="CURRENCY")
    recurring.update(status="On Hold with Inactivity Timeout")
    full.refresh(cronus)
    spoil("CURRENCY")
    full.start(cronus)
    work()
    recurring.update(status="Ready")
    use_up_attempts()
    assert recurring.get().status == "Ready"


def run_to_its_end(name: str) -> None:
    """Runs a line's entry as a worker does that dies right after the end was written down."""
    taken = claim(JobQueueEntry.objects.get(full_line__mapping__name=name).pk)
    assert taken is not None
    carry_out(taken, lambda: False)


@pytest.mark.rule("17.watermarks")
def test_the_next_run_of_the_mapping_reads_only_what_is_newer(cronus: System, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    command("synchronize", "--all", "--full")
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")
    assert mapping.bc_watermark is not None and mapping.bc_read_at is not None


# ---- two at once, and lost workers


@pytest.mark.rule("1.4.full-guard", "17.start-refused")
def test_a_second_start_is_refused_while_one_runs(cronus: System) -> None:
    full.refresh(cronus)
    full.start(cronus)
    with pytest.raises(RunError, match="SALESPEOPLE"):
        full.start(cronus)
    with pytest.raises(RunError):
        full.reset(cronus)


@pytest.mark.rule("1.4.full-guard", "17.start-refused")
def test_a_lost_worker_does_not_keep_others_from_starting(cronus: System) -> None:
    full.refresh(cronus)
    full.start(cronus)
    for entry in JobQueueEntry.objects.exclude(full_line=None):
        assert claim(entry.pk)
    long_ago = timezone.now() - timedelta(hours=1)
    JobQueueEntry.objects.exclude(full_line=None).update(heartbeat_at=long_ago)
    full.reset(cronus)
    assert not JobQueueEntry.objects.exclude(full_line=None).exists()
    assert full.start(cronus) == len(states())


@pytest.mark.rule("1.4.full-guard")
def test_after_a_day_a_start_is_possible_whatever_still_claims_to_run(cronus: System) -> None:
    full.refresh(cronus)
    full.start(cronus)
    FullSynchronizationLine.objects.exclude(started_at=None).update(started_at=timezone.now() - timedelta(hours=24, minutes=1))
    assert all(line.state in ("", "Finished") or not full.alive(line) for line in full.reset(cronus))


def test_a_wave_that_a_lost_worker_did_not_start_is_started_by_the_timekeeper(cronus: System, people: People) -> None:
    people.create_bc("customers", displayName="Adatum")
    full.refresh(cronus)
    full.start(cronus)
    run_to_its_end("SALESPEOPLE")
    run_to_its_end("CURRENCY")
    assert states()["CUSTOMER"] == ""
    full.next_waves()
    assert states()["CUSTOMER"] == "Ready"


@pytest.mark.rule("17.unrelated")
def test_an_unrelated_run_touches_no_line(cronus: System, command: Command) -> None:
    full.refresh(cronus)
    command("synchronize", "CUSTOMER")
    assert set(states().values()) == {""}


# ---- the command


def test_the_command_creates_everything_and_ends_with_every_line_finished(demo_company: People, command: Command) -> None:
    code, told = command("synchronize", "--all", "--full")
    assert {line["status"] for line in told["lines"]} == {"Finished"}, told.get("message")
    assert code in (0, 1)


@pytest.mark.rule("A4.full")
def test_the_second_time_nothing_is_written(cronus: System, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    command("synchronize", "--all", "--full")
    code, told = command("synchronize", "--all", "--full")
    assert code == 0
    assert sum(job["inserted"] + job["modified"] for job in told["jobs"]) == 0


def test_a_line_that_cannot_run_is_told_with_code_two(cronus: System, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    mapping = IntegrationTableMapping.objects.get(name="CURRENCY")
    mapping.field_mappings.all().delete()
    code, told = command("synchronize", "--all", "--full")
    assert (code, told["status"]) == (2, "Error")
    assert "CUSTOMER is not started, because it depends on CURRENCY" in told["message"]


def test_one_direction_does_not_go_with_it(cronus: System, command: Command) -> None:
    assert command("synchronize", "--all", "--full", "--direction", "to")[0] == 2
    assert not SynchJob.objects.exists()


@pytest.mark.rule("17.refresh")
def test_a_refresh_adds_missing_lines_and_leaves_started_ones_alone(cronus: System, people: People) -> None:
    full.refresh(cronus)
    line_of("CONTACT").delete()
    FullSynchronizationLine.objects.filter(mapping__name="CUSTOMER").update(status="Finished")
    people.create_bc("customers", displayName="Adatum")
    people.create_bc("contacts", displayName="Ann", type="Person")
    found = recommended(cronus)
    assert "CONTACT" in found
    assert (found["CUSTOMER"], states()["CUSTOMER"]) == ("No Records To Synchronize Now", "Finished")

"""What follows matching, and matching as a run of a worker (engine.md section 14)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from joblog import matching_pages, runner
from joblog.claims import take
from joblog.models import JobQueueEntry, JobStatus, QueueStatus, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from tests.joblog.matching import Command, coupled, entries, told
from tests.people import People

# ---- new records


@pytest.mark.rule("A6.ambiguous", "14.6.create", "14.8.choices")
def test_only_records_without_any_match_are_created(both_sides: dict[str, str], people: People, command: Command) -> None:
    code, answer = command("match", "CUSTOMER", "--create-new")
    matching, created = answer["jobs"]
    assert (code, matching["coupled"], matching["skipped"], matching["failed"]) == (1, 2, 1, 2)
    assert (created["type"], created["direction"], created["inserted"]) == ("Synchronization", "ToIntegrationTable", 1)
    assert [told(entry) for entry in entries(command, created)] == [("C1 Alone", "Inserted", "")]
    assert sorted(row["name"] for row in people.rows_sales("accounts", "customertypecode eq 3")) == [
        "ADATUM", "Alone", "Shared", "Twins", "Twins",
    ]  # fmt: skip


def test_all_well_when_everything_is_coupled_or_created(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    only_coupled.create_new_if_no_match = True
    only_coupled.save()
    people.create_many_bc("customers", [{"displayName": "Adatum"}, {"displayName": "Contoso"}])
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    code, answer = command("match", "CUSTOMER")
    assert (code, [(job["coupled"], job["inserted"], job["failed"]) for job in answer["jobs"]]) == (0, [(1, 0, 0), (0, 1, 0)])
    assert Coupling.objects.filter(pending="").count() == 2


@pytest.mark.rule("14.6.create")
def test_a_record_that_could_not_be_compared_is_not_created(
    only_coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    only_coupled.field_mappings.filter(field="currencyCode").update(use_for_match=True)
    people.create_standard("currencies", code="XTS", displayName="Test")
    people.create_bc("customers", displayName="Adatum", currencyCode="XTS")
    _, answer = command("match", "CUSTOMER", "--create-new")
    assert [(job["type"], job["failed"]) for job in answer["jobs"]] == [("Coupling", 1)]
    assert "XTS is not coupled" in SynchEntry.objects.get().message


def test_a_reference_is_compared_through_its_coupling(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    only_coupled.field_mappings.filter(field="currencyCode").update(use_for_match=True)
    people.create_standard("currencies", code="XTS", displayName="Test")
    values = {"currencyname": "Test", "currencysymbol": "x", "exchangerate": 2, "currencyprecision": 2}
    key = people.create_sales("transactioncurrencies", isocurrencycode="XTS", **values)["transactioncurrencyid"]
    command("match", "CURRENCY")
    people.create_bc("customers", displayName="Adatum", currencyCode="XTS")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    bound = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({key})"}
    account = people.create_sales("accounts", name="Adatum", customertypecode=3, **bound)["accountid"]
    assert command("match", "CUSTOMER")[0] == 0
    assert Coupling.objects.get(mapping=only_coupled).sales_key == account


@pytest.mark.rule("14.6.from")
def test_a_mapping_that_only_goes_from_sales_creates_nothing(company: People, people: People, command: Command) -> None:
    code, answer = command("match", "SALESPEOPLE", "--create-new")
    assert (code, answer["jobs"][0]["status"], answer["jobs"][0]["code"]) == (2, "Error", "wrong-direction")


# ---- synchronization of what was coupled


@pytest.mark.rule("14.7.after", "14.7.send", "14.7.get")
@pytest.mark.parametrize(
    ("policy", "directions", "city"),
    [
        ("SendUpdateToIntegration", ["ToIntegrationTable"], "Atlanta"),
        ("GetUpdateFromIntegration", ["FromIntegrationTable"], "Boston"),
    ],
)
def test_coupled_records_are_synchronized_the_way_that_wins_conflicts(
    policy: str, directions: list[str], city: str, only_coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    only_coupled.update_conflict_resolution, only_coupled.synch_after_match = policy, True
    only_coupled.save()
    people.create_bc("customers", displayName="Adatum", city="Atlanta")
    people.create_bc("customers", displayName="Not coupled", city="Ulm")
    people.create_sales("accounts", name="Adatum", address1_city="Boston", customertypecode=3)
    _, answer = command("match", "CUSTOMER")
    assert [(job["direction"], job["modified"], job["inserted"]) for job in answer["jobs"][1:]] == [(way, 1, 0) for way in directions]
    assert people.rows_sales("accounts")[0]["address1_city"] == city
    assert {row["city"] for row in people.rows_bc("customers")} == {city, "Ulm"}


@pytest.mark.rule("14.7.none", "14.8.choices")
def test_without_a_policy_both_ways_run_and_differing_fields_are_conflicts(
    only_coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", displayName="Adatum", city="Atlanta")
    people.create_bc("customers", displayName="Contoso")
    people.create_sales("accounts", name="Adatum", address1_city="Boston", customertypecode=3)
    people.create_sales("accounts", name="Contoso", customertypecode=3)
    code, answer = command("match", "CUSTOMER", "--synch-after")
    assert (code, [job["failed"] for job in answer["jobs"]]) == (1, [0, 1, 0])
    assert SynchEntry.objects.get(action="Failed").code == "conflict"
    assert people.rows_sales("accounts", "name eq 'Adatum'")[0]["address1_city"] == "Boston"


def test_what_is_created_and_what_is_coupled_go_to_sales_in_one_job(
    only_coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    only_coupled.update_conflict_resolution = "SendUpdateToIntegration"
    only_coupled.save()
    people.create_many_bc("customers", [{"displayName": "Adatum", "city": "Atlanta"}, {"displayName": "Contoso"}])
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    code, answer = command("match", "CUSTOMER", "--create-new", "--synch-after")
    assert (code, [(job["inserted"], job["modified"]) for job in answer["jobs"]]) == (0, [(0, 0), (1, 1)])


# ---- in the background


@pytest.mark.rule("14.1.local")
def test_a_worker_matches_the_chosen_records_alone(
    both_sides: dict[str, str], only_coupled: IntegrationTableMapping, people: People
) -> None:
    blocked = people.create_bc("customers", displayName="Blocked", blocked="All")["id"]
    entry = enqueue(mapping=only_coupled, run_kind=RunKind.MATCH, scope=Scope(bc_keys=(both_sides["C3"], blocked)))
    runner.run(entry.pk)
    job = SynchJob.objects.get()
    assert (job.status, job.coupled, job.failed) == (JobStatus.FINISHED, 1, 1)
    assert (coupled(), SynchEntry.objects.get(action="Failed").code) == ({("C3 Shared", "A3 Shared")}, "outside-filter")
    assert not JobQueueEntry.objects.filter(pk=entry.pk).exists()


@pytest.mark.rule("A11.blocks-none")
def test_a_preview_runs_beside_another_run(both_sides: dict[str, str], only_coupled: IntegrationTableMapping) -> None:
    running = enqueue(mapping=only_coupled, run_kind=RunKind.SYNCHRONIZE)
    JobQueueEntry.objects.filter(pk=running.pk).update(status=QueueStatus.IN_PROCESS, claim_token="x", heartbeat_at=timezone.now())
    entry = enqueue(mapping=only_coupled, run_kind=RunKind.PREVIEW, scope=Scope(match=True, bc_keys=(both_sides["C0"],)))
    runner.run(entry.pk)
    assert [(job.type, job.coupled) for job in SynchJob.objects.all()] == [("Preview", 1)]
    assert not Coupling.objects.exists()


@pytest.mark.parametrize("kind", [RunKind.MATCH, RunKind.PREVIEW])
def test_slices_lose_and_double_nothing(
    kind: RunKind, only_coupled: IntegrationTableMapping, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_pages, "PAGE", 2)
    people.create_many_bc("customers", [{"displayName": name} for name in ("A", "B", "C", "D", "D", "E", "F", "X")])
    people.create_many_sales("accounts", "account", [{"name": name, "customertypecode": 3} for name in "ABCDEFGH"])
    entry = enqueue(mapping=only_coupled, run_kind=kind, scope=Scope(match=True))
    while (claim := take(entry.pk)) is not None:
        runner.carry_out(claim, lambda: True)
    job = SynchJob.objects.get()
    assert (job.status, job.read, job.coupled, job.failed) == (JobStatus.FINISHED, 8, 6, 2)
    assert sorted(SynchEntry.objects.exclude(code="").values_list("code", flat=True)) == ["no-match", "taken"]
    assert Coupling.objects.count() == (6 if kind is RunKind.MATCH else 0)


def test_an_interrupted_run_goes_on_where_it_was(both_sides: dict[str, str], only_coupled: IntegrationTableMapping, people: People) -> None:
    entry = enqueue(mapping=only_coupled, run_kind=RunKind.MATCH, scope=Scope(synch_after=True, create_new=True))
    people.fault(system="sales", kind="status", status=429, retry_after=60, method="POST", path=".*", times=1)
    runner.run(entry.pk)
    assert [job.status for job in SynchJob.objects.order_by("id")] == [JobStatus.FINISHED, JobStatus.IN_PROCESS]
    people.control("DELETE", "faults")
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=timezone.now())
    runner.run(entry.pk)
    matching, to_sales, from_sales = SynchJob.objects.order_by("id")
    assert (matching.coupled, to_sales.inserted, from_sales.status) == (2, 1, JobStatus.FINISHED)


def test_what_was_coupled_before_an_error_is_synchronized_by_the_next_attempt(
    only_coupled: IntegrationTableMapping, people: People
) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    entry = enqueue(mapping=only_coupled, run_kind=RunKind.MATCH, scope=Scope(synch_after=True))
    people.fault(system="sales", kind="status", status=403, method="GET", path="/accounts", after=1, times=10)
    runner.run(entry.pk)
    assert [job.status for job in SynchJob.objects.order_by("id")] == [JobStatus.FINISHED, JobStatus.ERROR]
    people.control("DELETE", "faults")
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=timezone.now())
    runner.run(entry.pk)
    assert [(job.type, job.modified + job.unchanged) for job in SynchJob.objects.order_by("id")[2:]] == [
        ("Coupling", 0), ("Synchronization", 1), ("Synchronization", 1),
    ]  # fmt: skip

"""Match-based coupling over HTTP: what is coupled, what is reported, and what follows (engine.md section 14, A6)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from joblog import matching_pages, runner
from joblog.claims import take
from joblog.models import JobQueueEntry, JobStatus, QueueStatus, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def only_coupled(company: People) -> IntegrationTableMapping:
    """The mapping CUSTOMER as the default set-up makes it: by name, only coupled records."""
    return IntegrationTableMapping.objects.get(name="CUSTOMER")


@pytest.fixture
def both_sides(only_coupled: IntegrationTableMapping, people: People) -> dict[str, str]:
    """One pair, one customer without account, one with two accounts, and two customers for one account; keys by label."""
    names = ("Adatum", "Alone", "Twins", "Shared", "SHARED")
    customers = [people.create_bc("customers", number=f"C{place}", displayName=name) for place, name in enumerate(names)]
    accounts = [
        people.create_sales("accounts", accountnumber=f"A{place}", name=name, customertypecode=3)
        for place, name in enumerate(("ADATUM", "Twins", "Twins", "Shared"))
    ]
    people.create_sales("accounts", accountnumber="V1", name="Alone", customertypecode=11)  # a vendor: outside the filter
    people.control("POST", "stats/reset")
    return {row["number"]: row["id"] for row in customers} | {row["accountnumber"]: row["accountid"] for row in accounts}


def coupled() -> set[tuple[str, str]]:
    return {(row.bc_label, row.sales_label) for row in Coupling.objects.all()}


def entries(command: Command, job: dict[str, Any]) -> list[dict[str, Any]]:
    return list(command("synchlog", "--job", str(job["id"]), "--entries")[1]["entries"])


def told(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["source"]["label"], entry["action"], entry["code"]


EXPECTED = [
    ("C0 Adatum", "Coupled", ""),
    ("C1 Alone", "Failed", "no-match"),
    ("C2 Twins", "Failed", "ambiguous"),
    ("C3 Shared", "Coupled", ""),
    ("C4 SHARED", "Failed", "taken"),
]


@pytest.mark.rule("A6.each-entry", "14.1.local", "14.1.remote", "14.4.one", "14.6.failed")
def test_every_record_is_coupled_or_has_its_own_reason(both_sides: dict[str, str], command: Command) -> None:
    code, answer = command("match", "CUSTOMER")
    (job,) = answer["jobs"]
    assert (code, job["type"], job["status"], job["read"], job["coupled"], job["failed"]) == (1, "Coupling", "Finished", 5, 2, 3)
    assert [told(entry) for entry in entries(command, job)] == EXPECTED
    assert coupled() == {("C0 Adatum", "A0 ADATUM"), ("C3 Shared", "A3 Shared")}
    assert set(Coupling.objects.values_list("origin", "pending", "bc_number")) == {("match", "", "C0"), ("match", "", "C3")}


def test_an_ambiguous_record_is_reported_with_all_that_match(both_sides: dict[str, str], command: Command) -> None:
    command("match", "CUSTOMER")
    entry = SynchEntry.objects.get(code="ambiguous")
    assert {one["key"]: one["label"] for one in entry.detail["candidates"]} == {both_sides["A1"]: "A1 Twins", both_sides["A2"]: "A2 Twins"}
    assert entry.message.startswith("2 Account records match by Display Name (Twins): A")
    assert command("synchlog", "--errors")[1]["entries"][1]["candidates"] == entry.detail["candidates"]


def test_a_taken_record_names_its_partner(both_sides: dict[str, str], command: Command) -> None:
    command("match", "CUSTOMER")
    entry = SynchEntry.objects.get(code="taken")
    assert (entry.destination_key, entry.destination_label) == (both_sides["A3"], "A3 Shared")
    assert "already coupled to C3 Shared" in entry.message


def test_a_second_run_couples_nothing_twice(both_sides: dict[str, str], command: Command) -> None:
    command("match", "CUSTOMER")
    before = coupled()
    _, answer = command("match", "CUSTOMER")
    assert (answer["jobs"][0]["coupled"], answer["jobs"][0]["failed"], coupled()) == (0, 3, before)


def test_coupled_records_are_not_compared_again(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    assert command("match", "CUSTOMER")[0] == 0
    code, answer = command("match", "CUSTOMER")
    assert (code, answer["jobs"][0]["requests"]) == (0, {"business_central": 1, "sales": 0})


@pytest.mark.rule("A11.match")
def test_a_preview_lists_the_same_and_couples_nothing(both_sides: dict[str, str], command: Command) -> None:
    code, answer = command("match", "CUSTOMER", "--preview", "--create-new", "--synch-after")
    (job,) = answer["jobs"]
    assert (code, job["type"], job["coupled"], job["failed"]) == (1, "Preview", 2, 2)
    assert [told(entry)[1] for entry in entries(command, job)] == ["Coupled", "Skipped", "Failed", "Coupled", "Failed"]
    assert not Coupling.objects.exists()
    assert IntegrationTableMapping.objects.get(name="CUSTOMER").last_job_id is None


@pytest.mark.rule("A2.pending-is-none")
def test_a_record_whose_insert_never_succeeded_is_a_candidate(
    both_sides: dict[str, str], only_coupled: IntegrationTableMapping, command: Command
) -> None:
    Coupling.objects.create(
        mapping=only_coupled, bc_key=both_sides["C0"], pending="ToIntegrationTable", to_result="Failure", pending_since=timezone.now()
    )
    Coupling.objects.create(mapping=only_coupled, sales_key=both_sides["A0"], pending="FromIntegrationTable", from_result="Failure")
    command("match", "CUSTOMER")
    row = Coupling.objects.get(bc_key=both_sides["C0"])
    assert (row.sales_key, row.pending, row.to_result) == (both_sides["A0"], "", "")
    assert not Coupling.objects.filter(sales_key=None).exists()


def test_what_somebody_coupled_in_that_moment_is_taken(
    both_sides: dict[str, str], only_coupled: IntegrationTableMapping, command: Command, after_the_look: Callable[..., Any]
) -> None:
    with after_the_look(mapping=only_coupled, bc_key="somebody", bc_label="X1 Somebody", sales_key=both_sides["A0"]):
        _, answer = command("match", "CUSTOMER")
    assert (answer["jobs"][0]["coupled"], answer["jobs"][0]["failed"]) == (1, 4)
    entry = SynchEntry.objects.get(source_label="C0 Adatum")
    assert (entry.code, "already coupled to X1 Somebody" in entry.message) == ("taken", True)


@pytest.fixture
def after_the_look(db: None) -> Callable[..., AbstractContextManager[None]]:
    """Saves a coupling right after the first look at the partners of Sales records, as another process would."""

    def coupling(**values: Any) -> AbstractContextManager[None]:
        made: list[Coupling] = []

        def wrapper(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            answer = execute(sql, parameters, many, context)
            if not made and sql.startswith("SELECT") and '"sales_key" IN' in sql:
                made.append(Coupling(**values))
                made[0].save()
            return answer

        return connection.execute_wrapper(wrapper)

    return coupling


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


# ---- what cannot run


@pytest.mark.rule("14.2.none", "A18.job")
def test_a_mapping_without_match_fields_says_what_to_specify(only_coupled: IntegrationTableMapping, command: Command) -> None:
    only_coupled.field_mappings.update(use_for_match=False)
    code, answer = command("match", "CUSTOMER")
    (job,) = answer["jobs"]
    assert (code, job["status"], job["code"]) == (2, "Error", "no-match-fields")
    assert "which fields of the mapping CUSTOMER" in job["message"]


@pytest.mark.rule("14.2.not-eligible")
def test_a_field_that_cannot_be_compared_is_named(
    both_sides: dict[str, str], only_coupled: IntegrationTableMapping, command: Command
) -> None:
    only_coupled.field_mappings.filter(field="", status="Enabled").update(use_for_match=True)
    only_coupled.field_mappings.create(field="creditLimit", integration_field="description", status="Enabled", use_for_match=True)
    _, answer = command("match", "CUSTOMER")
    assert (answer["jobs"][0]["status"], answer["jobs"][0]["coupled"]) == ("Finished", 2)
    assert "Not compared" in answer["jobs"][0]["message"]


def test_an_unknown_mapping_is_code_two(company: People, command: Command) -> None:
    code, answer = command("match", "NOTHING")
    assert (code, answer["jobs"], answer["status"]) == (2, [], "Error")
    assert "CUSTOMER" in answer["message"]


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


# ---- many


@pytest.mark.rule("14.many")
def test_five_thousand_customers_find_their_accounts_in_at_most_sixty_requests(
    only_coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    """By name first, then by phone: every tenth account has another name; two customers have one name that two accounts have, and two have
    one that a single account has."""
    only_coupled.field_mappings.filter(field="phoneNumber").update(use_for_match=True, match_priority=1)
    names = [f"Customer {number:05}" for number in range(5000)]
    names[1] = names[2] = "Twins"
    names[3] = names[4] = "Shared"
    phones = ["" if number in (1, 2, 3, 4) else f"{number:05}" for number in range(5000)]
    people.create_many_bc("customers", [{"displayName": name, "phoneNumber": phone} for name, phone in zip(names, phones, strict=True)])
    accounts = [{"name": names[at].upper(), "telephone1": f"{at:05}", "customertypecode": 3} for at in reversed(range(5000))]
    for account in [*accounts[::10], next(one for one in accounts if one["telephone1"] == "00004")]:
        account["name"] = "Another name"
    people.create_many_sales("accounts", "account", accounts)
    people.control("POST", "stats/reset")
    code, answer = command("match", "CUSTOMER")
    (job,) = answer["jobs"]
    assert (code, job["read"], job["coupled"], job["failed"]) == (1, 5000, 4997, 3)
    stats = people.stats()
    assert sum(stats[system]["requests"] for system in stats) == sum(job["requests"].values()) <= 60
    numbers = {row["accountid"]: row["telephone1"] for row in people.rows_sales("accounts")}
    check_partners(numbers)
    check_reasons(numbers)


def check_partners(numbers: dict[str, str]) -> None:
    """Everybody has the account of their own number, and nobody shares one; ``numbers`` are those of all accounts by key."""
    partners = list(Coupling.objects.values_list("bc_label", "sales_key"))
    assert len(partners) == len({key for _, key in partners}) == 4997
    assert all(numbers[str(key)] == label[-5:] for label, key in partners if not label.endswith("Shared"))


def check_reasons(numbers: dict[str, str]) -> None:
    failed = {entry.source_label.partition(" ")[2]: entry for entry in SynchEntry.objects.filter(action="Failed")}
    codes = list(SynchEntry.objects.filter(action="Failed").order_by("id").values_list("code", flat=True))
    assert codes == ["ambiguous", "ambiguous", "taken"]
    assert {numbers[one["key"]] for one in failed["Twins"].detail["candidates"]} == {"00001", "00002"}
    assert numbers[failed["Shared"].destination_key] == "00003"


@pytest.mark.rule("14.1.remote")
def test_accounts_match_however_old_they_are(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    IntegrationTableMapping.objects.filter(pk=only_coupled.pk).update(bc_watermark=timezone.now(), sales_watermark=timezone.now())
    assert command("match", "CUSTOMER")[1]["jobs"][0]["coupled"] == 1


@pytest.mark.rule("14.2.fields", "A9.nothing")
def test_a_field_mapping_that_is_disabled_is_not_compared(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    only_coupled.field_mappings.filter(field="phoneNumber").update(use_for_match=True)
    people.create_bc("customers", displayName="Adatum", phoneNumber="1")
    people.create_sales("accounts", name="Adatum", telephone1="2", customertypecode=3)
    assert command("match", "CUSTOMER", "--preview")[1]["jobs"][0]["coupled"] == 0
    only_coupled.field_mappings.filter(field="phoneNumber").update(status="Disabled")
    assert command("match", "CUSTOMER", "--preview")[1]["jobs"][0]["coupled"] == 1

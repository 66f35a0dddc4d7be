"""Inserting is two steps: lost answers, chosen and unchosen keys, values that come later (engine.md A2, A19)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.plan import Template
from syncadmin.sync.records import Action, Outcome, WriteResult
from tests.sync.memory import Fault, Killed
from tests.sync.world import BC, FROM, SALES, TO, World, make_plan, rule, table, text

BUSY = RetryLater("Sales is busy.", seconds=1)
SYSTEM_CHOOSES = make_plan(bc=table(BC, chosen_keys=False), sales=table(SALES, chosen_keys=False))
WITH_LATER = make_plan(
    rule("blocked", "note", sales_table=table(SALES, text("note", on_insert=False)), direction="Bidirectional"),
    sales=table(SALES, text("note", on_insert=False)),
)


def test_the_pending_coupling_is_saved_before_the_insert_is_sent() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso")
    world.sales.faults = [Fault("insert", error=BUSY)]
    with pytest.raises(RetryLater):
        world.run(TO)
    state = world.store.of(BC, key)
    assert (state.pending, state.sales.key) == (TO, "new1")
    assert state.pending_since is not None


@pytest.mark.rule("A2.lost-by-number", "A2.lost-none")
@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("plan", [make_plan(), SYSTEM_CHOOSES], ids=["we choose keys", "the system chooses keys"])
def test_an_insert_without_answer_happens_once(plan: object, arrives: bool) -> None:
    world = World(plan)  # type: ignore[arg-type]
    world.bc.add(number="C1", name="Contoso")
    world.sales.faults = [Fault("insert", arrives=arrives)]
    job = world.run(TO)
    assert job.counts == {"Inserted": 1}
    assert list(world.sales.rows) == [job.only().destination_key]
    assert world.run(TO).counts == {"Unchanged": 1}


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("plan", [make_plan(), SYSTEM_CHOOSES], ids=["we choose keys", "the system chooses keys"])
def test_a_busy_system_leaves_inserts_that_are_looked_for_later(plan: object, arrives: bool) -> None:
    world = World(plan)  # type: ignore[arg-type]
    for number in range(3):
        world.bc.add(number=f"C{number}", name=f"Customer {number}")
    world.sales.faults = [Fault("insert", error=BUSY, arrives=arrives)]
    with pytest.raises(RetryLater):
        world.run(TO)
    job = world.resume()
    assert job.counts == {"Inserted": 3}
    assert len(world.sales.rows) == 3
    assert all(len(entry.changes) >= 2 for entry in job.of(Action.INSERTED))


@pytest.mark.rule("A2.lost-by-number")
def test_a_lost_insert_is_found_by_the_next_job_too() -> None:
    world = World(SYSTEM_CHOOSES)
    key = world.bc.add(number="C1", name="Contoso")
    world.sales.faults = [Fault("insert", error=RunError("sign-in", "Refused."), arrives=True)]
    with pytest.raises(RunError):
        world.run(TO)
    world.clock.pass_(hours=1)
    job = world.run(TO)
    assert job.counts == {"Inserted": 1}
    assert len(world.sales.rows) == 1
    assert world.store.of(BC, key).pending is None


@pytest.mark.rule("A2.lost-several")
def test_several_candidates_are_left_to_a_person() -> None:
    world = World(make_plan(sales=table(SALES, chosen_keys=False, number="")))
    key = world.bc.add(number="C1", name="Contoso")
    world.sales.before_write = lambda _: world.sales.named("Contoso") or world.sales.add(name="Contoso")
    world.sales.faults = [Fault("insert", arrives=True)]
    job = world.run(TO)
    assert (job.only().action, job.only().code) == (Action.FAILED, "pending")
    assert len(world.sales.rows) == 2
    assert world.store.of(BC, key).pending is TO


def test_two_lost_inserts_of_one_name_never_share_a_record() -> None:
    world = World(make_plan(sales=table(SALES, chosen_keys=False, number="")))
    world.bc.add(number="C1", name="Contoso")
    world.bc.add(number="C2", name="Contoso")
    world.sales.faults = [Fault("insert", arrives=True)]
    job = world.run(TO)
    assert {entry.code for entry in job.of(Action.FAILED)} == {"pending"}
    assert len(world.sales.rows) == 2


@pytest.mark.rule("A2.lost-by-name")
def test_an_older_record_of_that_name_is_not_taken() -> None:
    world = World(make_plan(sales=table(SALES, chosen_keys=False, number="")))
    old = world.sales.add(name="Contoso")
    world.clock.pass_(days=1)
    world.bc.add(number="C1", name="Contoso")
    world.sales.faults = [Fault("insert", arrives=True)]
    job = world.run(TO)
    assert job.only().destination_key not in ("", old)
    assert job.counts == {"Inserted": 1}


@pytest.mark.rule("A2.lost-by-name", "A2.lost-none")
def test_a_coupled_record_of_that_name_is_not_taken() -> None:
    world = World(make_plan(sales=table(SALES, chosen_keys=False, number="")))
    world.bc.add(number="C1", name="Contoso")
    world.run(TO)
    world.bc.add(number="C2", name="Contoso")
    world.sales.faults = [Fault("insert", arrives=False)]
    assert world.run(TO).counts["Inserted"] == 1
    assert len(world.sales.rows) == 2


def test_a_lost_insert_without_number_and_name_is_never_repeated() -> None:
    world = World(make_plan(sales=table(SALES, chosen_keys=False, number="", caption="")))
    world.bc.add(phone="1")
    world.sales.faults = [Fault("insert", arrives=True)]
    assert world.run(TO).only().code == "pending"
    assert len(world.sales.rows) == 1


@pytest.mark.rule("A2.retried")
def test_a_refused_insert_fails_and_is_tried_again_by_the_next_run() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso")
    world.sales.refuse = lambda values: WriteResult(Outcome.REFUSED, code="required", text="Town is missing.", fields=("town",))
    job = world.run(TO)
    assert (job.only().code, job.only().fields, job.only().changes) == ("required", ("town",), ())
    assert world.store.of(BC, key).pending_since is None
    world.clock.pass_(hours=1)
    world.sales.refuse = lambda values: None
    assert world.run(TO).counts == {"Inserted": 1}


def test_a_number_that_is_taken_is_a_duplicate_and_not_a_lost_insert() -> None:
    world = World(SYSTEM_CHOOSES)
    world.sales.unique = "accountnumber"
    world.sales.add(accountnumber="C1", name="Somebody else")
    world.bc.add(number="C1", name="Contoso")
    for _ in range(2):
        assert world.run(TO).only().code == "duplicate"
    assert len(world.sales.rows) == 1


def test_a_lost_insert_that_arrives_late_is_taken_when_its_number_is_refused() -> None:
    world = World(SYSTEM_CHOOSES)
    world.sales.unique = "accountnumber"
    world.bc.add(number="C1", name="Contoso")
    arriving = {"accountnumber": "C1", "name": "Contoso"}
    world.sales.before_write = lambda _: world.sales.rows or world.sales.add(**arriving)
    world.sales.faults = [Fault("insert", arrives=False)]
    job = world.run(TO)
    assert job.counts == {"Inserted": 1}
    assert len(world.sales.rows) == 1


def test_an_insert_that_never_gets_an_answer_fails_and_does_not_count_towards_skipping() -> None:
    world = World()
    world.bc.add(number="C1", name="Contoso")
    for _ in range(3):
        world.sales.faults = [Fault("insert", arrives=False) for _ in range(9)]
        assert world.run(TO).counts == {"Failed": 1}
    world.sales.faults = []
    assert world.run(TO).counts == {"Inserted": 1}


@pytest.mark.rule("A19.update-only")
def test_values_that_are_taken_only_on_update_follow_in_the_same_run() -> None:
    world = World(WITH_LATER)
    world.bc.add(number="C1", name="Contoso", blocked=True)
    job = world.run(TO)
    key = job.only().destination_key
    assert job.counts == {"Inserted": 1}
    assert world.sales.value(key, "note") == "Yes"
    assert {change.field for change in job.only().changes} == {"accountnumber", "name", "limit", "note"}
    assert world.run(TO).counts == world.run(FROM).counts == {"Unchanged": 1}


@pytest.mark.parametrize("arrives", [True, False])
def test_a_run_that_breaks_off_before_the_later_values_loses_neither_record_nor_value(arrives: bool) -> None:
    world = World(WITH_LATER)
    key = world.bc.add(number="C1", name="Contoso", blocked=True)
    world.sales.faults = [Fault("modify", error=BUSY, arrives=arrives)]
    with pytest.raises(RetryLater):
        world.run(TO)
    job = world.resume()
    assert job.counts == {"Inserted": 1}
    assert {change.field for change in job.only().changes} == {"accountnumber", "name", "limit", "note"}
    world.both()
    assert world.sales.value(job.only().destination_key, "note") == "Yes"
    assert world.bc.value(key, "blocked") is True


def test_a_key_that_the_system_chose_is_kept_when_the_later_values_break_off() -> None:
    later = table(SALES, text("note", on_insert=False), chosen_keys=False, number="", caption="")
    world = World(make_plan(rule("blocked", "note", sales_table=later), sales=later))
    key = world.bc.add(number="C1", name="Contoso", blocked=True)
    world.sales.faults = [Fault("modify", error=BUSY)]
    with pytest.raises(RetryLater):
        world.run(TO)
    assert world.store.of(BC, key).sales.key == "s1"
    assert world.resume().counts == {"Inserted": 1}
    assert world.sales.value("s1", "note") == "Yes"


def test_refused_later_values_leave_record_and_coupling_and_are_sent_again() -> None:
    world = World(WITH_LATER)
    key = world.bc.add(number="C1", name="Contoso", blocked=True)
    world.sales.refuse = lambda values: WriteResult(Outcome.REFUSED, code="refused") if "note" in values else None
    job = world.run(TO)
    assert job.counts == {"Failed": 1}
    assert {change.field for change in job.only().changes} == {"accountnumber", "name", "limit"}
    assert world.store.of(BC, key).pending is None
    world.run(FROM)
    assert world.bc.value(key, "blocked") is True
    world.sales.refuse = lambda values: None
    assert world.run(TO).counts == {"Modified": 1}
    assert world.sales.value(job.only().destination_key, "note") == "Yes"


@pytest.mark.rule("5.7.uncoupled", "6.only-coupled", "10.when")
def test_only_coupled_records_are_never_created() -> None:
    world = World(make_plan(only_coupled=True))
    key = world.bc.add(number="C1", name="Contoso")
    assert world.run(TO).counts == {}
    named = world.run(TO, keys=[key])
    assert named.counts == {"Skipped": 1}
    assert "Couple it first" in named.only().text
    assert world.sales.rows == {}


def test_a_record_with_a_bad_value_gets_a_pending_coupling_and_is_retried() -> None:
    world = World()
    key = world.bc.add(number="C1", name="x" * 70)
    assert world.run(TO).only().code == "too-long"
    assert world.store.of(BC, key).pending is TO
    world.clock.pass_(hours=1)
    world.bc.rows[key].values["name"] = "short"
    assert world.run(TO).counts == {"Inserted": 1}


def test_business_central_takes_new_accounts() -> None:
    world = World()
    key = world.sales.add(accountnumber="C1", name="Contoso", stars="A")
    job = world.run(FROM)
    assert world.bc.value(job.only().destination_key, "rating") == "A"
    assert world.store.of(SALES, key).bc_number == "C1"
    assert world.run(TO).counts == {"Unchanged": 1}


@pytest.mark.rule("A5.sent", "A5.win", "A5.shown")
@pytest.mark.parametrize("dies", [[], ["after sending"], ["before settle"]])
def test_the_entry_tells_which_template_won(dies: list[str]) -> None:
    world = World(make_plan(templates={SALES: (Template("DOMESTIC", {"town": "Berlin", "limit": 9}),)}))
    world.bc.add(number="C1", name="Contoso", city="Ulm", credit=5)
    assert world.run(TO, preview=True).only().detail == {"template": "DOMESTIC"}
    with suppress(Killed):
        world.run(TO, dies=list(dies))
    job = world.jobs[-1] if world.jobs[-1].done else world.resume()
    assert job.only().detail == {"template": "DOMESTIC"}
    key = job.only().destination_key
    assert (world.sales.value(key, "town"), world.sales.value(key, "limit")) == ("Berlin", 9)
    assert world.run(TO).counts == {"Unchanged": 1}


def test_a_new_record_with_system_defaults_flows_back() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso")
    defaults = {"before": world.sales._create}
    world.sales._create = lambda key, values: defaults["before"](key, {"town": "Default Town"} | values)  # type: ignore[method-assign]
    world.both()
    assert world.bc.value(key, "city") == "Default Town"


def test_a_key_that_is_taken_is_forgotten_so_that_the_next_run_takes_no_stranger_for_its_own() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso")
    world.sales.refuse = lambda values: WriteResult(Outcome.REFUSED, code="duplicate", text="Another one has this value.", passing=True)
    assert world.run(TO).only().code == "duplicate"
    assert world.store.of(BC, key).sales.key is None
    world.sales.refuse = lambda values: None
    assert world.run(TO).counts == {"Inserted": 1}

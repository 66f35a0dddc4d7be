"""Both sides changed the same field (engine.md A1, section 7)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from syncadmin.sync.decide import Policy
from syncadmin.sync.errors import RetryLater
from syncadmin.sync.plan import UpdatePolicy
from syncadmin.sync.records import Action
from tests.sync.memory import Fault
from tests.sync.world import BC, FROM, SALES, TO, World


def a_conflict(**options: object) -> tuple[World, str, str]:
    world = World()
    key, partner = world.pair()
    world.use(**options)
    world.bc.change(key, phone="2")
    world.sales.change(partner, telephone="3")
    return world, key, partner


@pytest.mark.rule("A1.fails-once", "7.none-to")
def test_a_conflict_fails_once_per_run() -> None:
    world, key, partner = a_conflict()
    to, back = world.both()
    assert (to.counts, back.counts) == ({"Failed": 1}, {"Unchanged": 1})
    assert to.only().code == "conflict"
    assert to.only().detail["conflicts"][0]["sales"] == "3"
    assert (world.bc.value(key, "phone"), world.sales.value(partner, "telephone")) == ("2", "3")


@pytest.mark.rule("A1.others-flow", "A1.failed-alone", "6.one-way-after")
def test_other_fields_flow_both_ways_beside_a_conflict() -> None:
    world, key, partner = a_conflict()
    world.bc.change(key, city="Bonn", credit=Decimal(7))
    world.sales.change(partner, name="Fabrikam", stars="A")
    to, back = world.both()
    assert (to.counts, back.counts) == ({"Failed": 1}, {"Modified": 1})
    assert {change.field for change in to.only().changes} == {"town", "limit"}
    assert (world.sales.value(partner, "town"), world.sales.value(partner, "limit")) == ("Bonn", 7)
    assert (world.bc.value(key, "name"), world.bc.value(key, "rating")) == ("Fabrikam", "A")


@pytest.mark.rule("7.none-from")
def test_the_other_direction_alone_fails_the_conflict_itself() -> None:
    world, _, _ = a_conflict()
    assert world.run(FROM).only().code == "conflict"


def test_a_conflict_that_nobody_decides_is_skipped() -> None:
    world, key, _ = a_conflict()
    world.both()
    to, back = world.both()
    assert (to.counts, back.counts) == ({"Skipped": 1}, {})
    assert world.store.of(BC, key).skipped


@pytest.mark.rule("A1.send", "A1.get", "7.send-to", "7.send-from", "7.get-to", "7.get-from", "7.not-skipped")
@pytest.mark.parametrize(("policy", "value"), [(UpdatePolicy.SEND, "2"), (UpdatePolicy.GET, "3")])
def test_a_policy_decides_it(policy: UpdatePolicy, value: str) -> None:
    world, key, partner = a_conflict(update_policy=policy)
    to, back = world.both()
    assert (world.bc.value(key, "phone"), world.sales.value(partner, "telephone")) == (value, value)
    assert to.counts == ({"Modified": 1} if policy is UpdatePolicy.SEND else {"Skipped": 1})
    state = world.store.of(BC, key)
    assert not (state.to_sales.failed or state.from_sales.failed or state.message)
    assert back.counts == ({"Unchanged": 1} if policy is UpdatePolicy.SEND else {"Modified": 1})


@pytest.mark.rule("A4.winner")
@pytest.mark.parametrize(("winner", "value"), [(BC, "2"), (SALES, "3")])
def test_a_person_decides_it(winner: object, value: str) -> None:
    world, key, partner = a_conflict()
    world.both()
    world.both(keys=None, policy=Policy(winner=winner))  # type: ignore[arg-type]
    assert (world.bc.value(key, "phone"), world.sales.value(partner, "telephone")) == (value, value)
    world.both()
    assert not world.store.of(BC, key).to_sales.failed


@pytest.mark.parametrize(("undone", "value"), [(BC, "3"), (SALES, "2")])
def test_a_conflict_that_one_side_takes_back_flows_at_last(undone: object, value: str) -> None:
    world, key, partner = a_conflict()
    world.both()
    world.clock.pass_(hours=1)
    world.bc.change(key, phone="1") if undone is BC else world.sales.change(partner, telephone="1")
    world.both()
    world.clock.pass_(hours=1)
    world.both()
    assert (world.bc.value(key, "phone"), world.sales.value(partner, "telephone")) == (value, value)
    assert not world.store.of(BC, key).from_sales.failed


def test_a_change_that_gave_way_is_not_lost_when_the_winner_takes_his_back() -> None:
    world, _, partner = a_conflict(update_policy=UpdatePolicy.GET)
    assert world.run(TO).counts == {"Skipped": 1}
    world.clock.pass_(hours=1)
    world.run(TO)
    world.clock.pass_(hours=1)
    world.sales.change(partner, telephone="1")
    world.both()
    assert world.sales.value(partner, "telephone") == "2"


@pytest.mark.rule("A1.both-equal", "7.same-values")
def test_the_same_value_on_both_sides_settles_a_conflict() -> None:
    world, key, partner = a_conflict()
    world.both()
    world.sales.change(partner, telephone="2")
    to, back = world.both()
    assert to.counts["Failed"] == back.counts["Failed"] == 0
    assert world.writes() == 0
    assert not world.store.of(BC, key).to_sales.failed


@pytest.mark.rule("A1.no-baseline", "7.no-baseline-both")
def test_records_coupled_by_hand_conflict_where_they_differ_and_agree_elsewhere() -> None:
    world = World()
    world.use(only_coupled=True)
    bc_key = world.bc.add(number="C1", name="Contoso", phone="1", city="Ulm")
    sales_key = world.sales.add(accountnumber="C1", name="Contoso", telephone="2", town="Ulm")
    world.couple(bc_key, sales_key)
    to, _ = world.both()
    assert to.only().fields == ("phone",)
    assert world.both()[0].only().code == "conflict"
    world.store.save(replace(world.store.of(BC, bc_key), skipped=False))
    world.run(FROM, policy=Policy(winner=SALES))
    assert world.bc.value(bc_key, "phone") == "2"


@pytest.mark.rule("A4.unconditional")
def test_an_unconditional_run_overwrites_all_that_differs() -> None:
    world, _, partner = a_conflict()
    world.sales.change(partner, town="Bonn")
    job = world.run(TO, policy=Policy(unconditional=True))
    assert job.counts == {"Modified": 1}
    assert (world.sales.value(partner, "telephone"), world.sales.value(partner, "town")) == ("2", "Ulm")


@pytest.mark.rule("A4.unconditional", "A17.exceptions")
def test_an_unconditional_run_writes_nothing_where_nothing_differs() -> None:
    world = World()
    world.pair()
    world.sales.calls.clear()
    job = world.run(TO, policy=Policy(unconditional=True))
    assert job.counts == {"Unchanged": 1}
    assert world.sales.calls == ["read_records"]
    assert world.writes() == 0


def test_a_conflict_that_arises_under_our_hands_is_seen() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2", city="Bonn")
    quick = iter([lambda: world.sales.change(partner, telephone="3")])
    world.sales.before_write = lambda _: next(quick, lambda: None)()
    job = world.run(TO)
    assert (job.only().action, job.only().code) == (Action.FAILED, "conflict")
    assert [change.field for change in job.only().changes] == ["town"]
    assert world.sales.value(partner, "telephone") == "3"


def test_a_conflict_beside_a_lost_answer_lists_what_was_written() -> None:
    world, _, partner = a_conflict()
    (key,) = world.bc.rows
    world.bc.change(key, city="Bonn")
    world.sales.faults = [Fault("modify", arrives=True)]
    job = world.run(TO)
    assert job.counts == {"Failed": 1}
    assert [change.field for change in job.only().changes] == ["town"]
    assert world.sales.value(partner, "town") == "Bonn"


def test_a_conflict_beside_a_broken_off_write_lists_what_was_written() -> None:
    world, key, _ = a_conflict()
    world.bc.change(key, city="Bonn")
    world.sales.faults = [Fault("modify", error=RetryLater("Busy.", seconds=1), arrives=True)]
    with pytest.raises(RetryLater):
        world.run(TO)
    job = world.resume()
    assert (job.only().code, [change.field for change in job.only().changes]) == ("conflict", ["town"])


def test_a_conflict_keeps_the_former_baseline() -> None:
    world, key, _ = a_conflict()
    world.both()
    assert world.store.of(BC, key).baseline["phone|telephone"] == ("1", "1")


def test_a_lifted_skip_lists_the_conflict_again() -> None:
    world, key, _ = a_conflict()
    world.both()
    world.both()
    world.store.save(replace(world.store.of(BC, key), skipped=False))
    assert world.both()[0].only().code == "conflict"


@pytest.mark.rule("12.field")
def test_a_person_decides_field_by_field() -> None:
    world, key, partner = a_conflict()
    world.bc.change(key, name="Fabrikam", city="Bonn")
    world.sales.change(partner, name="Contoso Ltd.", town="Kiel")
    to, back = world.both(policy=Policy(winners={"phone|telephone": BC, "name|name": SALES}))
    assert (to.counts, back.counts) == ({"Failed": 1}, {"Modified": 1})
    assert [one["field"] for one in to.only().detail["conflicts"]] == ["city"]
    assert world.sales.value(partner, "telephone") == world.bc.value(key, "phone") == "2"
    assert world.sales.value(partner, "name") == world.bc.value(key, "name") == "Contoso Ltd."
    assert (world.bc.value(key, "city"), world.sales.value(partner, "town")) == ("Bonn", "Kiel")


@pytest.mark.rule("12.field")
def test_a_conflict_that_is_decided_in_each_field_is_none_any_more() -> None:
    world, key, partner = a_conflict()
    world.bc.change(key, name="Fabrikam")
    world.sales.change(partner, name="Contoso Ltd.")
    to, back = world.both(policy=Policy(winners={"phone|telephone": BC, "name|name": SALES}))
    assert (to.counts, back.counts) == ({"Modified": 1}, {"Modified": 1})
    assert world.writes() == 2
    world.both(full=True)
    assert world.writes() == 2

"""What a table needs beyond copying fields: rows left out, values computed, partners found, work after a write (engine.md section 19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncadmin.sync.errors import RecordError, RetryLater
from syncadmin.sync.records import Action, Direction, Record
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import Touched
from tests.sync.memory import Fault, Killed
from tests.sync.world import BC, FROM, SALES, TO, World, make_plan, rule, table


class Rules(TableRules):
    """Leaves out blocked rows, computes the phone, finds partners by ``partners``, and fails or notes what was written."""

    def __init__(self) -> None:
        self.partners: dict[str, str] = {}
        self.written: list[str] = []
        self.asked: list[str] = []
        self.fails = False

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        return [record for record in records if record.values.get("rating") != "ignore"]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        phones = {"5": "five"}
        return [
            replace(one, values={**one.values, "phone": phones.get(one.values.get("phone"), one.values.get("phone"))}) for one in records
        ]

    def find_uncoupled(self, direction: Direction, records: Sequence[Record]) -> dict[str, str]:
        self.asked += [record.key for record in records]
        return {record.key: self.partners[record.key] for record in records if record.key in self.partners}

    def after_write(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        self.written += [item.source_key for item in touched if item.action in (Action.INSERTED, Action.MODIFIED)]
        return [replace(item, action=Action.FAILED, code="after", text="Afterwards.") for item in touched] if self.fails else touched


def a_world(*, only_coupled: bool = False) -> tuple[World, Rules]:
    rules = Rules()
    return World(make_plan(only_coupled=only_coupled), rules=rules), rules


@pytest.mark.rule("5.7.ignored")
def test_rows_that_are_left_out_are_read_and_counted_nowhere() -> None:
    world, _ = a_world()
    world.bc.add(number="C1", name="Contoso", rating="ignore")
    job = world.run(TO)
    assert (job.counts, job.read) == ({}, 1)


def test_computed_values_flow_and_are_remembered() -> None:
    world, _ = a_world()
    world.bc.add(number="C1", name="Contoso", phone="5")
    job = world.run(TO)
    assert world.sales.value(job.only().destination_key, "telephone") == "five"
    assert world.run(TO).counts == {"Unchanged": 1}


@pytest.mark.rule("6.found", "10.when")
def test_a_counterpart_that_a_rule_finds_is_coupled_and_the_source_wins() -> None:
    world, rules = a_world(only_coupled=True)
    key = world.bc.add(number="C1", name="Contoso")
    partner = world.sales.add(accountnumber="C1", name="Old name")
    rules.partners = {key: partner}
    assert world.run(TO).counts == {"Modified": 1}
    assert world.sales.value(partner, "name") == "Contoso"
    assert world.store.of(BC, key).sales.key == partner


def test_a_counterpart_that_is_equal_already_counts_as_coupled() -> None:
    world, rules = a_world()
    key = world.bc.add(number="C1", name="Contoso")
    rules.partners = {key: world.sales.add(accountnumber="C1", name="Contoso")}
    assert world.run(TO).only().action is Action.COUPLED
    assert world.writes() == 0
    assert world.store.of(BC, key).origin == "match"


def test_a_counterpart_of_somebody_else_is_not_taken() -> None:
    world, rules = a_world()
    _, partner = world.pair()
    key = world.bc.add(number="C2", name="Contoso")
    rules.partners = {key: partner}
    entry = world.run(TO).of(Action.FAILED)[0]
    assert (entry.code, entry.destination_key) == ("already-coupled", partner)


def test_a_counterpart_that_two_records_claim_is_left_to_a_person() -> None:
    world, rules = a_world()
    partner = world.sales.add(accountnumber="C1", name="Contoso")
    rules.partners = {world.bc.add(number=f"C{n}", name="Contoso"): partner for n in range(2)}
    assert world.run(TO).counts == {"Failed": 2}
    assert world.store.states == {}


def test_a_failed_insert_takes_a_counterpart_that_came_later() -> None:
    world, rules = a_world()
    key = world.bc.add(number="C1", name="x" * 70)
    world.run(TO)
    world.bc.change(key, name="Contoso")
    partner = world.sales.add(accountnumber="C1", name="Contoso")
    rules.partners = {key: partner}
    assert world.run(TO).counts == {"Coupled": 1}
    assert world.store.of(BC, key).pending is None


def test_coupled_records_are_not_searched_for() -> None:
    world, rules = a_world()
    world.pair()
    rules.asked.clear()
    world.run(TO, full=True)
    assert rules.asked == []


def test_work_after_a_write_is_done_for_inserts_and_modifications() -> None:
    world, rules = a_world()
    key, _ = world.pair()
    rules.written.clear()
    world.bc.change(key, phone="2")
    other = world.bc.add(number="C2", name="Adatum")
    world.run(TO)
    assert sorted(rules.written) == [key, other]


@pytest.mark.rule("6.insert-order")
def test_work_after_a_write_may_fail_the_record_and_leaves_its_coupling() -> None:
    world, rules = a_world()
    key = world.bc.add(number="C1", name="Contoso")
    rules.fails = True
    assert world.run(TO).only().code == "after"
    assert world.store.of(BC, key).pending is None


@pytest.mark.rule("6.insert-order")
@pytest.mark.parametrize("moment", ["after sending", "before settle"])
def test_work_after_a_write_is_made_good_after_a_death(moment: str) -> None:
    world, rules = a_world()
    key = world.bc.add(number="C1", name="Contoso")
    with pytest.raises(Killed):
        world.run(TO, dies=[moment])
    rules.written.clear()
    world.resume()
    assert rules.written == [key]


def test_work_after_a_write_is_done_for_what_was_answered_before_a_break() -> None:
    world, rules = a_world()
    key, _ = world.pair()
    rules.written.clear()
    world.bc.change(key, phone="2")
    other = world.bc.add(number="C2", name="Adatum")
    world.sales.faults = [Fault("modify", error=RetryLater("Busy.", seconds=1))]
    with pytest.raises(RetryLater):
        world.run(TO)
    assert rules.written == [other]
    world.resume()
    assert rules.written == [other, key]


def test_a_row_that_is_left_out_at_the_resumption_is_settled_all_the_same() -> None:
    world, _ = a_world()
    key, _ = world.pair()
    world.bc.change(key, phone="2")
    with pytest.raises(Killed):
        world.run(TO, dies=["after sending"])
    world.bc.change(key, rating="ignore")
    assert world.resume().only().code == "interrupted"


def test_a_preview_does_no_work_after_writes() -> None:
    world, rules = a_world()
    world.bc.add(number="C1", name="Contoso")
    world.run(TO, preview=True)
    world.run(FROM, preview=True)
    assert rules.written == []
    assert SALES not in {side for side in (BC, SALES) if world.end(side).written}


class Refusing(Rules):
    """Refuses every record whose rating is bad."""

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        reason = RecordError("bad-rating", "The rating is bad. Raise it.", fields=["rating"])
        return [replace(one, problem=reason) if one.values.get("rating") == "bad" else one for one in records]


def test_a_record_that_a_rule_refuses_fails_alone_with_its_reason() -> None:
    world = World(make_plan(), rules=Refusing())
    world.bc.add(number="C1", name="Contoso", rating="bad")
    world.bc.add(number="C2", name="Fabrikam")
    job = world.run(TO)
    (entry,) = job.of(Action.FAILED)
    assert (entry.code, entry.fields, job.counts) == ("bad-rating", ("rating",), {"Failed": 1, "Inserted": 1})


def test_a_coupled_record_that_a_rule_refuses_fails_though_nothing_changed() -> None:
    world = World(make_plan(), rules=Refusing())
    key = world.bc.add(number="C1", name="Contoso")
    world.run(TO)
    world.bc.change(key, rating="bad")
    assert world.run(TO).only().code == "bad-rating"


def test_a_value_for_new_records_is_not_looked_at_afterwards() -> None:
    stars = rule("", "stars", bc_table=table(BC), sales_table=table(SALES), direction=TO.value, constant="3", insert_only=True)
    world = World(make_plan(stars))
    key = world.bc.add(number="C1", name="Contoso")
    partner = world.run(TO).only().destination_key
    assert str(world.sales.value(partner, "stars")) == "3"
    world.sales.change(partner, stars=5)
    world.bc.change(key, name="Contoso Ltd.")
    world.run(TO)
    assert str(world.sales.value(partner, "stars")) == "5"

"""A full run looks for existing counterparts before it creates any (engine.md sections 14 and 17, A6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncadmin.sync.decide import Policy
from syncadmin.sync.records import Action, Direction, Outcome, WriteResult
from syncadmin.sync.rules import TableRules
from tests.sync.journal import Job
from tests.sync.memory import Fault, Killed
from tests.sync.world import BC, FROM, SALES, TO, World, make_plan, rule


def a_world(*, matched: tuple[str, ...] = ("name",), **options: Any) -> World:
    """Matches by name, or by the named fields of Business Central, all of one priority."""
    plan = make_plan(**options)
    rules = tuple(replace(one, match_priority=0) if one.bc and one.bc.name in matched else one for one in plan.rules)
    return World(replace(plan, rules=rules))


def fields(direction: Direction, **values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values in the terms of source and destination."""
    sales = {"number": "accountnumber", "phone": "telephone", "city": "town"}
    translated = {sales.get(name, name): value for name, value in values.items()}
    return (values, translated) if direction is TO else (translated, values)


def add(world: World, direction: Direction, *, source: bool, **values: Any) -> str:
    end = world.end(direction.source if source else direction.destination)
    return end.add(**fields(direction, **values)[0 if source else 1])


def partner(world: World, direction: Direction, key: str) -> str | None:
    return world.store.of(direction.source, key).end(direction.destination).key


BOTH = pytest.mark.parametrize("direction", [TO, FROM])


@pytest.mark.rule("17.match-first")
@BOTH
def test_an_equal_counterpart_is_coupled_and_nothing_is_created(direction: Direction) -> None:
    world = a_world()
    key = add(world, direction, source=True, name="Contoso", phone="1")
    other = add(world, direction, source=False, name="Contoso", phone="1")
    entry = world.run(direction, full=True).only()
    assert (entry.action, entry.text, partner(world, direction, key)) == (Action.COUPLED, "Matched by Name (Contoso).", other)
    assert world.writes() == 0
    assert world.store.of(direction.source, key).origin == "match"


@BOTH
def test_the_next_run_knows_the_pair(direction: Direction) -> None:
    world = a_world()
    key = add(world, direction, source=True, name="Contoso")
    add(world, direction, source=False, name="Contoso")
    world.run(direction, full=True)
    assert world.run(direction, full=True).counts == {"Unchanged": 1}
    world.end(direction.source).change(key, name="Contoso Ltd.")
    assert world.run(direction).counts == {"Modified": 1}


def test_what_flows_one_way_is_written_to_the_counterpart_that_was_found() -> None:
    world = a_world()
    world.bc.add(number="", name="Contoso", credit=500)
    other = world.sales.add(name="Contoso")
    entry = world.run(TO, full=True).only()
    assert (entry.action, entry.destination_key, [one.field for one in entry.changes]) == (Action.MODIFIED, other, ["limit"])


@pytest.mark.rule("A4.full-conflicts")
@BOTH
def test_two_way_fields_that_differ_are_a_conflict_of_the_new_pair(direction: Direction) -> None:
    world = a_world()
    key = add(world, direction, source=True, name="Contoso", phone="1")
    other = add(world, direction, source=False, name="Contoso", phone="2")
    entry = world.run(direction, full=True).only()
    assert (entry.code, partner(world, direction, key)) == ("conflict", other)
    assert world.writes() == 0


@pytest.mark.rule("A4.winner")
@BOTH
def test_a_named_winner_decides_the_new_pair(direction: Direction) -> None:
    world = a_world()
    add(world, direction, source=True, name="Contoso", phone="1")
    other = add(world, direction, source=False, name="Contoso", phone="2")
    assert world.run(direction, full=True, policy=Policy(winner=direction.source)).counts == {"Modified": 1}
    assert world.end(direction.destination).value(other, "telephone" if direction is TO else "phone") == "1"


@BOTH
def test_what_matches_nothing_is_created(direction: Direction) -> None:
    world = a_world()
    add(world, direction, source=True, name="Contoso")
    add(world, direction, source=False, name="Fabrikam")
    assert world.run(direction, full=True).counts == {"Inserted": 1}


@pytest.mark.rule("A6.ambiguous", "17.match-first")
@BOTH
def test_of_several_that_match_none_is_taken_and_nothing_created(direction: Direction) -> None:
    world = a_world()
    key = add(world, direction, source=True, name="Contoso")
    others = [add(world, direction, source=False, name="Contoso") for _ in range(2)]
    entry = world.run(direction, full=True).only()
    assert (entry.code, [one["key"] for one in entry.detail["candidates"]]) == ("ambiguous", others)
    assert entry.text.endswith("Couple the right one by hand.")
    assert partner(world, direction, key) is None
    assert world.writes() == 0


@BOTH
def test_a_counterpart_of_somebody_else_is_not_taken_and_nothing_created(direction: Direction) -> None:
    world = a_world()
    pair = world.pair(name="Contoso")
    key = add(world, direction, source=True, number="C9", name="Contoso")
    (entry,) = world.run(direction, full=True).of(Action.FAILED)
    assert (entry.source_key, entry.code) == (key, "taken")
    assert [one["key"] for one in entry.detail["candidates"]] == [pair[1 if direction is TO else 0]]
    assert world.writes() == 0


@pytest.mark.parametrize("page_size", [1, 10])
def test_of_two_customers_with_one_account_the_first_gets_it(page_size: int) -> None:
    world = a_world()
    world.page_size = page_size
    first = world.bc.add(name="Contoso")
    world.bc.add(name="Contoso")
    other = world.sales.add(name="Contoso")
    job = world.run(TO, full=True)
    assert job.counts == {"Coupled": 1, "Failed": 1}
    assert (partner(world, TO, first), job.of(Action.FAILED)[0].code) == (other, "taken")


@pytest.mark.parametrize("first", [TO, FROM])
def test_an_ambiguous_customer_is_left_alone_whichever_direction_comes_first(first: Direction) -> None:
    world = a_world()
    world.bc.add(number="C1", name="Contoso")
    others = [world.sales.add(name="Contoso") for _ in range(2)]
    jobs = [world.run(first, full=True), world.run(first.opposite, full=True)]
    back = jobs[0] if first is FROM else jobs[1]
    assert {item.source_key: item.code for item in back.entries.values()} == dict.fromkeys(others, "ambiguous")
    assert "matches other Account records as well" in back.of(Action.FAILED)[0].text
    assert world.writes() == 0


@pytest.mark.parametrize("first", [TO, FROM])
def test_of_two_customers_with_one_account_the_first_gets_it_whichever_direction_comes_first(first: Direction) -> None:
    world = a_world()
    customers = [world.bc.add(number=f"C{place}", name="Contoso") for place in range(2)]
    account = world.sales.add(accountnumber="C0", name="Contoso")
    world.run(first, full=True)
    world.run(first.opposite, full=True)
    assert world.store.of(BC, customers[0]).sales.key == account
    assert (len(world.bc.rows), len(world.sales.rows)) == (2, 1)


def test_the_higher_priority_of_a_customer_decides_for_its_account_too() -> None:
    world = a_world()
    world.use(rules=tuple(replace(one, match_priority=1) if one.bc and one.bc.name == "phone" else one for one in world.plan.rules))
    key = world.bc.add(name="Contoso", phone="1")
    by_phone, by_name = world.sales.add(name="Other", telephone="1"), world.sales.add(name="Contoso", telephone="2")
    world.run(FROM, full=True)
    assert world.store.of(BC, key).sales.key == by_name
    assert world.store.of(SALES, by_phone).bc.key is None


# ---- only where records are created


def test_an_ordinary_run_creates_without_a_search() -> None:
    world = a_world()
    world.bc.add(name="Contoso")
    world.sales.add(name="Contoso")
    assert world.run(TO).counts == {"Inserted": 1}


def test_where_only_coupled_records_take_part_nothing_is_searched_for() -> None:
    world = a_world(only_coupled=True)
    world.bc.add(name="Contoso")
    world.sales.add(name="Contoso")
    assert world.run(TO, full=True).counts == {}
    assert world.sales.calls == []


def test_candidates_are_read_once_and_only_when_something_is_new() -> None:
    world = a_world()
    world.page_size = 2
    for place in range(6):
        world.bc.add(number=f"C{place}", name=f"Company {place}")
        world.sales.add(accountnumber=f"C{place}", name=f"Company {place}")
    world.run(TO, full=True)
    assert world.sales.calls.count("read_changes") == 1
    world.sales.calls.clear()
    world.run(TO, full=True)
    assert world.sales.calls == []


class OnlyOurs(TableRules):
    def select(self, direction: Direction, records: Any) -> Any:
        return [one for one in records if one.values.get("rating" if direction is TO else "note") != "not ours"]


def test_rows_that_take_no_part_are_no_counterparts() -> None:
    world = a_world(also_read={BC: ("rating",)})
    world.rules = OnlyOurs()
    world.sales.add(name="Contoso")
    world.bc.add(name="Contoso", rating="not ours")
    assert world.run(FROM, full=True).counts == {"Inserted": 1}


def test_rows_outside_the_filter_are_no_counterparts() -> None:
    world = a_world(filters={SALES: "town=Ulm"})
    world.bc.add(name="Contoso")
    world.sales.add(name="Contoso", town="Bonn")
    assert world.run(TO, full=True).counts == {"Inserted": 1}


def test_what_cannot_be_compared_is_not_created_either() -> None:
    world = a_world()
    lookup = rule("currency", "currencyid", lookup="CURRENCY", match_priority=0, clear_on_failed=True)
    world.use(rules=(*world.plan.rules, lookup))
    world.bc.add(name="Contoso", currency="EUR")
    entry = world.run(TO, full=True).only()
    assert entry.code == "no-match"
    assert "Currency EUR is not coupled" in entry.text
    assert world.writes() == 0


# ---- what was refused is searched for again


def ambiguous(world: World, direction: Direction) -> tuple[str, list[str]]:
    key = add(world, direction, source=True, name="Contoso")
    others = [add(world, direction, source=False, name="Contoso") for _ in range(2)]
    world.run(direction, full=True)
    return key, others


@BOTH
def test_an_ordinary_run_does_not_create_what_was_ambiguous(direction: Direction) -> None:
    world = a_world()
    ambiguous(world, direction)
    assert world.run(direction).only().action is Action.SKIPPED
    assert world.writes() == 0


@BOTH
def test_an_ordinary_run_couples_it_once_one_is_left(direction: Direction) -> None:
    world = a_world()
    key, others = ambiguous(world, direction)
    world.end(direction.destination).remove(others[0])
    assert world.run(direction).counts == {"Coupled": 1}
    assert partner(world, direction, key) == others[1]
    assert len(world.store.states) == 1


@BOTH
def test_an_ordinary_run_creates_it_once_none_is_left(direction: Direction) -> None:
    world = a_world()
    _, others = ambiguous(world, direction)
    for other in others:
        world.end(direction.destination).remove(other)
    assert world.run(direction).counts == {"Inserted": 1}


@BOTH
def test_a_run_of_this_record_alone_does_not_create_it_either(direction: Direction) -> None:
    world = a_world()
    key, _ = ambiguous(world, direction)
    assert world.run(direction, keys=[key]).of(Action.SKIPPED)[0].code == "ambiguous"
    assert world.writes() == 0


def test_a_pending_coupling_of_the_counterpart_gives_way() -> None:
    world = a_world()
    other = world.sales.add(name="Contoso", telephone="9" * 40)
    world.run(FROM)
    assert world.store.of(SALES, other).pending is FROM
    key = world.bc.add(name="Contoso", phone="1")
    assert world.run(TO, full=True, policy=Policy(winner=BC)).counts == {"Modified": 1}
    assert (world.store.of(BC, key).sales.key, len(world.store.states)) == (other, 1)


def test_the_record_that_an_unanswered_insert_has_made_is_taken() -> None:
    world = a_world()
    world.bc.add(number="C1", name="Contoso")
    world.sales.faults = [Fault("insert", Killed(), arrives=True)]
    with pytest.raises(Killed):
        world.run(TO, full=True)
    world.bc.add(number="C2", name="Contoso")
    job = world.run(TO, full=True)
    assert job.counts == {"Inserted": 1, "Failed": 1}
    assert job.of(Action.FAILED)[0].code == "taken"
    assert len(world.sales.rows) == 1


# ---- crashes and previews


@BOTH
@pytest.mark.parametrize("moment", ["before sending", "after sending", "before settle"])
def test_a_lost_worker_leaves_no_pair_behind_that_would_be_created_anew(direction: Direction, moment: str) -> None:
    world = a_world()
    key = add(world, direction, source=True, name="Contoso", phone="1")
    other = add(world, direction, source=False, name="Contoso", phone="2")
    winner = Policy(winner=direction.source)
    with pytest.raises(Killed):
        world.run(direction, full=True, policy=winner, dies=[moment])
    job = world.resume(full=True, policy=winner)
    assert (partner(world, direction, key), job.counts) == (other, {"Modified": 1})
    assert len(world.end(direction.destination).rows) == 1


def test_a_found_counterpart_that_refuses_its_values_stays_coupled() -> None:
    world = a_world()
    key = world.bc.add(name="Contoso", credit=500)
    other = world.sales.add(name="Contoso")
    world.sales.refuse = lambda values: WriteResult(Outcome.REFUSED, code="limit", text="Too high.")
    assert world.run(TO, full=True).only().code == "limit"
    assert world.store.of(BC, key).sales.key == other
    world.sales.refuse = lambda values: None
    assert world.run(TO).counts == {"Modified": 1}


def told(job: Job) -> set[tuple[str, str, str, str]]:
    return {(item.source_key, item.action.value, item.code, item.text) for item in job.entries.values()}


@BOTH
def test_a_preview_says_the_same_and_couples_nothing(direction: Direction) -> None:
    world = a_world()
    for name, count in (("Contoso", 1), ("Fabrikam", 2), ("Adatum", 0)):
        add(world, direction, source=True, name=name)
        for _ in range(count):
            add(world, direction, source=False, name=name)
    preview = world.run(direction, full=True, preview=True)
    assert (world.store.states, world.writes()) == ({}, 0)
    assert told(preview) == told(world.run(direction, full=True))

"""Where the engine asks the rules of a table beside selecting, preparing and finding: the window, references, before and after a page."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Action, Direction, Record
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference, References
from tests.sync.memory import Fault
from tests.sync.world import FROM, TO, World, make_plan, rule


class Window(TableRules):
    """Reads all rows in one direction, whatever the watermark says."""

    def since(self, direction: Direction, start: datetime | None) -> datetime | None:
        return None if direction is TO else start


def test_a_rule_widens_the_window_of_one_direction() -> None:
    world = World(rules=Window())
    world.pair()
    assert (world.run(TO).read, world.run(FROM).read) == (1, 0)


class KnowsAll(TableRules):
    """Knows the key of every currency that nobody has coupled."""

    def __init__(self) -> None:
        self.wanted: list[set[Reference]] = []

    def resolve(self, direction: Direction, wanted: set[Reference], found: References) -> References:
        self.wanted.append(wanted)
        return {**{(name, value): f"key of {value}" for name, value in wanted}, **found}


def test_a_rule_adds_references_to_those_that_are_coupled() -> None:
    rules = KnowsAll()
    world = World(make_plan(rule("currency", "currencyid", lookup="CURRENCY")), rules=rules)
    world.store.known = {("CURRENCY", "USD"): "u1"}
    keys = [world.bc.add(number=f"C{place}", name="Contoso", currency=code) for place, code in enumerate(("USD", "EUR"))]
    world.run(TO)
    partners = [str(world.store.of(TO.source, key).sales.key) for key in keys]
    assert [world.sales.value(key, "currencyid") for key in partners] == ["u1", "key of eur"]
    assert rules.wanted == [{("CURRENCY", "USD"), ("CURRENCY", "EUR")}]


class Journeys(TableRules):
    """Notes what is called, with the keys; refuses to go on, fails every record of a page or names followers where it is told to."""

    def __init__(self) -> None:
        self.before: list[list[str]] = []
        self.after: list[dict[str, Action]] = []
        self.stops = self.fails = False

    def before_write(self, direction: Direction, keys: Sequence[str]) -> None:
        self.before.append(list(keys))
        if self.stops:
            raise RunError("stopped", "What must exist first cannot be made.")

    def after_page(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        self.after.append({item.source_key: item.action for item in touched})
        return [replace(item, action=Action.FAILED, code="page", text="Failed.") for item in touched] if self.fails else touched

    def follow_up(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[tuple[str, Sequence[str]]]:
        return [("CONTACT", [f"child of {item.source_key}" for item in touched])] if touched else ()


def test_before_a_page_is_written_its_keys_are_told_and_before_anything_is_announced() -> None:
    rules = Journeys()
    world = World(rules=rules)
    world.pair()
    rules.before.clear()
    new = world.bc.add(number="C2", name="Adatum")
    world.run(TO, full=True)
    assert rules.before == [[new]]


def test_what_must_come_first_and_cannot_stops_the_run_with_nothing_announced() -> None:
    rules = Journeys()
    rules.stops = True
    world = World(rules=rules)
    world.bc.add(number="C1", name="Contoso")
    with pytest.raises(RunError):
        world.run(TO)
    assert (world.writes(), world.jobs[-1].entries, world.store.states) == (0, {}, {})


def test_after_a_page_all_its_records_are_told_also_those_that_are_unchanged() -> None:
    rules = Journeys()
    world = World(rules=rules)
    old, _ = world.pair()
    rules.after.clear()
    new = world.bc.add(number="C2", name="Adatum")
    world.run(TO, full=True)
    assert rules.after == [{old: Action.UNCHANGED, new: Action.INSERTED}]


def test_what_a_rule_makes_of_a_page_is_what_counts() -> None:
    rules = Journeys()
    rules.fails = True
    world = World(rules=rules)
    world.bc.add(number="C1", name="Contoso")
    job = world.run(TO)
    assert (job.counts, job.only().code, job.following) == ({"Failed": 1}, "page", [])


def test_a_preview_calls_neither() -> None:
    rules = Journeys()
    world = World(rules=rules)
    world.bc.add(number="C1", name="Contoso")
    world.run(TO, preview=True)
    assert (rules.before, rules.after) == ([], [])


def test_followers_are_asked_for_with_each_page_that_is_settled() -> None:
    world = World(rules=Journeys(), page_size=1)
    keys = [world.bc.add(number=f"C{place}", name="Contoso") for place in range(2)]
    assert world.run(TO).following == [("CONTACT", [f"child of {key}"]) for key in keys]


def test_followers_of_what_was_answered_before_a_break_are_not_lost() -> None:
    world = World(rules=Journeys())
    old, _ = world.pair()
    world.bc.change(old, phone="2")
    new = world.bc.add(number="C2", name="Adatum")
    world.sales.faults = [Fault("modify", error=RetryLater("Busy.", seconds=1))]
    with pytest.raises(RetryLater):
        world.run(TO)
    assert world.jobs[-1].following == [("CONTACT", [f"child of {new}"])]
    assert world.resume().following[1:] == [("CONTACT", [f"child of {old}"])]


class Suspicious(TableRules):
    """Looks at the counterparts of unchanged records, too, whose keys it is given."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.suspects: set[str] = set()

    def look_again(self, direction: Direction, records: Sequence[Record]) -> Container[str]:
        self.asked += [record.key for record in records]
        return self.suspects


def test_a_field_that_the_destination_lost_is_filled_again_when_a_rule_looks() -> None:
    rules = Suspicious()
    world = World(make_plan(rule("currency", "note", fills_empty=True)), rules=rules)
    key, partner = world.pair(currency="K1")
    world.sales.change(partner, note=None)
    assert world.run(TO, full=True).counts == {"Unchanged": 1}
    rules.suspects = {key}
    rules.asked.clear()
    assert (world.run(TO, full=True).counts, rules.asked) == ({"Modified": 1}, [key])
    assert world.sales.value(partner, "note") == "K1"


def test_it_is_filled_rather_than_a_conflict_where_both_sides_changed() -> None:
    world = World(make_plan(rule("currency", "note", fills_empty=True)))
    key, partner = world.pair(currency="K1")
    world.sales.change(partner, note=None)
    world.bc.change(key, currency="K2")
    assert world.run(TO).counts == {"Modified": 1}
    assert world.sales.value(partner, "note") == "K2"


@pytest.mark.parametrize(
    ("incoming", "coupled", "left"), [(None, False, "old"), (None, True, None), ("EUR", False, "old"), ("EUR", True, None)]
)
def test_a_reference_that_is_not_coupled_is_not_cleared(incoming: str | None, coupled: bool, left: str | None) -> None:
    """An empty, or uncoupled, reference clears only one that is coupled."""
    guarded = rule("currency", "currencyid", lookup="CURRENCY", clear_on_failed=True, keep_uncoupled=True)
    world = World(make_plan(guarded))
    world.store.known = {("CURRENCY", "USD"): "old"}
    key, partner = world.pair(currency="USD")
    assert world.sales.value(partner, "currencyid") == "old"
    world.store.known = {("CURRENCY", "old"): "USD"} if coupled else {}
    world.bc.change(key, currency=incoming)
    world.run(TO)
    assert world.sales.value(partner, "currencyid") == left
    assert world.run(TO).counts == {"Unchanged": 1}

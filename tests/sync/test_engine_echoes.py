"""Our own writes come back as unchanged, other people's never do (engine.md A17)."""

from __future__ import annotations

import pytest

from syncadmin.sync.decide import Policy
from syncadmin.sync.records import Action
from tests.sync.world import BC, FROM, SALES, TO, World, make_plan, rule


@pytest.mark.rule("A17.echo")
def test_an_echo_is_known_by_its_etag_without_a_look_at_the_counterpart() -> None:
    world = World()
    key, partner = world.pair()
    world.sales.change(partner, telephone="2")
    world.run(FROM)
    assert world.store.of(BC, key).bc.etag == world.bc.rows[key].etag
    world.sales.calls.clear()
    assert world.run(TO).counts == {"Unchanged": 1}
    assert world.sales.calls == []


@pytest.mark.rule("A17.echo")
def test_an_echo_without_etag_is_known_by_value() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    world.run(TO)
    assert world.store.of(SALES, partner).sales.etag == ""
    world.bc.calls.clear()
    assert world.run(FROM).counts == {"Unchanged": 1}
    assert world.bc.calls == []


@pytest.mark.rule("A17.hidden")
def test_a_change_right_after_our_write_is_no_echo() -> None:
    world = World()
    key, partner = world.pair()
    world.sales.change(partner, telephone="2")
    world.run(FROM)
    world.bc.change(key, phone="3")
    world.run(TO)
    assert world.sales.value(partner, "telephone") == "3"


def test_what_the_system_changes_beside_our_write_flows_back() -> None:
    world = World()
    key, partner = world.pair()
    world.sales.change(partner, telephone="2")
    plain = world.bc._store
    world.bc._store = lambda row, values: plain(row, values | {"city": "Validated"})  # type: ignore[method-assign]
    world.run(FROM)
    world.run(TO)
    assert world.sales.value(partner, "town") == "Validated"
    assert world.bc.value(key, "city") == "Validated"


@pytest.mark.rule("A17.hidden")
def test_a_person_who_wrote_to_the_destination_before_us_is_no_echo() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    world.sales.change(partner, town="Bonn")
    world.run(TO)
    world.run(FROM)
    assert world.bc.value(key, "city") == "Bonn"


def test_a_field_that_only_flows_back_is_seen_after_our_write() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    world.sales.change(partner, stars="A")
    world.run(TO)
    world.run(FROM)
    assert world.bc.value(key, "rating") == "A"


def test_what_changed_while_our_answer_was_on_its_way_is_no_echo() -> None:
    world = World()
    key, partner = world.pair()
    world.sales.change(partner, telephone="2")
    once = iter([lambda: world.bc.change(key, city="Bonn")])
    world.bc.before_write = lambda _: next(once, lambda: None)()
    assert world.run(FROM).counts == {"Modified": 1}
    world.run(TO)
    assert (world.bc.value(key, "phone"), world.sales.value(partner, "town")) == ("2", "Bonn")


def test_a_new_record_that_left_a_field_to_the_other_system_is_known_too() -> None:
    world = World(make_plan(rule("currency", "currencyid", lookup="CURRENCY", direction=TO.value, not_null=True)))
    world.bc.add(number="C1", name="Contoso")
    world.run(TO)
    world.sales.calls.clear()
    assert world.run(TO).counts == {"Unchanged": 1}
    assert world.sales.calls == []


def test_a_normalized_value_settles_after_one_way_back() -> None:
    world = World()
    key, partner = world.pair()
    plain = world.bc._store
    tidy = {"+49 1": "0491"}
    world.bc._store = lambda row, values: plain(row, {n: tidy.get(str(v), v) for n, v in values.items()})  # type: ignore[method-assign]
    world.sales.change(partner, telephone="+49 1")
    for _ in range(3):
        world.both()
    assert (world.bc.value(key, "phone"), world.sales.value(partner, "telephone")) == ("0491", "0491")
    assert world.writes() == 2


@pytest.mark.rule("A17.exceptions")
def test_an_unconditional_run_looks_at_echoes_too() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    world.run(TO)
    world.sales.change(partner, telephone="9")
    world.sales.calls.clear()
    assert world.run(TO, policy=Policy(unconditional=True)).counts == {"Modified": 1}
    assert world.sales.value(partner, "telephone") == "2"


@pytest.mark.rule("6.nothing-differs")
def test_a_touch_without_change_is_unchanged() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.change(key)
    assert world.run(TO).counts == {"Unchanged": 1}
    assert world.sales.written == []


def test_a_stale_etag_after_our_own_lost_write_counts_as_modified() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    once = iter([lambda: world.sales.change(partner, telephone="2")])
    world.sales.before_write = lambda _: next(once, lambda: None)()
    job = world.run(TO)
    assert job.only().action is Action.MODIFIED
    assert len(world.sales.written) == 0

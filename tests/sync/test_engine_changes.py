"""Changes flow per field, once, and nothing is written without a difference."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncadmin.sync.records import Action, Change
from tests.sync.world import FROM, SALES, TO, World


@pytest.mark.rule("6.insert")
def test_a_new_record_is_created_on_the_other_side() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso", credit=Decimal("10.50"))
    job = world.run(TO)
    entry = job.only()
    assert entry.action is Action.INSERTED
    assert world.sales.value(entry.destination_key, "name") == "Contoso"
    assert world.sales.value(entry.destination_key, "limit") == Decimal("10.5")
    assert (entry.source_key, entry.source_label, entry.destination_label) == (key, "C1 Contoso", "C1 Contoso")


def test_a_created_record_comes_back_as_unchanged() -> None:
    world = World()
    world.bc.add(number="C1", name="Contoso")
    _, back = world.both()
    assert back.counts == {"Unchanged": 1}
    assert world.bc.written == []


@pytest.mark.rule("A12.old-new", "2.3.modify")
def test_a_change_flows_with_its_old_and_new_value() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.change(key, phone="2")
    job = world.run(TO)
    assert job.only().changes == (Change("telephone", "1", "2"),)


@pytest.mark.rule("A1.one-side")
def test_both_sides_change_different_fields_in_one_run() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    world.sales.change(partner, town="Bonn")
    to, back = world.both()
    assert (to.counts, back.counts) == ({"Modified": 1}, {"Modified": 1})
    assert (world.sales.value(partner, "telephone"), world.bc.value(key, "city")) == ("2", "Bonn")


@pytest.mark.rule("6.unchanged", "6.no-duplicates")
def test_a_second_run_writes_nothing() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.change(key, phone="2")
    world.both()
    written = world.writes()
    for _ in range(3):
        to, back = world.both()
        assert not to.entries
        assert not back.entries
    assert world.writes() == written


@pytest.mark.rule("A4.full", "A17.echo")
def test_an_unchanged_record_needs_no_look_at_its_counterpart() -> None:
    world = World()
    world.pair()
    world.sales.calls.clear()
    job = world.run(TO, full=True)
    assert job.counts == {"Unchanged": 1}
    assert world.sales.calls == []


@pytest.mark.rule("A1.one-way")
def test_one_way_fields_follow_their_source() -> None:
    world = World()
    key, partner = world.pair(credit=Decimal(5))
    world.sales.change(partner, limit=Decimal(99), stars="five")
    world.both()
    assert world.sales.value(partner, "limit") == 99
    world.bc.change(key, phone="3")
    world.both()
    assert (world.sales.value(partner, "limit"), world.bc.value(key, "rating")) == (5, "five")


@pytest.mark.rule("A4.full-conflicts")
def test_a_full_run_decides_like_any_run() -> None:
    world = World()
    key, partner = world.pair()
    world.sales.change(partner, telephone="7")
    job = world.run(TO, full=True)
    assert job.counts == {"Unchanged": 1}
    assert world.run(FROM, full=True).counts == {"Modified": 1}
    assert world.bc.value(key, "phone") == "7"


def test_a_run_reads_page_by_page_and_counts_each_record_once() -> None:
    world = World(page_size=3)
    for number in range(10):
        world.bc.add(number=f"C{number}", name=f"Customer {number}")
    job = world.run(TO)
    assert (job.counts, job.read) == ({"Inserted": 10}, 10)
    assert job.transactions == ["sending", "settle"] * 4


def test_a_run_stops_between_pages_and_goes_on() -> None:
    world = World(page_size=2)
    for number in range(5):
        world.bc.add(number=f"C{number}", name=f"Customer {number}")
    job = world.run(TO, pause=lambda: True)
    assert (job.done, job.read) == (False, 2)
    while not job.done:
        world.resume(pause=lambda: True)
    assert (job.counts, job.read) == ({"Inserted": 5}, 5)


def test_a_page_costs_a_handful_of_requests() -> None:
    world = World()
    for number in range(50):
        world.bc.add(number=f"C{number}", name=f"Customer {number}")
    world.run(TO)
    assert world.sales.calls == ["insert"]
    assert world.bc.calls == ["read_changes"]


def test_the_label_of_the_coupling_follows_its_records() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, name="Fabrikam")
    world.run(TO)
    state = world.store.of(SALES, partner)
    assert (state.bc.label, state.sales.label, state.bc_number) == ("C1 Fabrikam", "C1 Fabrikam", "C1")

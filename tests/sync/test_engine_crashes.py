"""A worker that dies at any moment loses nothing and doubles nothing; counters equal entries (engine.md A21)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Action
from tests.sync.memory import Fault, Killed
from tests.sync.world import BC, FROM, SALES, TO, World, make_plan, rule, table, text

MOMENTS = ["before sending", "after sending", "before settle", "after settle"]
BUSY = RetryLater("Sales is busy.", seconds=1)


def a_busy_world(*, page_size: int = 2) -> World:
    """Two coupled customers of which one has changed, one new customer with a bad name and two new good ones."""
    world = World(page_size=page_size)
    world.pair()
    changed, _ = world.pair(name="Fabrikam")
    world.bc.change(changed, phone="2", credit=Decimal(7))
    world.bc.add(number="C8", name="Adatum")
    world.bc.add(number="C9", name="x" * 70)
    world.bc.add(number="C10", name="Litware")
    return world


@pytest.mark.rule("5.8.progress", "A21.done", "A21.again")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_that_dies_is_as_if_it_had_not(moment: str) -> None:
    quiet, world = a_busy_world(), a_busy_world()
    expected = quiet.run(TO, full=True)
    with pytest.raises(Killed):
        world.run(TO, full=True, dies=[moment])
    job = world.resume(full=True)
    assert (job.counts, job.read) == (expected.counts, expected.read)
    assert sorted(row.values["name"] for row in world.sales.rows.values()) == ["Adatum", "Contoso", "Fabrikam", "Litware"]
    assert [item.changes for item in job.entries.values()] == [item.changes for item in expected.entries.values()]


def test_a_worker_that_dies_again_and_again_gets_there() -> None:
    quiet, world = a_busy_world(), a_busy_world()
    expected = quiet.run(TO, full=True)
    with pytest.raises(Killed):
        world.run(TO, full=True, dies=MOMENTS * 2)
    while not world.jobs[-1].done:
        try:
            world.resume(full=True)
        except Killed:
            continue
    assert world.jobs[-1].counts == expected.counts
    assert world.run(TO, full=True).counts == {"Unchanged": 4, "Skipped": 1}


@pytest.mark.parametrize("call", ["insert", "modify"])
@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("error", [BUSY, RunError("sign-in", "Refused."), Killed()], ids=["busy", "refused", "killed"])
def test_a_call_that_breaks_off_is_made_good(call: str, arrives: bool, error: BaseException) -> None:
    quiet, world = a_busy_world(page_size=9), a_busy_world(page_size=9)
    expected = quiet.run(TO, full=True)
    world.sales.faults = [Fault(call, error=error, arrives=arrives)]
    with pytest.raises(type(error)):
        world.run(TO, full=True)
    job = world.resume(full=True)
    assert (job.counts, job.read) == (expected.counts, expected.read)
    assert len(world.sales.rows) == 4


def test_what_was_answered_before_a_call_broke_off_is_certain() -> None:
    world = a_busy_world(page_size=9)
    world.sales.faults = [Fault("modify", error=BUSY)]
    with pytest.raises(RetryLater):
        world.run(TO, full=True)
    job = world.jobs[-1]
    assert (len(job.of(Action.INSERTED)), len(job.of(Action.SENDING)), job.read) == (2, 1, 0)


@pytest.mark.rule("A21.done", "A21.again")
@pytest.mark.parametrize("arrives", [True, False])
def test_a_modification_without_answer_is_settled_by_reading(arrives: bool) -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    world.sales.faults = [Fault("modify", arrives=arrives)]
    job = world.run(TO)
    assert job.counts == {"Modified": 1}
    assert job.only().changes[0].new == "2"
    assert len(world.sales.written) == 1
    assert world.sales.value(partner, "telephone") == "2"


def test_a_record_that_changed_between_death_and_resumption_ends_at_its_last_value() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    world.bc.change(key, phone="3", city="Bonn")
    job = world.resume()
    assert job.counts == {"Modified": 1}
    assert {(one.field, one.old, one.new) for one in job.only().changes} == {("telephone", "1", "3"), ("town", "Ulm", "Bonn")}
    assert world.sales.value(partner, "telephone") == "3"


def test_a_change_that_is_taken_back_before_the_resumption_is_taken_back_there_too() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    world.bc.change(key, phone="1")
    world.resume()
    assert world.sales.value(partner, "telephone") == "1"


def test_a_field_that_was_mapped_before_the_resumption_comes_from_the_new_record() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso", currency="x")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    world.use(rules=(*world.plan.rules, rule("currency", "note")))
    job = world.resume()
    assert job.counts == {"Inserted": 1}
    assert world.sales.value(world.store.of(BC, key).sales.key or "", "note") == "x"


def test_a_change_after_a_page_that_broke_off_is_not_lost() -> None:
    world = World()
    key, partner = world.pair()
    world.sales.change(partner, telephone="2")
    added = world.sales.add(accountnumber="C2", name="Adatum")
    world.bc.faults = [Fault("modify", error=BUSY)]
    with pytest.raises(RetryLater):
        world.run(FROM)
    world.sales.change(added, town="Bonn")
    world.clock.pass_(hours=1)
    world.resume()
    world.clock.pass_(hours=1)
    world.run(FROM)
    assert world.bc.value(world.store.of(SALES, added).bc.key or "", "city") == "Bonn"
    assert world.bc.value(key, "phone") == "2"


def test_later_values_of_a_pending_insert_survive_the_other_direction() -> None:
    later = table(SALES, text("note", on_insert=False))
    world = World(make_plan(rule("currency", "note", sales_table=later), sales=later, only_coupled=True))
    key = world.bc.add(number="C1", name="Contoso", currency="x")
    world.run(TO)
    world.clock.pass_(hours=1)
    world.run(TO)
    world.use(only_coupled=False)
    world.sales.faults = [Fault("modify", error=RunError("sign-in", "Refused."))]
    with pytest.raises(RunError):
        world.run(TO, keys=[key])
    world.run(FROM)
    world.run(TO)
    state = world.store.of(BC, key)
    assert (state.pending, world.sales.value(state.sales.key or "", "note")) == (None, "x")
    assert world.bc.value(key, "currency") == "x"


def test_a_person_who_is_quicker_than_the_resumption_is_not_overwritten() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    world.sales.change(partner, town="Bonn")
    assert world.resume().counts == {"Modified": 1}
    world.run(FROM)
    assert (world.bc.value(key, "city"), world.bc.value(key, "phone")) == ("Bonn", "2")


def test_a_new_record_that_is_edited_before_the_resumption_is_inserted_once_and_keeps_the_edit() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso", city="Ulm")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    (partner,) = world.sales.rows
    world.sales.change(partner, town="Bonn")
    world.bc.change(key, phone="2")
    assert world.resume().counts == {"Inserted": 1}
    world.run(FROM)
    assert (world.bc.value(key, "city"), world.sales.value(partner, "telephone")) == ("Bonn", "2")


def test_a_source_that_is_gone_at_the_resumption_is_reported() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.change(key, phone="2")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    world.bc.remove(key)
    job = world.resume()
    assert (job.only().action, job.only().code) == (Action.FAILED, "source-deleted")


def test_a_coupling_that_was_removed_meanwhile_leaves_nothing_open() -> None:
    world = World(make_plan(only_coupled=True))
    bc_key, sales_key = world.bc.add(number="C1", name="Contoso"), world.sales.add(accountnumber="C1", name="Contoso")
    state = world.couple(bc_key, sales_key)
    world.both()
    world.bc.change(bc_key, phone="2")
    with pytest.raises(Killed):
        world.run(TO, dies=["after sending"])
    del world.store.states[state.id or 0]
    job = world.resume()
    assert (job.only().action, job.only().code) == (Action.FAILED, "interrupted")


def test_a_record_that_a_pending_insert_has_created_is_not_created_back() -> None:
    world = World()
    world.bc.add(number="C1", name="Contoso")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    back = world.run(FROM)
    assert back.counts == {"Unchanged": 1}
    assert len(world.bc.rows) == 1
    world.go_on(world.jobs[-2])
    assert world.jobs[-2].counts == {"Inserted": 1}


def test_a_change_of_a_record_whose_insert_is_still_pending_flows_back() -> None:
    world = World()
    key = world.bc.add(number="C1", name="Contoso")
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    (partner,) = world.sales.rows
    world.clock.pass_(hours=1)
    world.sales.change(partner, town="Bonn")
    world.run(FROM)
    world.clock.pass_(hours=1)
    world.run(TO)
    world.run(FROM)
    assert world.bc.value(key, "city") == "Bonn"
    assert world.store.of(BC, key).pending is None


@pytest.mark.rule("A21.sending")
def test_entries_are_saved_in_one_transaction_before_and_one_after_each_batch() -> None:
    world = a_busy_world(page_size=2)
    job = world.run(TO, full=True)
    assert job.transactions == ["sending", "settle", "sending", "settle", "sending", "settle"]


def test_decimals_and_options_survive_the_journal() -> None:
    sales = table(SALES)
    world = World(make_plan(rule("", "kind", constant="Vendor", sales_table=sales, direction=TO.value), sales=sales))
    world.bc.add(number="C1", name="Contoso", credit=Decimal("12.50"), blocked=True)
    with pytest.raises(Killed):
        world.run(TO, dies=["before settle"])
    assert {(one.field, one.new) for one in world.resume().only().changes} >= {("limit", "12.5"), ("kind", "2")}

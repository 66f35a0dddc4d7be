"""The counterpart is gone (engine.md section 8, A7)."""

from __future__ import annotations

import pytest

from syncadmin.sync.errors import RetryLater
from syncadmin.sync.plan import DeletionPolicy
from syncadmin.sync.records import Action
from tests.sync.memory import Fault
from tests.sync.world import BC, FROM, TO, World


def a_lost_partner(policy: DeletionPolicy, *, only_coupled: bool = True) -> tuple[World, str, str]:
    world = World()
    key, partner = world.pair()
    world.use(deletion_policy=policy, only_coupled=only_coupled)
    world.sales.remove(partner)
    world.bc.change(key, phone="2")
    return world, key, partner


@pytest.mark.rule("8.none")
def test_without_a_policy_the_record_fails_then_is_skipped() -> None:
    world, key, partner = a_lost_partner(DeletionPolicy.NONE)
    entry = world.run(TO).only()
    assert (entry.action, entry.code, entry.destination_key) == (Action.FAILED, "deleted", partner)
    assert world.run(TO).counts == {"Skipped": 1}
    assert world.store.of(BC, key).sales.key == partner


@pytest.mark.rule("8.restore", "10.explicit")
def test_restore_creates_it_anew_even_where_only_coupled_records_go() -> None:
    world, key, partner = a_lost_partner(DeletionPolicy.RESTORE)
    job = world.run(TO)
    assert job.counts == {"Inserted": 1}
    state = world.store.of(BC, key)
    assert state.sales.key == job.only().destination_key != partner
    assert world.run(FROM).counts == {"Unchanged": 1}


@pytest.mark.parametrize("arrives", [True, False])
def test_a_restore_that_breaks_off_happens_once(arrives: bool) -> None:
    world, _, _ = a_lost_partner(DeletionPolicy.RESTORE)
    world.sales.faults = [Fault("insert", error=RetryLater("Busy.", seconds=1), arrives=arrives)]
    with pytest.raises(RetryLater):
        world.run(TO)
    assert world.resume().counts == {"Inserted": 1}
    assert len(world.sales.rows) == 1


@pytest.mark.rule("8.remove")
def test_remove_coupling_leaves_the_record_alone() -> None:
    world, key, _ = a_lost_partner(DeletionPolicy.REMOVE_COUPLING)
    assert world.run(TO).counts == {"Uncoupled": 1}
    assert world.store.states == {}
    assert world.run(TO).counts == {}
    assert world.bc.value(key, "phone") == "2"


@pytest.mark.rule("8.remove-insert")
def test_without_only_coupled_a_removed_coupling_is_followed_by_an_insert() -> None:
    world, _, _ = a_lost_partner(DeletionPolicy.REMOVE_COUPLING, only_coupled=False)
    world.run(TO)
    assert world.run(TO).counts == {"Inserted": 1}


@pytest.mark.rule("A7.code")
@pytest.mark.parametrize("policy", DeletionPolicy)
def test_a_record_named_by_a_person_is_reported_whatever_the_policy(policy: DeletionPolicy) -> None:
    world, key, _ = a_lost_partner(policy)
    entry = world.run(TO, keys=[key]).only()
    assert (entry.action, entry.code) == (Action.FAILED, "deleted")
    assert "Restore" in entry.text


def test_a_named_record_that_does_not_exist_is_reported() -> None:
    world = World()
    key, _ = world.pair()
    job = world.run(TO, keys=["nowhere", key])
    assert job.counts == {"Failed": 1, "Unchanged": 1}
    assert job.of(Action.FAILED)[0].code == "deleted"


@pytest.mark.rule("8.no-propagation", "8.noticed")
def test_an_unchanged_survivor_notices_nothing() -> None:
    world = World()
    _, partner = world.pair()
    world.sales.remove(partner)
    assert world.run(TO, full=True).counts == {"Unchanged": 1}


def test_a_row_that_vanishes_under_our_hands_fails_as_deleted() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    world.sales.before_write = lambda one: world.sales.rows.pop(one, None)
    assert world.run(TO).only().code == "deleted"
    assert world.store.of(BC, key).sales.key == partner


@pytest.mark.rule("5.out-of-filter")
def test_a_row_outside_of_the_filter_is_no_deletion() -> None:
    world = World()
    key, partner = world.pair()
    world.use(filters={BC: "rating=A"})
    world.sales.change(partner, telephone="2")
    world.both()
    assert world.bc.value(key, "phone") == "2"

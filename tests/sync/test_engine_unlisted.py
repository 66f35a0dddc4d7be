"""A table without stamps is read whole, so that coupled sources that are not in it are gone (engine.md sections 8 and 16)."""

from __future__ import annotations

import pytest

from syncadmin.sync.errors import RetryLater
from syncadmin.sync.plan import DeletionPolicy
from syncadmin.sync.records import Action
from syncadmin.sync.rules import TableRules
from tests.sync.memory import Fault, Killed
from tests.sync.world import FROM, SALES, World, make_plan, table


class SameKeys(TableRules):
    def restored_key(self, key: str) -> str:
        return key


def without_stamps(policy: DeletionPolicy) -> tuple[World, str]:
    """Two coupled pairs; the second account is gone, and accounts have no stamps."""
    plan = make_plan(sales=table(SALES, modified_on=""))
    world = World(plan, rules=SameKeys())
    world.pair(name="Adatum")
    _, partner = world.pair(name="Contoso")
    world.use(deletion_policy=policy)
    world.sales.remove(partner)
    return world, partner


def test_without_a_policy_it_fails_then_is_skipped() -> None:
    world, partner = without_stamps(DeletionPolicy.NONE)
    job = world.run(FROM)
    assert (job.only().source_key, job.only().source_label, job.only().code) == (partner, "C2 Contoso", "deleted")
    assert job.counts == {"Failed": 1, "Unchanged": 1}
    assert world.run(FROM).counts == {"Skipped": 1, "Unchanged": 1}
    assert world.run(FROM).counts == {"Skipped": 1, "Unchanged": 1}


def test_remove_coupling_leaves_the_survivor_alone() -> None:
    world, partner = without_stamps(DeletionPolicy.REMOVE_COUPLING)
    assert world.run(FROM).counts == {"Uncoupled": 1, "Unchanged": 1}
    assert partner not in {state.sales.key for state in world.store.states.values()}
    assert len(world.bc.rows) == 2


def test_restore_creates_it_anew_under_its_key_and_as_it_was() -> None:
    world, partner = without_stamps(DeletionPolicy.RESTORE)
    job = world.run(FROM)
    assert job.counts == {"Inserted": 1, "Unchanged": 1}
    assert world.sales.value(partner, "name") == "Contoso"
    assert world.run(FROM).counts == {"Unchanged": 2}
    assert world.bc.written == []


def test_without_a_key_of_its_own_it_is_not_restored() -> None:
    world, _ = without_stamps(DeletionPolicy.RESTORE)
    world.rules = TableRules()
    assert world.run(FROM).only().code == "deleted"


def test_a_refused_restoration_fails_with_the_reason() -> None:
    world, partner = without_stamps(DeletionPolicy.RESTORE)
    world.sales.faults = [Fault("insert")]
    assert (world.run(FROM).only().action, world.jobs[-1].only().code) == (Action.FAILED, "unknown-result")
    assert world.run(FROM).counts == {"Inserted": 1, "Unchanged": 1}
    assert partner in world.sales.rows


@pytest.mark.parametrize("arrives", [True, False])
def test_a_restoration_that_breaks_off_happens_once_and_is_counted_once(arrives: bool) -> None:
    world, partner = without_stamps(DeletionPolicy.RESTORE)
    world.sales.faults = [Fault("insert", error=RetryLater("Busy.", seconds=1), arrives=arrives)]
    with pytest.raises(RetryLater):
        world.run(FROM)
    assert world.resume().counts == {"Inserted": 1, "Unchanged": 1}
    assert partner in world.sales.rows and len(world.sales.rows) == 2


@pytest.mark.parametrize("moment", ["before sending", "after sending", "before settle"])
def test_a_worker_that_dies_while_restoring_loses_no_count(moment: str) -> None:
    world, partner = without_stamps(DeletionPolicy.RESTORE)
    with pytest.raises(Killed):
        world.run(FROM, dies=[moment])
    assert world.resume().counts == {"Inserted": 1, "Unchanged": 1}
    assert partner in world.sales.rows


def test_a_preview_tells_and_writes_nothing() -> None:
    world, partner = without_stamps(DeletionPolicy.RESTORE)
    assert world.run(FROM, preview=True).counts == {"Inserted": 1, "Unchanged": 1}
    assert partner not in world.sales.rows


def test_an_empty_table_proves_nothing() -> None:
    world, _ = without_stamps(DeletionPolicy.REMOVE_COUPLING)
    world.sales.rows.clear()
    assert world.run(FROM).counts == {}
    assert len(world.store.states) == 2


def test_a_table_with_stamps_or_of_several_pages_is_no_whole_list() -> None:
    world, _ = without_stamps(DeletionPolicy.REMOVE_COUPLING)
    world.use(sales=table(SALES))
    assert "Uncoupled" not in world.run(FROM, full=True).counts
    world.use(sales=table(SALES, modified_on=""))
    world.sales.add(name="New")
    world.page_size = 1
    assert "Uncoupled" not in world.run(FROM, full=True).counts

"""Preview: the same decisions, nothing written (engine.md A11)."""

from __future__ import annotations

from copy import deepcopy

import pytest

from syncadmin.sync.plan import DeletionPolicy, UpdatePolicy
from syncadmin.sync.records import Direction
from syncadmin.sync.touched import Touched
from tests.sync.journal import Job
from tests.sync.world import BC, FROM, TO, World


def a_bit_of_everything(direction: Direction) -> World:
    """New, changed, unchanged, failing, conflicting, deleted and skipped records."""
    world = World(page_size=2)
    pairs = [world.pair(name=name) for name in ("Contoso", "Fabrikam", "Adatum", "Litware", "Proseware")]
    world.bc.add(number="N1", name="New here")
    world.sales.add(accountnumber="N2", name="New there")
    world.sales.add(accountnumber="N3", name="Too long a phone", telephone="9" * 40)
    world.bc.add(number="N4", name="y" * 70)
    world.bc.change(pairs[0][0], phone="5")
    world.sales.change(pairs[0][1], town="Bonn")
    world.bc.change(pairs[1][0], phone="6")
    world.sales.change(pairs[1][1], telephone="7")
    source, gone = (world.bc, world.sales) if direction is TO else (world.sales, world.bc)
    source.change(pairs[2][0 if direction is TO else 1], name="Changed")
    gone.remove(pairs[2][1 if direction is TO else 0])
    return world


def told(job: Job) -> list[tuple[object, ...]]:
    """What the entries say, but for the keys that only a real insert has."""
    return sorted(_told(item) for item in job.entries.values())


def _told(item: Touched) -> tuple[object, ...]:
    return (
        item.source_key,
        item.action.value,
        item.code,
        item.text,
        item.source_label,
        item.destination_label,
        str(item.changes),
        item.fields,
    )


@pytest.mark.rule("A11.same")
@pytest.mark.parametrize("direction", [TO, FROM])
@pytest.mark.parametrize("deletion", DeletionPolicy)
@pytest.mark.parametrize("update", UpdatePolicy)
def test_a_preview_lists_what_the_run_then_does(direction: Direction, deletion: DeletionPolicy, update: UpdatePolicy) -> None:
    world = a_bit_of_everything(direction)
    world.use(deletion_policy=deletion, update_policy=update)
    preview = world.run(direction, preview=True)
    real = world.run(direction)
    assert told(preview) == told(real)
    assert (preview.counts, preview.read) == (real.counts, real.read)


@pytest.mark.rule("A11.leaves")
@pytest.mark.parametrize("direction", [TO, FROM])
@pytest.mark.parametrize("deletion", DeletionPolicy)
def test_a_preview_touches_nothing(direction: Direction, deletion: DeletionPolicy) -> None:
    world = a_bit_of_everything(direction)
    world.use(deletion_policy=deletion)
    before = deepcopy((world.store.states, world.watermarks, world.read_at, world.bc.rows, world.sales.rows))
    world.run(direction, preview=True)
    assert (world.store.states, world.watermarks, world.read_at, world.bc.rows, world.sales.rows) == before
    assert world.jobs[-1].transactions[0] == "settle"


@pytest.mark.rule("A11.leaves")
def test_a_preview_of_failed_records_does_not_bring_them_nearer_to_skipping() -> None:
    world = World()
    key = world.bc.add(number="C1", name="x" * 70)
    world.run(TO)
    for _ in range(3):
        assert world.run(TO, preview=True).counts == {"Skipped": 1}
    assert not world.store.of(BC, key).skipped


@pytest.mark.rule("A17.one-counter")
def test_a_preview_counts_a_record_once_that_the_retry_set_and_the_window_read() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.change(key, name="y" * 70)
    world.run(TO)
    world.bc.change(key, name="Contoso")
    preview = world.run(TO, preview=True)
    assert preview.counts == {"Unchanged": 1}

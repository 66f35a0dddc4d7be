"""Failed records: retried, skipped after the same error twice, never for errors that may pass (engine.md A3, A8, section 9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncadmin.sync.records import Action, Outcome, WriteResult
from tests.sync.world import BC, FROM, TO, World, make_plan, rule

NO = WriteResult(Outcome.REFUSED, code="refused", text="Not like this.", fields=("telephone",))
LOCKED = WriteResult(Outcome.REFUSED, code="busy", text="Locked.", passing=True)


def a_failing_world(answer: WriteResult = NO) -> tuple[World, str, str]:
    world = World()
    key, partner = world.pair()
    world.sales.refuse = lambda values: answer if "telephone" in values else None
    world.bc.change(key, phone="2")
    return world, key, partner


@pytest.mark.rule("6.write-failure", "11.entry")
def test_a_refused_record_says_what_why_and_where() -> None:
    world, key, partner = a_failing_world()
    entry = world.run(TO).only()
    assert (entry.action, entry.code, entry.text, entry.fields) == (Action.FAILED, "refused", "Not like this.", ("telephone",))
    assert (entry.source_key, entry.destination_key, entry.changes) == (key, partner, ())
    assert world.store.of(BC, key).to_sales.failed


def test_a_refused_record_keeps_what_the_system_answered() -> None:
    world, _, _ = a_failing_world(replace(NO, answer="HTTP 400, 0x80048d19: Not like this."))
    assert world.run(TO).only().detail == {"answer": "HTTP 400, 0x80048d19: Not like this."}


@pytest.mark.rule("6.failed", "11.goes-on")
def test_one_bad_record_does_not_stop_the_others() -> None:
    world, _, _ = a_failing_world()
    world.bc.add(number="C2", name="Adatum")
    assert world.run(TO).counts == {"Failed": 1, "Inserted": 1}


@pytest.mark.rule("4.1.failed-changed", "5.5.retry")
def test_a_failed_record_comes_back_whatever_its_stamp() -> None:
    world, _, partner = a_failing_world()
    world.run(TO)
    world.clock.pass_(days=1)
    world.sales.refuse = lambda values: None
    world.run(TO, keys=[])
    assert world.run(TO).counts == {"Modified": 1}
    assert world.sales.value(partner, "telephone") == "2"


@pytest.mark.rule("A3.twice", "9.1.second")
def test_the_same_error_twice_in_a_row_skips_the_record() -> None:
    world, key, _ = a_failing_world()
    assert world.run(TO).counts == {"Failed": 1}
    second = world.run(TO)
    assert second.counts == {"Skipped": 1}
    assert second.only().code == "refused"
    assert world.store.of(BC, key).skipped


@pytest.mark.rule("A3.differs", "9.1.other")
def test_a_different_error_starts_over() -> None:
    world, _, _ = a_failing_world()
    world.run(TO)
    world.sales.refuse = lambda values: WriteResult(Outcome.REFUSED, code="refused", fields=("name",))
    assert world.run(TO).counts == {"Failed": 1}


@pytest.mark.rule("A3.may-pass")
def test_errors_that_may_pass_never_skip() -> None:
    world, _, _ = a_failing_world(LOCKED)
    for _ in range(4):
        assert world.run(TO).counts == {"Failed": 1}
    world.sales.refuse = lambda values: None
    assert world.run(TO).counts == {"Modified": 1}


@pytest.mark.rule("6.skipped", "9.2.both")
def test_a_skipped_record_is_left_alone_in_both_directions_and_by_name() -> None:
    world, key, partner = a_failing_world()
    world.run(TO)
    world.run(TO)
    world.sales.refuse = lambda values: None
    world.bc.change(key, phone="3")
    world.sales.change(partner, town="Bonn")
    to, back = world.both()
    assert (to.counts, back.counts) == ({"Skipped": 1}, {"Skipped": 1})
    assert world.run(TO, keys=[key]).counts == {"Skipped": 1}
    assert world.sales.value(partner, "telephone") == "1"


def test_a_lifted_skip_brings_what_both_sides_changed_meanwhile() -> None:
    world, key, partner = a_failing_world()
    world.run(TO)
    world.run(TO)
    world.sales.change(partner, town="Bonn")
    world.both()
    world.clock.pass_(hours=1)
    world.both()
    world.sales.refuse = lambda values: None
    world.store.save(replace(world.store.of(BC, key), skipped=False))
    world.bc.change(key, phone="1")
    world.both()
    assert (world.sales.written, world.bc.value(key, "city")) == ([], "Bonn")


def test_a_success_forgets_the_error() -> None:
    world, key, _ = a_failing_world()
    world.run(TO)
    world.sales.refuse = lambda values: None
    world.run(TO)
    state = world.store.of(BC, key)
    assert (state.to_sales.failed, state.to_sales.succeeded, state.message) == (False, True, "")


@pytest.mark.rule("4.not-unskipped")
def test_a_success_of_the_other_direction_leaves_the_error() -> None:
    world, key, partner = a_failing_world()
    world.run(TO)
    world.sales.change(partner, town="Bonn")
    world.run(FROM)
    state = world.store.of(BC, key)
    assert (state.to_sales.failed, state.from_sales.succeeded, state.message) == (True, True, "Not like this.")


@pytest.mark.rule("A8.filter")
def test_a_record_outside_the_filter_is_not_retried() -> None:
    world, key, _ = a_failing_world()
    world.use(filters={BC: "rating=A"})
    world.run(TO)
    assert not world.store.of(BC, key).to_sales.failed
    world.use(filters={})
    world.run(TO)
    world.use(filters={BC: "rating=A"})
    assert world.run(TO).counts == {}


@pytest.mark.rule("A17.one-counter")
def test_a_failed_record_that_is_also_in_the_window_is_handled_once() -> None:
    world, _, _ = a_failing_world()
    world.run(TO)
    job = world.run(TO)
    assert (sum(job.counts.values()), job.read) == (1, 2)


@pytest.mark.rule("A17.one-counter")
def test_a_record_that_the_retry_set_found_unchanged_is_counted_once() -> None:
    world, key, _ = a_failing_world()
    world.run(TO)
    world.bc.change(key, phone="1")
    job = world.run(TO)
    assert (job.counts, job.read) == ({"Unchanged": 1}, 2)


def test_a_job_does_not_retry_its_own_failures() -> None:
    world, _, _ = a_failing_world()
    job = world.run(TO, pause=lambda: True)
    while not job.done:
        world.resume(pause=lambda: True)
    assert job.counts == {"Failed": 1}


@pytest.mark.rule("A2.retried", "5.5.retry")
@pytest.mark.parametrize("page_size", [1, 2, 5])
def test_the_retry_set_goes_page_by_page(page_size: int) -> None:
    world = World(page_size=page_size)
    world.sales.refuse = lambda values: LOCKED
    for number in range(4):
        world.bc.add(number=f"C{number}", name=f"Customer {number}")
    assert world.run(TO).counts == {"Failed": 4}
    world.clock.pass_(hours=1)
    world.sales.refuse = lambda values: None
    assert world.run(TO).counts == {"Inserted": 4}


def test_an_uncoupled_reference_fails_until_it_is_coupled() -> None:
    world = World(make_plan(rule("currency", "currencyid", lookup="CURRENCY")))
    euro = "aaaaaaaa-0000-0000-0000-000000000002"
    world.bc.add(number="C1", name="Contoso", currency="EUR")
    assert world.run(TO).only().code == "not-coupled"
    world.store.known[("CURRENCY", "EUR")] = euro
    job = world.run(TO)
    assert world.sales.value(job.only().destination_key, "currencyid") == euro


def test_a_row_that_keeps_changing_is_left_to_the_next_run() -> None:
    world = World()
    key, partner = world.pair()
    world.bc.change(key, phone="2")
    counter = iter(range(1000))
    world.sales.before_write = lambda one: world.sales.change(one, note=str(next(counter)))
    job = world.run(TO)
    assert (job.only().action, job.only().code) == (Action.FAILED, "changed-meanwhile")
    world.sales.before_write = lambda one: None
    assert world.run(TO).counts == {"Modified": 1}
    assert world.sales.value(partner, "telephone") == "2"


def test_an_unreadable_value_fails_its_record_alone() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.rows[key].values["credit"] = "a lot"
    world.bc.change(key, phone="2")
    entry = world.run(TO).only()
    assert (entry.code, entry.fields) == ("bad-value", ("credit",))

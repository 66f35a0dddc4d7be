"""The steps that a coupling can take (engine.md section 4, A3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncadmin.sync.couplings import OWED, Attempt, CouplingState, Ends, Hold, stamp_later
from syncadmin.sync.records import Record
from tests.sync.world import BC, FROM, SALES, TO, rule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEW = CouplingState(1, Ends("b"), Ends("s"))


def failed(state: CouplingState, error: str, *, passing: bool = False) -> CouplingState:
    return state.failed(TO, job_id=1, error=error, message="Why.", passing=passing)


@pytest.mark.rule("A3.twice", "A3.differs")
def test_the_same_error_twice_in_a_row_skips() -> None:
    once = failed(NEW, "too-long:name")
    assert (once.skipped, once.message) == (False, "Why.")
    assert failed(once, "too-long:name").skipped
    assert not failed(once, "too-long:city").skipped
    assert not failed(failed(once, "other:"), "too-long:name").skipped


def test_a_skipped_record_says_why_it_is_left_out() -> None:
    repeated = failed(failed(NEW, "x:"), "x:")
    assert repeated.why_skipped == "Skipped after repeated errors, until somebody retries it. Why."
    assert replace(repeated, gone="sales").why_skipped == "Skipped because a record is missing, until somebody retries it. Why."
    held = replace(repeated, hold=Hold("anna", "After the audit", NOON))
    assert held.why_skipped == "Held by anna, until somebody retries it. Reason: After the audit"
    assert replace(held, hold=Hold("anna")).why_skipped == "Held by anna, until somebody retries it."


@pytest.mark.rule("A3.may-pass")
def test_errors_that_may_pass_and_other_directions_do_not_count() -> None:
    assert not failed(failed(NEW, "busy:", passing=True), "busy:", passing=True).skipped
    back = failed(NEW, "x:").failed(FROM, job_id=1, error="x:", message="", passing=False)
    assert not back.skipped


@pytest.mark.rule("4.success")
def test_a_success_clears_its_own_direction() -> None:
    state = failed(NEW, "x:").succeeded(TO, job_id=2)
    assert (state.to_sales, state.message) == (Attempt(succeeded=True, job_id=2), "")
    kept = failed(NEW, "x:").succeeded(FROM, job_id=2)
    assert (kept.to_sales.failed, kept.message) == (True, "Why.")


def test_a_success_completes_a_pending_coupling() -> None:
    pending = replace(NEW, pending=TO, pending_since=NOON)
    assert (pending.succeeded(TO, job_id=1).pending, pending.succeeded(TO, job_id=1).pending_since) == (None, None)


def test_what_is_owed_comes_back_and_is_paid() -> None:
    owing = NEW.owing(FROM, job_id=1, message="Left.")
    assert (owing.from_sales.failed, owing.from_sales.error, owing.message) == (True, OWED, "Left.")
    paid = owing.paid(FROM)
    assert (paid.from_sales.failed, paid.from_sales.succeeded, paid.message) == (False, True, "")


def test_a_real_failure_is_neither_replaced_by_a_debt_nor_paid() -> None:
    state = failed(NEW, "x:")
    assert state.owing(TO, job_id=2, message="Left.") is state
    assert state.paid(TO) is state


def test_a_debt_does_not_count_as_the_same_error() -> None:
    assert not failed(NEW.owing(TO, job_id=1, message=""), OWED + ":").skipped


@pytest.mark.rule("4.1.strict")
@pytest.mark.parametrize(("known", "seconds", "changed"), [(NOON, 0, False), (NOON, 1, True), (NOON, -1, False), (None, -1, True)])
def test_a_record_has_changed_when_its_stamp_is_newer(known: datetime | None, seconds: int, changed: bool) -> None:
    state = NEW.with_end(BC, Ends("b", modified_at=known))
    assert state.changed(BC, Record("b", {}, "1", NOON + timedelta(seconds=seconds))) is changed


def test_a_baseline_knows_both_sides() -> None:
    state = replace(NEW, baseline={"credit|limit": ("1.50", "2")})
    assert state.known(rule("credit", "limit"), BC)[1] != state.known(rule("credit", "limit"), SALES)[1]
    assert state.known(rule("phone", "telephone"), BC) == (False, None)
    broken = replace(NEW, baseline={"credit|limit": ("text", None)})
    assert broken.known(rule("credit", "limit"), BC) == (False, None)


@pytest.mark.rule("4.forward")
def test_stamps_only_move_forward() -> None:
    assert stamp_later(NOON, NOON - timedelta(1)) == stamp_later(None, NOON) == stamp_later(NOON, None) == NOON
    assert stamp_later(None, None) is None

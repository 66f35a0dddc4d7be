"""A short storm: two clusters on PostgreSQL whose processes are killed at random (make chaos runs five minutes of it)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.storm import brew, overlaps, take_overs
from tests.people import People

SECONDS, SEED = 20, 20121


@pytest.mark.processes
@pytest.mark.skipif("postgres" not in os.environ.get("DATABASE_URL", ""), reason="several clusters work on one PostgreSQL")
def test_nothing_is_stuck_lost_or_doubled_whatever_is_killed(tmp_path: Path, people: People) -> None:
    people.reset("demo")
    storm = brew(tmp_path, people, seed=SEED)
    try:
        storm.rage(SECONDS)
        rows = storm.table()
    finally:
        people.control("DELETE", "faults")
        storm.installation.close()
    assert storm.problems == []
    assert storm.kills.total() > 5
    assert len(rows) == 20 and all(executions for _, _, executions, *_ in rows)


def test_what_ran_at_once_would_be_found() -> None:
    assert overlaps([("A", 1, "In Process"), ("B", 2, "In Process"), ("A", 1, "Ready"), ("A", 3, "In Process")]) == []
    assert overlaps([("A", 1, "In Process"), ("A", 3, "In Process")]) == ["Entries [1, 3] of A ran at once."]


def test_a_claim_that_was_not_given_back_is_a_take_over() -> None:
    given_back = [(1, "In Process", "x", True), (1, "In Process", "", True), (1, "In Process", "y", True), (1, "Ready", "", True)]
    assert take_overs(given_back) == (0, 0)
    lost = [(1, "In Process", "x", False), (2, "In Process", "z", False), (1, "In Process", "y", False), (2, "In Process", "w", True)]
    assert take_overs(lost) == (2, 1)

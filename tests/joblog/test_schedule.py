"""Schedules and scopes in words."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from joblog.models import JobQueueEntry
from joblog.schedule import recurrence
from joblog.scope import Scope
from joblog.scope_words import scope_in_words
from syncadmin.sync.records import Direction, Side


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"recurring": False}, "Once"),
        ({"minutes_between_runs": 30}, "Every 30 min"),
        ({"minutes_between_runs": 60}, "Every hour"),
        ({"minutes_between_runs": 120}, "Every 2 h"),
        ({"minutes_between_runs": 1440}, "Every day"),
        ({"minutes_between_runs": 90}, "Every 90 min"),
        ({"minutes_between_runs": 30, "run_on_saturday": False, "run_on_sunday": False}, "Every 30 min, Mon, Tue, Wed, Thu, Fri"),
        ({"minutes_between_runs": 30, "starting_time": time(8), "ending_time": time(18, 30)}, "Every 30 min, 08:00-18:30"),
        ({"minutes_between_runs": 30, "starting_time": time(8)}, "Every 30 min, 08:00-24:00"),
        ({"next_run_formula": "1D+2H"}, "1D+2H"),
    ],
)
def test_a_schedule_reads_as_people_say_it(values: dict[str, Any], words: str) -> None:
    assert recurrence(JobQueueEntry(**({"recurring": True} | values))) == words


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope(), "All modified records"),
        (Scope(full=True), "All records"),
        (Scope(unconditional=True), "All records, whatever differs is overwritten"),
        (Scope(bc_keys=("a",), sales_keys=("b", "c")), "1 record of Business Central and 2 records of Dynamics 365 Sales"),
        (Scope(directions=(Direction.FROM_INTEGRATION,)), "All modified records, from Sales only"),
        (Scope(directions=tuple(Direction), use=Side.SALES), "All modified records, Dynamics 365 Sales wins"),
        (Scope(pairs=(("a", "b"),)), "1 pair of records"),
    ],
)
def test_a_scope_reads_as_people_say_it(scope: Scope, words: str) -> None:
    assert scope_in_words(scope) == words

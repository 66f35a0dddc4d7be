"""The names that django-q2 calls. One line each; they never raise."""

from __future__ import annotations

from joblog import runner


def run_entry(entry_id: int) -> None:
    runner.run(entry_id)

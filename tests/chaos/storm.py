"""Two clusters on one PostgreSQL while their processes are killed at random, and what is true afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from tests.installation import Installation, wait_until
from tests.people import People

CLUSTERS = 2
SETTINGS = {"SYNCADMIN_STALE_SECONDS": "4", "SYNCADMIN_SLICE_SECONDS": "2", "SYNCADMIN_WORKERS": "2"}

# Ten mappings' own entries and a second one of each; every mapping belongs to one of four categories.
PREPARE = """
from joblog.models import JobQueueEntry
from mappings.models import IntegrationTableMapping
IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=False)
rows = list(JobQueueEntry.objects.exclude(mapping=None).order_by("mapping__order"))[:10]
JobQueueEntry.objects.exclude(pk__in=[row.pk for row in rows]).delete()
for number, row in enumerate(rows):
    row.category = f"CHAOS {number % 4}"
    row.save()
    row.pk = None
    row.description = f"{row.mapping.name} once more"
    row.save()
"""

# Who has had which entry from when on: written by the database itself, so that no worker can forget to tell.
AUDIT = """
CREATE TABLE chaos_claims (
  id bigserial PRIMARY KEY, entry bigint, category text, status text, token text, begun boolean, holder text, at timestamptz
);
CREATE FUNCTION chaos_note() RETURNS trigger AS $$ BEGIN
  IF NEW.claim_token <> OLD.claim_token OR NEW.status <> OLD.status THEN
    INSERT INTO chaos_claims (entry, category, status, token, begun, holder, at)
    VALUES (NEW.id, NEW.category, NEW.status, NEW.claim_token, OLD.current_log_id IS NOT NULL, NEW.claimed_by, clock_timestamp());
  END IF;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER chaos_note AFTER UPDATE ON joblog_jobqueueentry FOR EACH ROW EXECUTE FUNCTION chaos_note();
"""

# As a change would: what rests runs again.
WAKE = """
UPDATE joblog_jobqueueentry SET status = 'Ready', earliest_start = now()
WHERE status IN ('Ready', 'On Hold with Inactivity Timeout') AND current_log_id IS NULL
AND (earliest_start IS NULL OR earliest_start > now())
"""
BUSY = """
SELECT count(*) FROM joblog_jobqueueentry
WHERE status IN ('In Process', 'Waiting') OR current_log_id IS NOT NULL OR (status = 'Ready' AND earliest_start <= now())
"""


@dataclass
class Storm:
    """``kills`` counts what was killed; ``problems`` are what must not be, in words."""

    installation: Installation
    people: People
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def rage(self, seconds: float) -> None:
        """Lets people create records, wakes entries and kills processes for so long; then waits until everything has ended."""
        dice = random.Random(self.seed)
        with psycopg.connect(self.installation.environment["DATABASE_URL"], autocommit=True) as database:
            database.execute(AUDIT)
            clusters = [self.installation.start_worker() for _ in range(CLUSTERS)]
            wait_until(lambda: _number(database, "SELECT count(*) FROM joblog_jobqueuelogentry") > 0, what="the first execution")
            end = time.monotonic() + seconds
            number = 0
            while time.monotonic() < end:
                number += 1
                self._work(dice, number)
                database.execute(WAKE)
                time.sleep(dice.uniform(0.3, 1.2))
                self._kill(dice, clusters)
            self.people.control("DELETE", "faults")
            wait_until(lambda: self._calm(database, clusters), seconds=180, what="the end of all entries")
            self._check(database)

    def _calm(self, database: psycopg.Connection[Any], clusters: list[subprocess.Popen[bytes]]) -> bool:
        clusters[:] = [self._alive(process) for process in clusters]
        return _number(database, BUSY) == 0

    def _work(self, dice: random.Random, number: int) -> None:
        self.people.create_bc("customers", displayName=f"Storm {number:05}", city=dice.choice(["Skagen", "Odense", "Ribe"]))
        self.people.create_sales("accounts", name=f"Calm {number:05}", customertypecode=3)

    def _kill(self, dice: random.Random, clusters: list[subprocess.Popen[bytes]]) -> None:
        place = dice.randrange(len(clusters))
        process = clusters[place] = self._alive(clusters[place])
        what = dice.choice(["a whole cluster", "a worker process", "a worker process", "the guard", "the main process"])
        guard = _children(process.pid)[:1]
        below = _children(guard[0]) if guard else []
        victims = {"a worker process": below[:2], "the guard": guard, "the main process": [process.pid]}
        if what == "a whole cluster":
            os.killpg(process.pid, signal.SIGKILL)
        elif victims[what]:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(victims[what]), signal.SIGKILL)
        self.kills[what] += 1

    def _alive(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """The cluster, or a new one in the place of one that has died; what the dead one left behind may live on, as on a real machine."""
        return process if process.poll() is None else self.installation.start_worker()

    def _check(self, database: psycopg.Connection[Any]) -> None:
        claims = database.execute("SELECT entry, category, status, token, begun FROM chaos_claims ORDER BY id").fetchall()
        self.problems += overlaps([(category, entry, status) for entry, category, status, *_ in claims])
        every, begun = take_overs([(entry, status, token, begun) for entry, _, status, token, begun in claims])
        told = _number(database, "SELECT coalesce(sum(lost_workers), 0) FROM joblog_jobqueuelogentry")
        if not begun <= told <= every:  # of a worker that was lost before it began only the next one knows, which may be lost as well
            self.problems.append(f"{begun} to {every} runs were taken over from lost workers, the log tells of {told}.")
        open_ones = _number(database, "SELECT count(*) FROM joblog_jobqueuelogentry WHERE status = 'In Process'")
        open_ones += _number(database, "SELECT count(*) FROM joblog_synchjob WHERE status = 'In Process'")
        if open_ones:
            self.problems.append(f"{open_ones} executions or jobs have not ended in the log.")
        sending = _number(database, "SELECT count(*) FROM joblog_synchentry WHERE action = 'Sending'")
        if sending:
            self.problems.append(f"{sending} records are still being sent.")
        self.problems += self._doubled()

    def _doubled(self) -> list[str]:
        """Records that exist twice on a side, or only on one, after all this."""
        bc = Counter(row["displayName"] for row in self.people.rows_bc("customers") if row["displayName"].startswith(("Storm", "Calm")))
        sales = Counter(row["name"] for row in self.people.rows_sales("accounts") if (row["name"] or "").startswith(("Storm", "Calm")))
        twice = [name for found in (bc, sales) for name, number in found.items() if number > 1]
        alone = sorted(bc.keys() ^ sales.keys())
        return [f"{name} exists twice." for name in twice] + [f"{name} exists on one side only." for name in alone]

    def table(self) -> list[tuple[Any, ...]]:
        """Per entry: description, category, executions, those that succeeded and failed, lost workers, longest execution in seconds."""
        query = """
            SELECT e.description, e.category, count(l.id), count(l.id) FILTER (WHERE l.status = 'Success'),
                   count(l.id) FILTER (WHERE l.status = 'Error'), coalesce(sum(l.lost_workers), 0),
                   coalesce(max(extract(epoch FROM l.ended_at - l.started_at)), 0)
            FROM joblog_jobqueueentry e LEFT JOIN joblog_jobqueuelogentry l ON l.entry_id = e.id
            WHERE e.category LIKE 'CHAOS%' GROUP BY e.id ORDER BY e.category, e.description
        """
        with psycopg.connect(self.installation.environment["DATABASE_URL"]) as database:
            return list(database.execute(query).fetchall())


def overlaps(changes: list[tuple[str, int, str]]) -> list[str]:
    """Where two entries of one category, or one entry twice, were In Process at once; from (category, entry, new status) in their order."""
    running: dict[str, set[int]] = {}
    found = []
    for category, entry, status in changes:
        here = running.setdefault(category, set())
        if status == "In Process":
            here.add(entry)
            if category and len(here) > 1:
                found.append(f"Entries {sorted(here)} of {category} ran at once.")
        else:
            here.discard(entry)
    return found


def take_overs(changes: list[tuple[int, str, str, bool]]) -> tuple[int, int]:
    """How often a claim followed another one that was never given back, and in how many of these cases the execution had begun.

    From (entry, status, token, whether the execution had begun) in their order.
    """
    by_entry: dict[int, list[tuple[str, str, bool]]] = {}
    for entry, *change in changes:
        by_entry.setdefault(entry, []).append((change[0], change[1], change[2]))
    found = [
        after[2]
        for own in by_entry.values()
        for before, after in pairwise(own)
        if before[0] == after[0] == "In Process" and before[1] and after[1] and before[1] != after[1]
    ]
    return len(found), sum(found)


def brew(folder: Path, people: People, *, seed: int) -> Storm:
    """An installation with 20 entries in 4 categories, and systems that take their time, so that kills meet work under way."""
    installation = Installation(folder, people.url, **SETTINGS)
    installation.python(PREPARE)
    for system in ("business_central", "sales"):
        people.fault(system=system, kind="delay", seconds=0.15, times=1_000_000)
    return Storm(installation, people, seed)


def _children(pid: int) -> list[int]:
    """The processes that this one has started, oldest first; empty where it is gone."""
    try:
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _number(database: psycopg.Connection[Any], query: str) -> int:
    row = database.execute(query).fetchone()  # type: ignore[call-overload]
    return int(row[0]) if row else 0

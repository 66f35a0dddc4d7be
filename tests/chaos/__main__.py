"""make chaos: two clusters on PostgreSQL whose processes are killed at random, CHAOS_SECONDS long (five minutes).

Prints a table; exit code 1 on a problem.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from syncadmin.sandbox.server import Sandbox
from tests.chaos.storm import Storm, brew
from tests.people import People
from tests.run import POSTGRESQL


def main(seconds: float, seed: int) -> int:
    os.environ.setdefault("DATABASE_URL", POSTGRESQL)
    console = Console(width=110)
    with Sandbox(port=0, data="demo", custom_pages=True) as sandbox, tempfile.TemporaryDirectory() as folder:
        people = People(sandbox.url)
        people.sign_in()
        storm = brew(Path(folder), people, seed=seed)
        try:
            storm.rage(seconds)
            console.print(report(storm, seconds))
        finally:
            storm.installation.close()
    console.print(f"Killed: {', '.join(f'{number} x {what}' for what, number in storm.kills.items())}. CHAOS_SEED={seed} repeats it.")
    console.print("\n".join(storm.problems) or "No entry ran twice at once, none is stuck, all have ended, nothing is lost or doubled.")
    return 1 if storm.problems else 0


def report(storm: Storm, seconds: float) -> Table:
    headings = ("entry", "category", "executions", "succeeded", "failed", "lost workers", "longest (s)")
    table = Table(*headings, title=f"{seconds:.0f} seconds, two clusters, PostgreSQL")
    for description, category, *numbers, longest in storm.table():
        table.add_row(description.split(" - Dynamics")[0], category, *(str(number) for number in numbers), f"{longest:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main(float(os.environ.get("CHAOS_SECONDS", "300")), int(os.environ.get("CHAOS_SEED", str(int(time.time()))))))

"""make bench: how fast, with how many requests, and in how much memory. Prints a table; nothing here passes or fails.

python -m tests.bench [RECORDS]        (default 20000)
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from syncadmin.sandbox.server import Sandbox
from tests.installation import Installation
from tests.people import People

_FULL_RUN = """
import resource
from django.core.management import call_command
try:
    call_command("synchronize", "CUSTOMER", full=True)
except SystemExit:
    print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main(records: int) -> None:
    table = Table("what", "records", "seconds", "records/s", "requests", title=f"{records:,} customers, real HTTP on this machine")
    with Sandbox(port=0, data="empty", custom_pages=True) as sandbox, tempfile.TemporaryDirectory() as folder:
        people = People(sandbox.url)
        people.sign_in()
        installation = Installation(Path(folder), sandbox.url)
        installation.python(
            "from mappings.models import *; IntegrationTableMapping.objects.filter(name='CUSTOMER').update(synch_only_coupled=False)"
        )
        _line(table, "post to Business Central", records, lambda: people.create_many_bc("customers", _customers(records)))
        for what in ("first load", "nothing changed", "nothing changed again"):
            _run(table, what, installation)
        changed = [row["id"] for row in people.rows_bc("customers")[: records // 100]]
        for key in changed:
            people.change_bc("customers", key, city="Odense")
        _run(table, "one in a hundred changed", installation)
        _run(table, "full run, nothing changed", installation, "--full")
        peak = installation.python(_FULL_RUN)
        installation.close()
    console = Console()
    console.print(table)
    console.print(f"Peak memory of a full run: {peak.rsplit('PEAK', 1)[1].strip()} MB")


def _customers(records: int) -> list[dict[str, object]]:
    return [{"displayName": f"Customer {number:07}", "city": "Aarhus", "email": f"c{number}@example.com"} for number in range(records)]


def _run(table: Table, what: str, installation: Installation, *options: str) -> None:
    started = time.perf_counter()
    jobs = installation.ask("synchronize", "CUSTOMER", *options)["jobs"]
    seconds = time.perf_counter() - started
    read = sum(job["read"] for job in jobs)
    requests = sum(sum(job["requests"].values()) for job in jobs)
    table.add_row(what, f"{read:,}", f"{seconds:.1f}", f"{read / seconds:,.0f}", f"{requests:,}")


def _line(table: Table, what: str, records: int, work: Callable[[], None]) -> None:
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    table.add_row(what, f"{records:,}", f"{seconds:.1f}", f"{records / seconds:,.0f}", "")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syncadmin.settings")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)

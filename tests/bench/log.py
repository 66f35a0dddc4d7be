"""The log at a million jobs, on PostgreSQL: how fast its pages answer, and how long retention holds a lock. Nothing here passes or fails.

python -m tests.bench.log [JOBS]        (default 1000000; five entries per job)

Works in a database of its own, made on the server of SYNCADMIN_TEST_POSTGRESQL and dropped at the end.
"""

from __future__ import annotations

import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.database import SERVER, fill, measured, own_database, server_answers

ROWS = (Path(__file__).parent / "log_rows.sql").read_text()
# Each with what it is: the page as it opens, a filter that finds much, one that finds little or nothing, a sort, a deep page.
PAGES = (
    ("log", "/log/"),
    ("log, any time", "/log/?period=all"),
    ("log, any time, page 200", "/log/?period=all&page=200"),
    ("log, oldest first", "/log/?period=all&sort=started_at"),
    ("log, sorted by failed", "/log/?period=all&sort=-failed"),
    ("log, sorted by duration", "/log/?period=all&sort=-duration"),
    ("log, one mapping", "/log/?period=all&mapping=CONTACT"),
    ("log, a mapping that never ran", "/log/?period=all&mapping=VENDOR"),
    ("log, one status", "/log/?period=all&status=Canceled"),
    ("log, one type", "/log/?period=all&type=Find+for+Deleted"),
    ("log, one trigger", "/log/?period=all&trigger=command"),
    ("log, one direction", "/log/?period=all&direction=FromIntegrationTable"),
    ("log, three filters", "/log/?period=all&mapping=CONTACT&direction=ToIntegrationTable&type=Preview"),
    ("log, filters that exclude each other", "/log/?period=all&mapping=CURRENCY&direction=FromIntegrationTable"),
    ("log, two rare ones", "/log/?period=all&status=Canceled&type=Full"),
    ("log, a day half a year ago", "/log/?since={half_a_year_ago}&until={half_a_year_ago}"),
    ("log, has failures", "/log/?period=all&failures=on"),
    ("log, needs attention", "/log/?attention=on&period=all"),
    ("log, mine", "/log/?mine=on&period=all"),
    ("log, running now", "/log/?status=In+Process&period=all"),
    ("log, search", "/log/?period=all&search=sign-in"),
    ("log, search that finds nothing", "/log/?period=all&search=zzzz"),
    ("log, of one record", "/log/?record={record}"),
    ("log, of a record with 10,000 entries", "/log/?record={hot}"),
    ("log, filter pane", "/log/?period=all&f.failed=%3E50"),
    ("job", "/log/{huge}/"),
    ("job, all records", "/log/{huge}/?action=all"),
    ("job, causes", "/log/{huge}/?tab=causes"),
    ("job, changes", "/log/{huge}/?tab=changes"),
    ("job, log lines", "/log/{huge}/?tab=lines"),
    ("log lines of a job, search", "/log/{huge}/lines/?search=zzzz"),
    ("records of a job", "/log/{huge}/entries/"),
    ("records of a job, failed", "/log/{huge}/entries/?action=Failed"),
    ("records of a job, one cause", "/log/{huge}/entries/?cause={cause}"),
    ("records of a job, search", "/log/{huge}/entries/?search=zzzz"),
    ("records of a job, sorted", "/log/{huge}/entries/?sort=name"),
    ("errors", "/errors/"),
    ("errors, page 200", "/errors/?page=200"),
    ("errors, one mapping", "/errors/?mapping=CONTACT"),
    ("errors, a mapping without", "/errors/?mapping=VENDOR"),
    ("errors, one code", "/errors/?code=conflict"),
    ("errors, one cause", "/errors/?cause={cause}"),
    ("errors, one direction", "/errors/?direction=FromIntegrationTable"),
    ("errors, skipped", "/errors/?action=Skipped"),
    ("errors, search", "/errors/?search=zzzz"),
    ("errors, sorted by source", "/errors/?sort=name"),
    ("errors, oldest first", "/errors/?sort=at"),
    ("errors, resolved", "/errors/?state=resolved"),
    ("errors, resolved of one mapping", "/errors/?state=resolved&mapping=CONTACT&code=conflict"),
    ("errors, ignored", "/errors/?state=ignored"),
    ("errors, ignored of one mapping", "/errors/?state=ignored&mapping=CONTACT"),
    ("errors, mine", "/errors/?owner=me"),
    ("errors, mine of one mapping", "/errors/?owner=me&mapping=CONTACT"),
    ("errors, mine, ignored", "/errors/?owner=me&state=ignored"),
    ("errors, mine, resolved", "/errors/?owner=me&state=resolved"),
    ("errors, nobody's", "/errors/?owner=nobody"),
    ("errors, nobody's, ignored", "/errors/?owner=nobody&state=ignored"),
    ("errors, nobody's of one mapping", "/errors/?owner=nobody&mapping=CONTACT"),
    ("causes", "/causes/"),
    ("causes, open and past", "/causes/?state=all&search=zzzz"),
    ("record, full history", "/mappings/{mapping}/records/business_central/{record}/log/"),
    ("record with 10,000 entries", "/mappings/{mapping}/records/business_central/{hot}/log/"),
    ("record with 10,000 entries, failed", "/mappings/{mapping}/records/business_central/{hot}/log/?action=Failed"),
    ("record, history beside it", "/mappings/{mapping}/records/business_central/{hot}/history/"),
    ("record that nothing has touched", "/mappings/{mapping}/records/business_central/{nobody}/log/"),
    ("runs of a mapping", "/mappings/{mapping}/runs/"),
    ("role center", "/home/"),
)


def main(jobs: int) -> None:
    console = Console(width=140)
    if not server_answers():
        console.print(f"No PostgreSQL server answers at {SERVER}: the log is not measured.")
        return
    with own_database():
        from joblog.models import SynchEntry, SynchJob

        console.print(f"Writing {jobs:,} jobs and {jobs * 5:,} entries ...")
        console.print(f"done in {fill([SynchJob, SynchEntry], ROWS, jobs=jobs):.0f} s\n")
        console.print(measured("The pages of the log, on the server", PAGES, _places()))
        console.print(_retention())


def _places() -> dict[str, object]:
    from django.utils import timezone

    from joblog.models import ErrorCause, SynchEntry, SynchJob
    from mappings.models import IntegrationTableMapping

    failed = ErrorCause.objects.filter(mapping_name="CONTACT", records__gt=0).order_by("-records").first()
    assert failed is not None
    return {
        "huge": SynchJob.objects.order_by("-modified").values_list("pk", flat=True).first(),
        "cause": failed.pk,
        "mapping": IntegrationTableMapping.objects.get(name="CONTACT").pk,
        "hot": "00000000-0000-4000-8000-000000000000",
        "record": SynchEntry.objects.filter(pk__gt=1000).order_by("pk").values_list("source_key", flat=True).first(),
        "nobody": uuid.uuid4(),
        "half_a_year_ago": f"{timezone.now() - timedelta(days=180):%Y-%m-%d}",
    }


def _retention() -> Table:
    """Deletes what is older than 285 days: a fifth of the log."""
    from joblog.foreground import run_in_foreground
    from joblog.models import JobQueueLogEntry, RunKind
    from joblog.retention import retention_entry

    started = time.perf_counter()
    run_in_foreground(retention_entry(older_than=285))
    seconds = time.perf_counter() - started
    removed = JobQueueLogEntry.objects.filter(run_kind=RunKind.RETENTION).latest("pk").parameters["removed"]
    table = Table("jobs deleted", "entries deleted", "seconds", "entries/s", "longest transaction, s", title="Retention")
    rate = removed["entries"] / seconds
    table.add_row(f"{removed['jobs']:,}", f"{removed['entries']:,}", f"{seconds:.0f}", f"{rate:,.0f}", f"{removed['seconds']:.2f}")
    return table


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

"""A worker that is killed at any moment loses nothing and doubles nothing (architecture.md section 3, engine.md A21)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, wait_until
from tests.people import People

pytestmark = pytest.mark.processes

RECORDS = 2000
MOMENTS = {
    "while the first thousand is on the wire": {"method": "POST", "path": "CreateMultiple", "after": 0},
    "while the second thousand is on the wire": {"method": "POST", "path": "CreateMultiple", "after": 1},
    "while the accounts are read back": {"method": "GET", "path": "/accounts", "after": 0},
}


@pytest.fixture
def installation(tmp_path: Path, people: People) -> Iterator[Installation]:
    made = Installation(tmp_path, people.url, SYNCADMIN_STALE_SECONDS="4", SYNCADMIN_WORKERS="1")
    made.python("from mappings.models import *; IntegrationTableMapping.objects.filter(name='CUSTOMER').update(synch_only_coupled=False)")
    made.python("from joblog.models import *; JobQueueEntry.objects.all().delete()")
    yield made
    made.close()


@pytest.mark.rule("5.8.progress")
@pytest.mark.parametrize("moment", MOMENTS)
def test_all_records_arrive_once_when_the_worker_is_killed(moment: str, installation: Installation, people: People) -> None:
    people.create_many_bc("customers", [{"displayName": f"Customer {number:04}"} for number in range(RECORDS)])
    people.fault(system="sales", kind="delay", seconds=3, times=1, **MOMENTS[moment])
    run_and_kill(installation, people, "CUSTOMER")
    jobs = wait_until(lambda: finished(installation), seconds=90, what="the end of both jobs")
    assert names_in_sales(people) == Counter(f"Customer {number:04}" for number in range(RECORDS))
    assert (jobs["ToIntegrationTable"]["inserted"], jobs["ToIntegrationTable"]["failed"]) == (RECORDS, 0)
    assert counted_entries(installation, jobs["ToIntegrationTable"]["id"]) == Counter(Inserted=RECORDS)
    assert jobs["FromIntegrationTable"]["inserted"] == jobs["FromIntegrationTable"]["modified"] == 0


def run_and_kill(installation: Installation, people: People, mapping: str) -> None:
    """Kills the worker that synchronizes this mapping while the request that is delayed is on the wire; another one starts."""
    installation.python(
        "from joblog.queue import enqueue; from joblog.models import *; from mappings.models import *\n"
        f"enqueue(mapping=IntegrationTableMapping.objects.get(name={mapping!r}), run_kind=RunKind.SYNCHRONIZE)"
    )
    worker = installation.start_worker()
    wait_until(lambda: used_up(people), what="the delayed request")
    installation.kill(worker)
    installation.start_worker()


def used_up(people: People) -> bool:
    """Whether the delayed request has arrived in the sandbox."""
    return any(fault["hit"] for fault in people.control("GET", "faults"))


def finished(installation: Installation) -> dict[str, Any] | None:
    """Both jobs once they are finished."""
    jobs = {job["direction"]: job for job in installation.ask("synchlog")["jobs"]}
    return jobs if len(jobs) == 2 and all(job["status"] == "Finished" for job in jobs.values()) else None


def names_in_sales(people: People) -> Counter[str]:
    return Counter(row["name"] for row in people.rows_sales("accounts"))


def counted_entries(installation: Installation, job: int) -> Counter[str]:
    return Counter(entry["action"] for entry in installation.ask("synchlog", "--job", str(job), "--entries")["entries"])


@pytest.mark.rule("16.same")
@pytest.mark.parametrize("path", ["batch", "PublishXml"])
def test_options_are_made_once_when_the_worker_is_killed(path: str, installation: Installation, people: People) -> None:
    for code in ("CM", "COD"):
        people.create_standard("paymentTerms", code=code, displayName=f"{code} in words")
    installation.python(
        "from mappings.models import *; IntegrationTableMapping.objects.filter(name__contains='TERMS').update(synch_only_coupled=False)"
    )
    people.fault(system="sales", kind="delay", seconds=3, times=1, method="POST", path=path, after=1 if path == "batch" else 0)
    run_and_kill(installation, people, "PAYMENT TERMS")
    job = wait_until(lambda: ended(installation), seconds=90, what="the end of the job")
    assert (job["inserted"], job["failed"]) == (2, 0)
    for entity in ("account", "invoice"):
        labels = list(people.options(entity, "paymenttermscode").values())
        assert sorted(labels[4:]) == ["CM", "COD"]
    assert counted_entries(installation, job["id"]) == Counter(Inserted=2)


def ended(installation: Installation) -> dict[str, Any] | None:
    """The only job, once it is finished."""
    jobs = installation.ask("synchlog")["jobs"]
    return jobs[0] if jobs and jobs[0]["status"] == "Finished" else None


@pytest.mark.rule("10.dimensions")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_new_customers_get_their_dimensions_once_when_the_worker_is_killed(method: str, installation: Installation, people: People) -> None:
    installation.python(
        "from mappings.models import *; m = IntegrationTableMapping.objects.get(name='CUSTOMER')\n"
        "m.templates.filter(side='business_central').delete()\n"
        "m.templates.create(side='business_central', code='T', dimensions=[{'dimension': 'AREA', 'value': '30'}])"
    )
    rows = [{"name": f"Account {number:03}", "customertypecode": 3} for number in range(40)]
    people.create_many_sales("accounts", "account", rows)
    path = "defaultDimensions" if method == "GET" else r"api/v2.0/\$batch"
    people.fault(system="business_central", kind="delay", seconds=3, times=1, method=method, path=path)
    run_and_kill(installation, people, "CUSTOMER")
    jobs = wait_until(lambda: finished(installation), seconds=90, what="the end of both jobs")
    assert (jobs["FromIntegrationTable"]["inserted"], jobs["FromIntegrationTable"]["failed"]) == (40, 0)
    dimensions = Counter(row["parentId"] for row in people.rows_standard("defaultDimensions"))
    assert dimensions == Counter(row["id"] for row in people.rows_bc("customers"))
    assert len(dimensions) == 40

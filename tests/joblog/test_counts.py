"""Each count of a finished job opens exactly its rows, for every type of job (issue 4: a walk over all counts of all jobs of the demo)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from joblog.models import JobStatus, JobType, SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
COLUMNS = (*SynchJob.COUNTERS, "conflicts", "open_issues")


@pytest.fixture
def company_at_work(demo_company: People, command: Command) -> People:
    """The demo company after jobs of every type, in which records went well, failed, were skipped, conflicted and disappeared."""
    IntegrationTableMapping.objects.exclude(name="POSTEDSALESINV-INV").update(synch_only_coupled=False)
    command("match", "CUSTOMER", "--preview")
    command("match", "CUSTOMER")
    command("synchronize", "CUSTOMER", "--preview")
    command("synchronize", "--all", "--full")
    for _ in range(2):
        command("synchronize", "--all")
    command("synchronize", "CUSTOMER STATISTICS")
    _conflict(demo_company, command)
    _deletions(demo_company, command)
    command("uncouple", "CONTACT", "--all")
    return demo_company


def _conflict(people: People, command: Command) -> None:
    row = _customers()[0]
    people.change_bc("customers", str(row.bc_key), city="Graz")
    people.change_sales("accounts", str(row.sales_key), address1_city="Linz")
    command("synchronize", "CUSTOMER")


def _deletions(people: People, command: Command) -> None:
    people.create_bc("customers", number="FRESH", displayName="Nobody has traded with it yet")
    command("synchronize", "CUSTOMER")
    rows = [*_customers()[1:3], Coupling.objects.get(bc_number="FRESH")]
    for row in rows:
        people.delete_sales("accounts", str(row.sales_key))
    command("deleted", "find", "CUSTOMER")
    command("deleted", "restore", "CUSTOMER", str(rows[0].bc_key))
    command("uncouple", "CUSTOMER", str(rows[1].bc_key))
    command("deleted", "delete", "CUSTOMER", str(rows[2].bc_key))


def _customers() -> list[Coupling]:
    rows = Coupling.objects.filter(mapping__name="CUSTOMER", skipped=False, pending="", to_result="Success")
    return list(rows.exclude(bc_key=None).exclude(sales_key=None).order_by("id"))


def counts(client: Client) -> Iterator[tuple[SynchJob, str, int, str]]:
    """(job, counter, number, address behind it) of every cell of the log; the address is blank where there is no link."""
    number = 1
    while True:
        page = client.get(f"/log/?period=all&per_page=200&page={number}&cols={','.join(COLUMNS)}")
        for row in page.context["table"].page.object_list:
            for name in COLUMNS:
                link = re.search(r'href="([^"]+)"', str(row.get_cell(name)))
                yield row.record, name, getattr(row.record, name), html.unescape(link[1]) if link else ""
        if not page.context["table"].page.has_next():
            return
        number += 1


def test_every_count_of_every_job_opens_exactly_its_rows(company_at_work: People, reader: Client) -> None:
    _walk_the_log(reader)
    _walk_the_jobs(reader)


def _walk_the_log(reader: Client) -> None:
    assert set(SynchJob.objects.values_list("type", flat=True)) == set(JobType)
    seen: dict[str, int] = {}
    for job, name, number, url in counts(reader):
        assert job.status == JobStatus.FINISHED, (job, job.message)
        assert bool(url) == (number > 0 and name != "unchanged"), (job, name)
        if url:
            table = reader.get(url).context["table"]
            assert table.paginator.count == number, (job, name)
            assert {row.record.job_id for row in table.page.object_list} == {job.pk}
            seen[name] = seen.get(name, 0) + number
    assert {name for name, number in seen.items() if number} == set(COLUMNS) - {"unchanged"}


def _walk_the_jobs(reader: Client) -> None:
    """What stands in the tabs of each job's page."""
    for job in SynchJob.objects.all():
        counted = sum(getattr(job, name) for name in SynchJob.COUNTERS if name != "unchanged")
        assert SynchEntry.objects.filter(job=job).count() == counted, job
        for tab in reader.get(f"/log/{job.pk}/").context["tabs"]:
            address = reader.get(f"/log/{job.pk}/?action={tab.action or 'all'}").context["entries_url"]
            assert reader.get(address).context["table"].paginator.count == tab.number, (job, tab)
        causes = reader.get(f"/log/{job.pk}/?tab=causes").context["causes"]
        for cause, number, url in causes:
            assert urlsplit(url).path == f"/log/{job.pk}/entries/"
            assert reader.get(url).context["table"].paginator.count == number, (job, cause)

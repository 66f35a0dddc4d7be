"""Posted invoices of a Business Central with API v2.0 alone, which shows no resources (default-setup.md, section 19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from joblog.models import SynchEntry, SynchJob
from syncadmin.sandbox.server import Sandbox
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def demo(db: None) -> Iterator[People]:
    """The default set-up, against the demo company without custom pages."""
    with Sandbox(port=0, data="demo", custom_pages=False) as server:
        people = People(server.url)
        people.sign_in()
        call_command("setup", "default", sandbox=server.url, stdout=StringIO())
        yield people


def posted(people: People) -> dict[str, set[str]]:
    """The kinds of lines of each posted invoice, by its number."""
    rows = people.rows_standard("salesInvoices?$expand=salesInvoiceLines")
    return {row["number"]: {line["lineType"] for line in row["salesInvoiceLines"]} for row in rows if row["status"] != "Draft"}


@pytest.mark.rule("19.invoices.no-page")
def test_an_invoice_with_a_resource_fails_alone(demo: People, command: Command) -> None:
    command("synchronize", "--all", "--full")
    kinds = posted(demo)
    with_resource = {number for number, lines in kinds.items() if "Resource" in lines}
    assert 0 < len(with_resource) < len(kinds)
    job = SynchJob.objects.filter(mapping_name="POSTEDSALESINV-INV").latest("id")
    assert (job.status, job.inserted + job.failed) == ("Finished", len(kinds))
    failed = SynchEntry.objects.filter(job=job, code="no-page")
    assert {entry.source_label.split()[0] for entry in failed} == with_resource
    assert "Install the custom API pages" in failed[0].message
    arrived = {row["name"] for row in demo.rows_sales("invoices")}
    assert not arrived & with_resource
    assert len(arrived) == job.inserted > 0

"""A record that a system tells was deleted is looked for by its key alone (web-apis.md section 6, engine.md section 9.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog import runner
from joblog.heard_changes import hear
from joblog.models import DeletionWatch, JobQueueEntry, RunKind, SynchJob
from joblog.told_changes import Told
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People


@pytest.mark.parametrize("side", ["business_central", "sales"])
def test_a_told_deletion_marks_its_coupling_with_few_requests(
    customer: IntegrationTableMapping, people: People, command: Callable[..., Any], side: str
) -> None:
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(5)])
    command("synchronize", "CUSTOMER")
    gone = Coupling.objects.earliest("id")
    if side == "sales":
        people.delete_sales("accounts", gone.sales_key)
        told = Told(tables={"accounts"}, deleted={"accounts": {gone.sales_key}})
    else:
        people.delete_standard("customers", gone.bc_key)
        told = Told(tables={"customers"}, deleted={"customers": {gone.bc_key}})
    hear(customer.sales if side == "sales" else customer.business_central, told)
    before = people.stats()
    runner.run(JobQueueEntry.objects.get(run_kind=RunKind.FIND_DELETED).pk)
    after = people.stats()
    assert sum(after[one]["requests"] - before[one]["requests"] for one in after) <= 3
    gone.refresh_from_db()
    assert gone.skipped and not Coupling.objects.exclude(pk=gone.pk).filter(skipped=True).exists()
    assert sum(job.skipped for job in SynchJob.objects.filter(type="Find for Deleted", trigger="change")) == 1
    assert not DeletionWatch.objects.exists()  # what else was deleted is still to be found

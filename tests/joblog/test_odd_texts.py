"""Texts that people, and other programs, leave in records: a run carries them over, or fails their record alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from joblog import runner
from joblog.models import JobQueueEntry, SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.mark.parametrize(
    ("name", "arrives"),
    [
        ("Smile 🙂 \u202e Ltd", "Smile 🙂 \u202e Ltd"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("Zero\x00Byte", "Zero\ufffdByte"),
        ("'; DROP TABLE %s", "'; DROP TABLE %s"),
    ],
    ids=["emoji", "markup", "nul", "sql"],
)
def test_a_name_with_odd_signs_arrives(
    customer: IntegrationTableMapping, people: People, command: Command, name: str, arrives: str
) -> None:
    people.create_bc("customers", number="C1", displayName=name)
    people.create_bc("customers", number="C2", displayName="Plain")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["inserted"]) == (0, 2)
    assert {row["name"] for row in people.rows_sales("accounts")} == {arrives, "Plain"}
    assert Coupling.objects.filter(bc_label=f"C1 {arrives}").exists()
    assert command("synchronize", "CUSTOMER")[1]["jobs"][0]["modified"] == 0


@pytest.mark.rule("A14.error")
def test_a_name_of_too_many_emojis_fails_before_it_is_sent(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_sales("accounts", name="🙂" * 51, customertypecode=3)
    people.create_sales("accounts", name="🙂" * 50, customertypecode=3)
    jobs = command("synchronize", "CUSTOMER")[1]["jobs"]
    assert (jobs[1]["inserted"], jobs[1]["failed"]) == (1, 1)
    failed = SynchEntry.objects.get(action="Failed")
    assert (failed.code, "102 characters" in failed.message) == ("too-long", True)


@pytest.mark.parametrize("key", ["x" * 50, "no-key", "11111111-1111-1111-1111-111111111111 or number ne 'x'"])
def test_what_is_no_key_names_no_record(customer: IntegrationTableMapping, people: People, operator: Client, key: str) -> None:
    people.create_bc("customers", number="C1", displayName="Not meant")
    operator.post("/synchronize/", {"mapping": customer.pk, "run": "synchronize", "side": "business_central", "keys": key})
    runner.run(JobQueueEntry.objects.get(recurring=False).pk)
    job = SynchJob.objects.order_by("id")[0]
    assert (job.status, job.read, job.failed) == ("Finished", 0, 1)
    assert SynchEntry.objects.get(job=job).code == "deleted"
    assert people.rows_sales("accounts") == []

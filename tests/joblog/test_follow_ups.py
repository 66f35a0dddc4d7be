"""Jobs that follow a job: records of another mapping, synchronized under the same execution (engine.md section 19)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from joblog import runner
from joblog.models import JobQueueEntry, QueueStatus, RunKind, SynchJob
from joblog.queue import enqueue
from mappings.models import IntegrationTableMapping
from mappings.rules.registry import RULES
from mappings.rules.table_rules import MappingRules, refused
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.touched import Touched
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


class CustomerFollows(MappingRules):
    """Each contact wants the customer whose key stands in its second address line to follow."""

    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.BUSINESS_CENTRAL: ("displayName", "addressLine2")}

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        self.customers = {record.key: record.values["addressLine2"] for record in records}
        return [refused(one, "test", "Refused.") if one.values["displayName"] == "Refused" else one for one in records]

    def follow_up(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[tuple[str, Sequence[str]]]:
        return [("CUSTOMER", [self.customers[item.source_key] for item in touched])]


@pytest.fixture
def follows(company: People, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Creates a contact and the customer that follows it; both mappings create what is not coupled."""
    IntegrationTableMapping.objects.filter(name__in=["CONTACT", "CUSTOMER"]).update(synch_only_coupled=False)
    contact = IntegrationTableMapping.objects.get(name="CONTACT")
    contact.table_filter = "type eq 'Person'"
    contact.save()
    monkeypatch.setitem(RULES, (contact.table, contact.integration_table), CustomerFollows)

    def create(name: str = "Ada") -> None:
        customer = company.create_bc("customers", displayName="Adatum")
        company.create_bc("contacts", type="Person", displayName=name, addressLine2=customer["id"])

    return create


def test_the_records_that_follow_have_a_job_of_their_own_in_the_same_execution(
    follows: Callable[..., None], company: People, command: Command
) -> None:
    company.create_bc("customers", displayName="Litware")
    follows()
    code, answer = command("synchronize", "CONTACT", "--direction", "to")
    assert (code, [(job["mapping"], job["inserted"]) for job in answer["jobs"]]) == (0, [("CONTACT", 1), ("CUSTOMER", 1)])
    assert SynchJob.objects.values("log_entry").distinct().count() == 1
    assert [row["name"] for row in company.rows_sales("accounts")] == ["Adatum"]


def test_unchanged_records_are_followed_too(follows: Callable[..., None], company: People, command: Command) -> None:
    follows()
    command("synchronize", "CONTACT", "--direction", "to")
    _, answer = command("synchronize", "CONTACT", "--direction", "to", "--full")
    assert [(job["mapping"], job["unchanged"]) for job in answer["jobs"]] == [("CONTACT", 1), ("CUSTOMER", 1)]


def test_failed_records_are_not_followed(follows: Callable[..., None], company: People, command: Command) -> None:
    follows("Refused")
    code, answer = command("synchronize", "CONTACT", "--direction", "to")
    assert (code, [(job["mapping"], job["failed"]) for job in answer["jobs"]]) == (1, [("CONTACT", 1)])


def test_a_mapping_that_was_removed_is_not_missed(follows: Callable[..., None], company: People, command: Command) -> None:
    follows()
    IntegrationTableMapping.objects.get(name="CUSTOMER").delete()
    code, answer = command("synchronize", "CONTACT", "--direction", "to")
    assert (code, [job["mapping"] for job in answer["jobs"]]) == (0, ["CONTACT"])


def test_what_follows_waits_for_another_run_of_its_mapping(follows: Callable[..., None], company: People, command: Command) -> None:
    follows()
    own = IntegrationTableMapping.objects.get(name="CUSTOMER")
    JobQueueEntry.objects.create(mapping=own, run_kind=RunKind.SYNCHRONIZE, status=QueueStatus.IN_PROCESS, claim_token="somebody")
    entry = enqueue(mapping=IntegrationTableMapping.objects.get(name="CONTACT"), run_kind=RunKind.SYNCHRONIZE)
    runner.run(entry.pk)
    entry.refresh_from_db()
    assert (entry.status, entry.error_message.startswith("The mapping CUSTOMER is running.")) == (QueueStatus.READY, True)
    assert company.rows_sales("accounts") == []

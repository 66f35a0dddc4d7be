"""Jobs and entries as a run leaves them, without a run."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from joblog.causes import keep_issues
from joblog.models import SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping, System
from tests.joblog.matching import both_sides_of
from tests.people import People

MakeMapping = Callable[..., IntegrationTableMapping]
MakeJob = Callable[..., SynchJob]
MakeEntry = Callable[..., SynchEntry]


@pytest.fixture(autouse=True)
def rare_heartbeats(settings: Any) -> None:
    """A test holds a transaction, and the thread of a beating heart would wait for its end."""
    settings.STALE_SECONDS = 3600


@pytest.fixture
def make_mapping(db: None) -> MakeMapping:
    """A mapping between two systems that nobody serves."""
    business_central = System.objects.create(name="CRONUS", kind="business_central", address="http://127.0.0.1:9/bc", company="CRONUS")
    sales = System.objects.create(name="contoso.crm", kind="sales", address="http://127.0.0.1:9")

    def make(name: str = "CUSTOMER", **values: Any) -> IntegrationTableMapping:
        plain = {"table": "customers", "table_label": "Customer", "integration_table": "accounts", "integration_table_label": "Account"}
        return IntegrationTableMapping.objects.create(
            name=name, **({"business_central": business_central, "sales": sales} | plain | values)
        )

    return make


@pytest.fixture
def mapping(make_mapping: MakeMapping) -> IntegrationTableMapping:
    return make_mapping()


@pytest.fixture
def make_job(mapping: IntegrationTableMapping) -> MakeJob:
    """A finished job of CUSTOMER to Sales; ``days`` says how long ago."""

    def make(*, days: float = 0, **values: Any) -> SynchJob:
        start = timezone.now() - timedelta(days=days, seconds=5)
        owner = values.get("mapping", mapping)
        plain = {
            "mapping": owner,
            "mapping_name": owner.name if owner else "GONE",
            "direction": "ToIntegrationTable",
            "status": "Finished",
            "started_at": start,
            "finished_at": None if values.get("status") == "In Process" else start + timedelta(seconds=4),
        }
        return SynchJob.objects.create(**(plain | values))

    return make


@pytest.fixture
def make_entry() -> MakeEntry:
    def make(job: SynchJob, action: str = "Failed", **values: Any) -> SynchEntry:
        plain = {
            "source_key": str(uuid.uuid4()),
            "source_label": "10000 Adatum",
            "code": "too-long" if action == "Failed" else "",
            "message": "Name has 120 characters." if action == "Failed" else "",
            "at": timezone.now(),
        }
        entry = SynchEntry(job=job, action=action, **(plain | values))
        with transaction.atomic():
            keep_issues(job, [entry])
            entry.resolved_at = None
            entry.save()
            if "resolved_at" in values:
                keep_issues(job, [], well=[entry.source_key])
        return entry

    return make


@pytest.fixture
def make_coupling(mapping: IntegrationTableMapping) -> Callable[..., Coupling]:
    def make(**values: Any) -> Coupling:
        plain = {"mapping": mapping, "bc_key": str(uuid.uuid4()), "sales_key": str(uuid.uuid4()), "bc_label": "10000 Adatum"}
        return Coupling.objects.create(**(plain | values))

    return make


@pytest.fixture
def reader(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("Reader")


@pytest.fixture
def operator(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("Operator")


@pytest.fixture
def only_coupled(company: People) -> IntegrationTableMapping:
    """The mapping CUSTOMER as the default set-up makes it: by name, only coupled records."""
    return IntegrationTableMapping.objects.get(name="CUSTOMER")


@pytest.fixture
def both_sides(only_coupled: IntegrationTableMapping, people: People) -> dict[str, str]:
    """One pair, one customer without account, one with two accounts, and two customers for one account; keys by number."""
    made = both_sides_of(people)
    people.control("POST", "stats/reset")
    return made

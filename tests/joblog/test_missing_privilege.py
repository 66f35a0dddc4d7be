"""A user of Sales without the privilege to create records: the connection is switched off, with the reason (engine.md section 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import JobQueueEntry, SynchEntry
from mappings.models import ConfigurationChange, IntegrationTableMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def refused(customer: IntegrationTableMapping, people: People) -> People:
    """Two new customers, and nobody may create accounts."""
    people.control("POST", "settings", {"no_create_tables": ["accounts"]})
    for name in ("Adatum", "Contoso"):
        people.create_bc("customers", displayName=name)
    return people


@pytest.mark.rule("11.privilege")
def test_the_connection_is_switched_off_with_the_reason(refused: People, command: Command) -> None:
    code, told = command("synchronize", "CUSTOMER", "--direction", "to")
    assert (code, told["jobs"][0]["status"], told["jobs"][0]["failed"]) == (1, "Finished", 2)
    sales = System.objects.get(kind="sales")
    assert (sales.enabled, "prvCreate" in sales.last_test_message, "extend its role" in sales.last_test_message) == (False, True, True)
    assert "prvCreate" in ConfigurationChange.objects.get(kind="system", what="Disabled").after["reason"]
    assert set(JobQueueEntry.objects.filter(recurring=True, mapping__isnull=False).values_list("status", flat=True)) == {"On Hold"}
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["code"] == "disabled"
    assert SynchEntry.objects.filter(code="permission").count() == 2


@pytest.mark.rule("A11.leaves")
def test_a_preview_switches_nothing_off(refused: People, command: Command) -> None:
    command("synchronize", "CUSTOMER", "--direction", "to", "--preview")
    assert System.objects.get(kind="sales").enabled


def test_another_missing_permission_leaves_the_connection_on(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.fault(system="sales", kind="status", status=403, method="POST", path="batch|CreateMultiple", times=4)
    people.create_bc("customers", displayName="Adatum")
    command("synchronize", "CUSTOMER", "--direction", "to")
    assert System.objects.get(kind="sales").enabled

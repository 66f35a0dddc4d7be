"""The named checks of a connection, one at a time: each proves one thing, and says what to do where it does not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F
from django.utils import timezone

from mappings.models import IntegrationTableMapping, System, SystemKind, SystemTable
from mappings.systems import CONNECTED, connect_business_central, connect_sales
from syncadmin.connectors.business_central import BusinessCentral
from syncadmin.connectors.dataverse import Dataverse
from syncadmin.sync.errors import SyncError

GOOD, WARN, BAD = "good", "warn", "bad"
_CLOCKS_APART = 60  # seconds that need a word; runs work in each system's own clock, so that nothing is lost by it
_FEW_LEFT = 500  # requests of the six thousand in five minutes (web-apis.md section 8)

Connector = BusinessCentral | Dataverse


@dataclass(frozen=True)
class Checked:
    """What a check found: ``state`` is good, warn or bad; ``text`` says it to people."""

    name: str
    label: str
    state: str
    text: str


class _Finding(Exception):
    """A check that does not hold, or not quite."""

    def __init__(self, state: str, text: str) -> None:
        super().__init__(text)
        self.state, self.text = state, text


def checks_of(system: System) -> list[tuple[str, str]]:
    """(name, label) in the order in which they make sense: what fails in one fails in all that follow."""
    third = "Company" if system.kind == SystemKind.BUSINESS_CENTRAL else "Organization"
    return [
        ("address", "Address"),
        ("sign-in", "Sign-in"),
        ("company", third),
        ("tables", "Permissions per table"),
        ("clock", "Clock difference"),
        ("limits", "Limits left"),
    ]


def run_check(system: System, name: str) -> Checked:
    """Carries out one check over the wire. Nothing is changed in the system, whether it is enabled or not. Raises KeyError."""
    label, check = dict(checks_of(system))[name], _CHECKS[name]
    try:
        connector = connect_business_central(system) if system.kind == SystemKind.BUSINESS_CENTRAL else connect_sales(system)
        try:
            return Checked(name, label, GOOD, check(system, connector))
        finally:
            connector.close()
    except _Finding as finding:
        return Checked(name, label, finding.state, finding.text)
    except SyncError as error:
        return Checked(name, label, BAD, error.text)


def keep_result(system: System, failed: list[str]) -> None:
    """Notes on the system when it was tested and how it went; ``failed`` are the labels of checks that do not hold."""
    message = f"Not in order: {', '.join(failed)}." if failed else CONNECTED
    System.objects.filter(pk=system.pk).update(last_test_at=timezone.now(), last_test_message=message)


def _address(_system: System, connector: Connector) -> str:
    connector.reach()
    return f"{connector.front.partition('/api/')[0]} answers."


def _sign_in(system: System, connector: Connector) -> str:
    connector.prove_sign_in()
    means = "its certificate" if system.encrypted_certificate else "its secret"
    return f"Client {system.client_id} is signed in with {means}."


def _company(system: System, connector: Connector) -> str:
    if isinstance(connector, BusinessCentral):
        connector.check()
        return f"The company {system.company} is there, among {len(connector.companies())}."
    who = connector.who_am_i()
    return f"Organization {who.organization_id}, as user {who.user_id}."


def _tables(system: System, connector: Connector) -> str:
    tables = [row.table() for row in SystemTable.objects.filter(system=system, name__in=_used(system)) if row.table().modified_on]
    if not tables:
        raise _Finding(WARN, "No table is used yet. Use Default Synchronization Set-up, then test again.")
    stamps = connector.newest_stamps(tables)
    refused = [
        f"{table.label or table.name}: {stamp.text}" for table, stamp in zip(tables, stamps, strict=True) if isinstance(stamp, SyncError)
    ]
    if refused:
        raise _Finding(BAD, f"{len(refused)} of {len(tables)} tables cannot be read. {' '.join(refused)}")
    return f"All {len(tables)} tables that mappings use can be read."


def _used(system: System) -> set[str]:
    column, side = ("table", "business_central") if system.kind == SystemKind.BUSINESS_CENTRAL else ("integration_table", "sales")
    return set(IntegrationTableMapping.objects.filter(**{side: system}).values_list(F(column), flat=True))


def _clock(_system: System, connector: Connector) -> str:
    apart = (connector.reach() - datetime.now(UTC)).total_seconds()
    told = f"{abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} this server"
    if abs(apart) > _CLOCKS_APART:
        raise _Finding(WARN, f"The clock is {told}. Nothing is lost by it, but times of the two do not compare.")
    return f"The clock is {told}." if abs(apart) >= 1 else "The clocks agree."


def _limits(_system: System, connector: Connector) -> str:
    connector.check()
    left = connector.requests_left
    if left is None:
        return "The service does not say how many requests are left; it asks to wait when they are used up."
    if left < _FEW_LEFT:
        raise _Finding(WARN, f"{left} requests are left in this window of five minutes. Somebody else uses the same application user.")
    return f"{left} requests are left in this window of five minutes."


_CHECKS: dict[str, Callable[[System, Connector], str]] = {
    "address": _address,
    "sign-in": _sign_in,
    "company": _company,
    "tables": _tables,
    "clock": _clock,
    "limits": _limits,
}

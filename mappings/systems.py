"""From a configured system to a connector that speaks to it, and to what it says about its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from mappings.models import IntegrationTableMapping, Purpose, System, SystemKind, SystemTable, SystemTraffic
from mappings.option_sets import option_set_of
from syncadmin.connectors.business_central import BusinessCentral, BusinessCentralSettings
from syncadmin.connectors.dataverse import DataverseSettings
from syncadmin.connectors.dynamics_sales import DynamicsSales
from syncadmin.sync.errors import RunError, SyncError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

CONNECTED = "Connected."  # the message of a test in which everything was in order


def connect_business_central(system: System) -> BusinessCentral:
    """A connector for one company; nothing is sent yet. The caller closes it."""
    return BusinessCentral(
        BusinessCentralSettings(
            address=system.address,
            tenant=system.tenant,
            environment=system.environment,
            company=system.company,
            company_id=system.company_id,
            client_id=system.client_id,
            client_secret=system.client_secret,
            certificate_pem=system.certificate,
            token_address=system.token_address,
            scope=system.scope,
        )
    )


def connect_sales(system: System) -> DynamicsSales:
    """A connector for one environment; nothing is sent yet. The caller closes it."""
    return DynamicsSales(
        DataverseSettings(
            address=system.address,
            tenant=system.tenant,
            client_id=system.client_id,
            client_secret=system.client_secret,
            certificate_pem=system.certificate,
            token_address=system.token_address,
            scope=system.scope,
        )
    )


def connect(system: System, *, even_disabled: bool = False) -> BusinessCentral | DynamicsSales:
    """The connector of a system's kind.

    Raises RunError ``disabled`` for a system that is switched off, ``secret`` when its secret cannot be read.
    """
    if not system.enabled and not even_disabled:
        raise RunError("disabled", f"The connection {system.name} is switched off. Enable it under Connections, then run again.")
    try:
        return connect_business_central(system) if system.kind == SystemKind.BUSINESS_CENTRAL else connect_sales(system)
    except ImproperlyConfigured as error:
        raise RunError("secret", f"{system.name}: {error} Store the secret again, or start with the key it was saved with.") from error


@contextmanager
def connected(
    system: System, *, purpose: Purpose = Purpose.PAGES, even_disabled: bool = False
) -> Iterator[BusinessCentral | DynamicsSales]:
    """A connector that is closed at the end; what it sent is counted for ``purpose``."""
    connector = connect(system, even_disabled=even_disabled)
    try:
        yield connector
    finally:
        connector.close()
        SystemTraffic.count(system, purpose, requests=connector.requests, throttled=connector.throttled)


@contextmanager
def both_connected(
    mapping: IntegrationTableMapping, *, purpose: Purpose = Purpose.RUNS
) -> Iterator[dict[Side, BusinessCentral | DynamicsSales]]:
    """Connectors for both sides of a mapping."""
    with connected(mapping.business_central, purpose=purpose) as business_central, connected(mapping.sales, purpose=purpose) as sales:
        yield {Side.BUSINESS_CENTRAL: business_central, Side.SALES: sales}


def ask_tables(system: System, names: Iterable[str]) -> dict[str, Table]:
    """Asks the system for these tables, by name those that it has; nothing is kept."""
    wanted = list(dict.fromkeys(names))
    with connected(system) as connector:
        return {name: table for name, table in connector.tables(wanted).items() if name in wanted}


def read_tables(system: System, names: Iterable[str]) -> dict[str, Table]:
    """Asks the system for these tables and keeps what it says; the tables that it has, by name."""
    tables = ask_tables(system, names)
    for name, table in tables.items():
        SystemTable.objects.update_or_create(system=system, name=name, defaults={"label": table.label, "metadata": table.to_json()})
    return tables


def table_of(mapping: IntegrationTableMapping, side: Side) -> Table:
    """The table of one side of a mapping as it was last read; raises RunError ``unknown-table``."""
    if side is Side.SALES and mapping.is_option_mapping:
        return option_set_of(mapping)
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    name = mapping.table if side is Side.BUSINESS_CENTRAL else mapping.integration_table
    row = SystemTable.objects.filter(system=system, name=name).first()
    if row is None:
        raise RunError("unknown-table", f"The table {name} of {system.name} is not known. Run the default set-up to read it.")
    return row.table()


def test_connection(system: System) -> str:
    """Sends a cheap request, keeps the result with its time, and gives the message: "" when all is well."""
    try:
        with connected(system) as connector:
            connector.check()
        message = ""
    except SyncError as error:
        message = error.text
    System.objects.filter(pk=system.pk).update(last_test_at=timezone.now(), last_test_message=message or CONNECTED)
    return message


def zone_of(system: System) -> ZoneInfo:
    """The system's time zone; raises RunError ``time-zone`` when nobody knows it."""
    try:
        return ZoneInfo(system.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RunError("time-zone", f"{system.name} has the unknown time zone {system.time_zone}. Correct it under Connections.") from error

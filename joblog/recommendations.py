"""What a full synchronization recommends for each mapping, from what both systems have (engine.md section 17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from joblog.models import Recommendation
from mappings.models import IntegrationTableMapping, System
from mappings.plans import filled_filter
from mappings.systems import connected, table_of
from syncadmin.sync.records import Record, Side

_ENOUGH = 2  # rows: one tells "not empty"; the second tells a unit group or a currency beyond the one that is always there
_RATE = "exchangerate"

Samples = Mapping[Side, Sequence[Record]]


def recommendations(mappings: Sequence[IntegrationTableMapping]) -> dict[int, Recommendation]:
    """By mapping id. Asks each system for its first rows in as few requests as it allows. Raises RunError and RetryLater."""
    found: defaultdict[int, dict[Side, Sequence[Record]]] = defaultdict(dict)
    for side in Side:
        by_system: defaultdict[System, list[IntegrationTableMapping]] = defaultdict(list)
        for mapping in mappings:
            if side is Side.SALES and mapping.is_option_mapping:  # what Sales has does not matter
                continue
            by_system[mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales].append(mapping)
        for system, rows in by_system.items():
            for mapping, records in zip(rows, _first_rows(system, side, rows), strict=True):
                found[mapping.pk][side] = records
    return {mapping.pk: recommend(mapping, found[mapping.pk]) for mapping in mappings}


def recommend(mapping: IntegrationTableMapping, samples: Samples) -> Recommendation:
    """The rules of section 17 on the first two rows of both sides."""
    local, remote = samples[Side.BUSINESS_CENTRAL], samples.get(Side.SALES, ())
    if mapping.integration_table == "systemusers":
        return Recommendation.FULL
    if mapping.integration_table == "transactioncurrencies":
        return Recommendation.FULL if _only_the_local_currency(remote) else Recommendation.COUPLE
    if mapping.is_option_mapping:
        return Recommendation.COUPLE if local else Recommendation.NONE
    # A new environment of Sales has a default unit group.
    sales_has_some = len(remote) > 1 if mapping.integration_table == "uomschedules" else bool(remote)
    if local and sales_has_some:
        return Recommendation.COUPLE
    return Recommendation.FULL if local or sales_has_some else Recommendation.NONE


def _only_the_local_currency(remote: Sequence[Record]) -> bool:
    return len(remote) == 1 and Decimal(str(remote[0].values.get(_RATE) or 0)) == 1


def _first_rows(system: System, side: Side, mappings: Sequence[IntegrationTableMapping]) -> list[list[Record]]:
    tables = [table_of(mapping, side) for mapping in mappings]
    probes = [
        (table, filled_filter(mapping, side), [_RATE] if _RATE in table.fields and table.name == "transactioncurrencies" else [])
        for mapping, table in zip(mappings, tables, strict=True)
    ]
    with connected(system) as connector:
        return connector.first_records(probes, limit=_ENOUGH)

"""Couples what records refer to before they are synchronized, in the same execution: the fix for ``not-coupled``.

Each missing record is matched by the match fields of its mapping; what has no match is created, where the mapping goes that way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

from joblog.claims import Claim
from joblog.follow_ups import wait_for_others
from joblog.matching_runs import has_match_fields, match
from joblog.models import JobQueueEntry, JobQueueLogEntry, SynchJob
from joblog.naming import GUID
from joblog.scope import Scope
from joblog.synchronization import synchronize_mapping
from mappings.models import IntegrationTableMapping
from mappings.systems import both_connected, table_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Direction, Side


def synchronize_with_references(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Couples what the scope names as ``first``, then synchronizes; False when ``pause`` stopped it in between.

    Raises what both raise. What cannot be coupled has entries in a job of its own mapping, and the records fail as before.
    """
    scope = Scope.from_json(entry.parameters)
    begun = SynchJob.objects.filter(log_entry=execution, mapping=entry.mapping).exists()
    for name, values in () if begun else scope.first:
        if not _couple(entry, execution, claim, pause, scope, name, values):
            return False
    return synchronize_mapping(entry, execution, claim, pause)


def _couple(
    entry: JobQueueEntry,
    execution: JobQueueLogEntry,
    claim: Claim,
    pause: Callable[[], bool],
    scope: Scope,
    name: str,
    values: Sequence[str],
) -> bool:
    mapping = _mapping(entry, name)
    if mapping == entry.mapping:
        return True  # the run itself is about such records
    wait_for_others(mapping, entry.pk)
    direction = (scope.directions or mapping.directions)[0]
    side, creates = direction.source, direction in mapping.directions
    keys = _keys(mapping, side, values)
    part = copy(entry)
    part.mapping = mapping
    if side is Side.BUSINESS_CENTRAL and has_match_fields(mapping):
        part.parameters = Scope(bc_keys=keys, create_new=creates).to_json()
        return match(part, execution, claim, pause)
    if not creates:
        raise RunError("wrong-direction", f"The mapping {name} does not create records here. Couple the missing ones by hand, then retry.")
    named = {"bc_keys": keys} if side is Side.BUSINESS_CENTRAL else {"sales_keys": keys}
    part.parameters = Scope(directions=(Direction(direction),), only_coupled=False, **named).to_json()  # type: ignore[arg-type]
    return synchronize_mapping(part, execution, claim, pause)


def _mapping(entry: JobQueueEntry, name: str) -> IntegrationTableMapping:
    company = entry.mapping.business_central_id if entry.mapping else None
    found = IntegrationTableMapping.objects.select_related("business_central", "sales").filter(business_central=company, name=name).first()
    if found is None:
        raise RunError("no-mapping", f"There is no mapping {name} in which the missing records could be coupled.")
    return found


def _keys(mapping: IntegrationTableMapping, side: Side, values: Sequence[str]) -> tuple[str, ...]:
    """The keys of records that are named by key or by number; a number that does not exist is left out."""
    keys = [value.lower() for value in values if GUID.fullmatch(value)]
    numbers = [value for value in values if not GUID.fullmatch(value)]
    if numbers:
        table = table_of(mapping, side)
        with both_connected(mapping) as connectors:
            keys += [record.key for record in connectors[side].find_records(table, table.number, numbers, [table.number])]
    return tuple(dict.fromkeys(keys))

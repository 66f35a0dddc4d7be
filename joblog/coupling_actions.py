"""What people do with many couplings at once, across mappings: each action becomes jobs, at most a few thousand records in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from joblog.models import RunKind
from joblog.queue import enqueue
from joblog.retries import RECORDS_PER_RUN, Retried, chunks, retry_couplings, synchronize_couplings
from joblog.scope import Scope
from mappings.changes import Person
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.records import Side

Keys = Mapping[int, Sequence[tuple[Side, str]]]  # of records, each named by one side, by the id of their mapping
_CHUNK = 2_000


class Act(StrEnum):
    RETRY = "retry"
    SYNCHRONIZE = "synchronize"
    KEEP_BC = "keep-bc"
    KEEP_SALES = "keep-sales"
    COMPARE = "compare"
    RESTORE = "restore"
    DELETE = "delete"
    UNCOUPLE = "uncouple"
    FIND_DELETED = "find-deleted"


@dataclass(frozen=True)
class Told:
    """How an action is told: what becomes of the couplings, and the type of the jobs to look for in the log ("": any)."""

    words: str
    job_type: str = ""


TOLD: Mapping[Act, Told] = {
    Act.RETRY: Told("will be retried"),
    Act.SYNCHRONIZE: Told("will be synchronized"),
    Act.KEEP_BC: Told("will be synchronized with the values of Business Central"),
    Act.KEEP_SALES: Told("will be synchronized with the values of Dynamics 365 Sales"),
    Act.COMPARE: Told("will be compared", "Preview"),
    Act.RESTORE: Told("will be restored, where a record is missing"),
    Act.DELETE: Told("will be deleted with what is left of their records, where the other record is gone", "Uncoupling"),
    Act.UNCOUPLE: Told("will be deleted; no record is changed or deleted", "Uncoupling"),
    Act.FIND_DELETED: Told("will be looked at for deleted records", "Find for Deleted"),
}
_KINDS = {
    Act.COMPARE: RunKind.PREVIEW,
    Act.RESTORE: RunKind.RESTORE,
    Act.DELETE: RunKind.DELETE,
    Act.UNCOUPLE: RunKind.UNCOUPLE,
    Act.FIND_DELETED: RunKind.FIND_DELETED,
}
_WINNERS = {Act.KEEP_BC: Side.BUSINESS_CENTRAL, Act.KEEP_SALES: Side.SALES}


def carry_out(act: Act, couplings: QuerySet[Coupling], *, user: Person) -> Retried:
    """Jobs that do this with exactly these couplings, some for each of their mappings."""
    if act is Act.RETRY:
        return retry_couplings(couplings, user=user)
    if act in _KINDS:
        return enqueue_records(keys_of(couplings), _KINDS[act], Scope(compare=act is Act.COMPARE), user=user)
    return synchronize_couplings(couplings, user=user, use=_WINNERS.get(act))


def look_through(act: Act, mappings: Sequence[IntegrationTableMapping], *, user: Person) -> Retried:
    """Jobs that compare all records of these mappings, or find all that were deleted; ``records`` counts mappings.

    What travels inside other records is looked at with those.
    """
    own = [mapping for mapping in mappings if not mapping.parent_name and mapping.enabled]
    scope = Scope(full=True, compare=True) if act is Act.COMPARE else Scope()
    with transaction.atomic():
        entries = [enqueue(mapping=mapping, run_kind=_KINDS[act], scope=scope, user=user) for mapping in own]
    return Retried(len(own), [mapping.name for mapping in own], [], entries)


def keys_of(couplings: QuerySet[Coupling]) -> Keys:
    """The records of these couplings, each named by one side."""
    keys: dict[int, list[tuple[Side, str]]] = defaultdict(list)
    rows = couplings.order_by("pk").values_list("mapping_id", "bc_key", "sales_key")
    for mapping_id, bc_key, sales_key in rows.iterator(chunk_size=_CHUNK):
        keys[mapping_id].append((Side.BUSINESS_CENTRAL, bc_key) if bc_key else (Side.SALES, str(sales_key)))
    return keys


def enqueue_records(keys: Keys, kind: RunKind, plain: Scope = Scope(), *, user: Person) -> Retried:  # noqa: B008  (frozen)
    """Jobs of this kind for these records; ``plain`` is what their scopes say beside the records."""
    mappings = list(IntegrationTableMapping.objects.filter(pk__in=keys).order_by("order", "name"))
    with transaction.atomic():
        entries = [
            enqueue(mapping=mapping, run_kind=kind, scope=_scope(plain, chunk), user=user)
            for mapping in mappings
            for chunk in chunks(keys[mapping.pk], RECORDS_PER_RUN)
        ]
    return Retried(sum(len(keys[mapping.pk]) for mapping in mappings), [mapping.name for mapping in mappings], [], entries)


def _scope(plain: Scope, records: Iterable[tuple[Side, str]]) -> Scope:
    named: dict[Side, list[str]] = defaultdict(list)
    for side, key in records:
        named[side].append(key)
    return replace(plain, bc_keys=tuple(named[Side.BUSINESS_CENTRAL]), sales_keys=tuple(named[Side.SALES]))

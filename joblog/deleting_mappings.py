"""Manual Integration Table Mappings: deleting a mapping that somebody added. What it did stays in the logs (screens.md section 1)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from joblog.models import JobQueueEntry
from mappings.changes import Person, keep_change
from mappings.exchange import mapping_to_json
from mappings.models import IntegrationTableMapping


def delete_mappings(ids: Sequence[int], user: Person) -> tuple[list[str], list[str]]:
    """Deletes those of these mappings that nothing holds; their names, and of the others why they stay.

    Field mappings, templates and job queue entries go with a mapping. Its jobs and entries in the log keep its name, the change log keeps
    the whole of it.
    """
    deleted: list[str] = []
    reasons: list[str] = []
    for number in _dependents_first(ids):
        with transaction.atomic():
            mapping = _locked(number)
            if mapping is None:
                reasons.append("A mapping was not deleted: it is gone by now.")
            elif reason := _why_not(mapping):
                reasons.append(reason)
            else:
                deleted.append(_delete(mapping, user))
    return deleted, reasons


def _dependents_first(ids: Sequence[int]) -> list[int]:
    """So that a mapping goes with the one that needs it; ids that name nothing any more come last."""
    known = IntegrationTableMapping.objects.filter(pk__in=list(ids)).order_by("-order", "-name").values_list("pk", flat=True)
    return list(dict.fromkeys([*known, *ids]))


def _locked(number: int) -> IntegrationTableMapping | None:
    """The mapping, to which nobody couples anything before the transaction ends. Its entries come first, as workers take them."""
    list(JobQueueEntry.objects.filter(mapping=number).select_for_update().order_by("pk"))
    rows = IntegrationTableMapping.objects.filter(pk=number)
    return rows.select_for_update(of=("self",)).select_related("business_central", "sales").first()


def _delete(mapping: IntegrationTableMapping, user: Person) -> str:
    before, name, company = mapping_to_json(mapping), mapping.name, mapping.business_central.company
    mapping.delete()
    keep_change(user, kind="mapping", name=name, company=company, version=mapping.version, what="Deleted", before=before)
    return name


def _why_not(mapping: IntegrationTableMapping) -> str:
    if not mapping.user_defined:
        return f"{mapping.name} was not deleted: it is a default mapping. Disable it instead."
    if JobQueueEntry.objects.filter(mapping=mapping).exclude(claim_token="").exists():
        return f"{mapping.name} was not deleted: one of its jobs is running. Cancel it first."
    if number := mapping.couplings.count():
        return f"{mapping.name} was not deleted: it has {number} coupling{'s' if number > 1 else ''}. Delete its couplings first."
    others = IntegrationTableMapping.objects.filter(business_central=mapping.business_central_id).exclude(pk=mapping.pk)
    waiting = sorted(other.name for other in others if mapping.name in other.depends_on or mapping.name == other.parent_name)
    lookups = others.filter(field_mappings__lookup_mapping=mapping.name).order_by("name").values_list("name", flat=True)
    users = list(dict.fromkeys([*waiting, *lookups]))
    return f"{mapping.name} was not deleted: {', '.join(users)} needs it." if users else ""

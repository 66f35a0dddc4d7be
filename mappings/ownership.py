"""Who owns the records of Sales: the user of their salesperson, or a team of the company (engine.md section 3.1)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from mappings.changes import Person, keep_change, save_with_history
from mappings.defaults import default_setup
from mappings.models import FieldStatus, IntegrationFieldMapping, IntegrationTableMapping, OwnershipModel, System

SALESPEOPLE, OWNER = "SALESPEOPLE", "ownerid"
TEAM_OWNS = "With the ownership model Team the owner stays as it is, and new records belong to the owning team of the company."
NO_SALESPEOPLE = "It exists only with the ownership model Person."


def by_person(system: System) -> bool:
    """Whether records belong to the user of their salesperson."""
    return system.ownership_model == OwnershipModel.PERSON


def dependencies(system: System, names: Iterable[str]) -> list[str]:
    """Without the mapping of salespeople where nobody needs it."""
    return [name for name in names if by_person(system) or name != SALESPEOPLE]


def choose_ownership(system: System, model: OwnershipModel, user: Person) -> None:
    """Changes the ownership model of a company, with what hangs on it in its mappings; all of it is in the change log.

    With Team the mapping of salespeople is switched off (it leaves the full synchronization and Synchronize All), the owner is carried over
    by no field mapping, and no mapping waits for salespeople. With Person all of that is back. Couplings stay.
    """
    if system.ownership_model == model:
        return
    with transaction.atomic():
        before, system.ownership_model = {"ownership_model": system.ownership_model}, model
        system.save(update_fields=["ownership_model"])
        after = {"ownership_model": str(model)}
        what = f"Ownership model {model}"
        keep_change(user, kind="system", name=system.name, company=system.company, what=what, before=before, after=after)
        for mapping in IntegrationTableMapping.objects.filter(business_central=system).select_related("business_central"):
            save_with_history(mapping, user, what, lambda one=mapping: _fit(one, system))  # type: ignore[misc]


def _fit(mapping: IntegrationTableMapping, system: System) -> None:
    if mapping.name == SALESPEOPLE:
        mapping.enabled = by_person(system)
    names = _defaults().get(mapping.name, ())
    added = [SALESPEOPLE] if SALESPEOPLE in names and SALESPEOPLE not in mapping.depends_on else []
    mapping.depends_on = dependencies(system, [*added, *mapping.depends_on])
    mapping.save(update_fields=["enabled", "depends_on"])
    rows = IntegrationFieldMapping.objects.filter(mapping=mapping, integration_field=OWNER, lookup_mapping=SALESPEOPLE)
    if by_person(system):
        rows.filter(status_reason=TEAM_OWNS).update(status=FieldStatus.ENABLED, status_reason="")
    else:
        rows.filter(status=FieldStatus.ENABLED).update(status=FieldStatus.DISABLED, status_reason=TEAM_OWNS)


def _defaults() -> dict[str, list[str]]:
    """What each default mapping depends on."""
    return {one["name"]: one["depends_on"] for one in default_setup()["mappings"]}

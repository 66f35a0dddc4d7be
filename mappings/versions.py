"""Versions of a mapping, and going back to one of them (engine.md A26)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from mappings.captions import captions_of
from mappings.changes import Person, save_with_history
from mappings.differences import Line, differing_lines
from mappings.exchange import Import, mapping_to_json
from mappings.models import ConfigurationChange, IntegrationTableMapping


class CannotRestore(ValueError):
    """``reasons`` say what of the version does not fit any more, a sentence each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


def versions_of(mapping: IntegrationTableMapping) -> list[ConfigurationChange]:
    """The changes that made each version, newest first; one without the whole mapping behind it (a cleared watermark) is none."""
    rows = ConfigurationChange.objects.filter(kind="mapping", name=mapping.name, company=mapping.business_central.company)
    return [row for row in rows.exclude(after=None).order_by("-id") if row.after and "fields" in row.after]


def difference_to(mapping: IntegrationTableMapping, change: ConfigurationChange) -> list[Line]:
    """What restoring the version would change, from what is now to what was then."""
    return differing_lines(mapping_to_json(mapping), change.after, captions_of("mapping"))


def restore(mapping: IntegrationTableMapping, change: ConfigurationChange, user: Person) -> None:
    """Makes the mapping, its field mappings and templates what they were in that version; as a new version.

    Couplings, watermarks and the log stay. Raises CannotRestore, and changes nothing, when the version names what is not there any more.
    """
    what = f"Version {change.version} restored"
    plan = Import(save_mapping=lambda row, save: save_with_history(row, user, what, save))
    plan.read({"mappings": [_here(mapping, change.after or {})]})
    if plan.errors:
        raise CannotRestore(plan.errors)
    with transaction.atomic():
        plan.apply()
    mapping.refresh_from_db()


def _here(mapping: IntegrationTableMapping, plain: dict[str, Any]) -> dict[str, Any]:
    """The version in the systems that the mapping has now: a renamed system is no obstacle."""
    return {**plain, "name": mapping.name, "business_central": mapping.business_central.name, "sales": mapping.sales.name}

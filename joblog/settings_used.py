"""The settings of a mapping as they were when a job ran with them (engine.md A26)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joblog.models import SynchJob
from mappings.exchange import mapping_to_json
from mappings.models import ConfigurationChange, IntegrationTableMapping
from syncadmin.ui.formatting import DIRECTIONS

_SHOWN = (
    ("direction", "Direction"),
    ("table_filter", "Table Filter"),
    ("integration_table_filter", "Integration Table Filter"),
    ("synch_only_coupled", "Synch. Only Coupled Records"),
    ("update_conflict_resolution", "Resolve Update Conflicts"),
    ("deletion_conflict_resolution", "Resolve Deletion Conflicts"),
    ("create_new_if_no_match", "Create New in Case of No Match"),
    ("synch_after_match", "Synch. After Bulk Coupling"),
)


@dataclass(frozen=True)
class UsedField:
    """One enabled field mapping; ``value`` is the constant or the rule that made the value, "" where it was copied."""

    field: str
    arrow: str
    integration_field: str
    value: str


@dataclass(frozen=True)
class UsedSettings:
    """``rows`` are (label, value); a value of "" means everything, or none."""

    rows: list[tuple[str, str]]
    fields: list[UsedField]


def settings_used(job: SynchJob) -> UsedSettings | None:
    """None where the mapping is gone and nothing is kept of that version. One statement, three where its changes have to be searched."""
    plain = settings_as_of(job)
    if plain is None:
        return None
    rows = [(label, _told(plain.get(name))) for name, label in _SHOWN]
    fields = [_used(one) for one in plain.get("fields", ()) if one.get("status", "Enabled") == "Enabled"]
    return UsedSettings(rows, fields)


def settings_as_of(job: SynchJob) -> Mapping[str, Any] | None:
    """The whole mapping as it was exported in that version; None where nothing is kept of it. Needs ``job.mapping`` at hand."""
    mapping = job.mapping
    if mapping is not None and mapping.version == job.mapping_version:
        row = IntegrationTableMapping.objects.select_related("business_central", "sales").prefetch_related("field_mappings", "templates")
        return mapping_to_json(row.get(pk=mapping.pk))
    name = mapping.name if mapping is not None else job.mapping_name
    changes = ConfigurationChange.objects.filter(kind="mapping", name=name, company=job.company)
    later = changes.filter(version__gt=job.mapping_version, before__has_key="fields").order_by("id").first()
    if later is not None:
        return dict(later.before or {})
    earlier = changes.filter(version__lte=job.mapping_version, after__has_key="fields").order_by("-id").first()
    return dict(earlier.after or {}) if earlier is not None else None


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value or "")


def _used(plain: Mapping[str, Any]) -> UsedField:
    arrow = DIRECTIONS[str(plain.get("direction") or "Bidirectional")][0]
    value = plain.get("constant_value") or plain.get("transformation_rule") or plain.get("option_mapping") or plain.get("lookup_mapping")
    return UsedField(str(plain.get("field") or ""), arrow, str(plain.get("integration_field") or ""), str(value or ""))

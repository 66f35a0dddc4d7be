"""The configuration as one readable structure, out and in (commands.md section 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from mappings.exchange_transformations import TransformationImport
from mappings.models import (
    ConfigTemplate,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    OptionMapping,
    System,
    SystemKind,
    TransformationRule,
)
from mappings.option_pairs import part

_SYSTEM = (
    "name", "kind", "address", "web_address", "tenant", "environment", "company", "time_zone", "client_id", "token_address", "scope",
    "enabled", "ownership_model", "write_in_product",
)  # fmt: skip
_MAPPING = (
    "name", "description", "aliases", "table", "table_label", "integration_table", "integration_table_label", "integration_uid_field",
    "integration_modified_field", "direction", "table_filter", "table_filter_text", "integration_table_filter",
    "integration_table_filter_text",
    "synch_only_coupled", "update_conflict_resolution", "deletion_conflict_resolution", "create_new_if_no_match", "synch_after_match",
    "multi_company", "disable_event_reschedule", "user_defined", "enabled", "order", "depends_on", "parent_name",
)  # fmt: skip
_FIELD = (
    "field", "integration_field", "direction", "constant_value", "status", "lookup_mapping", "blank_is_local_currency", "option_mapping",
    "transformation_rule", "transformation_direction", "validate_field", "validate_integration_field", "clear_on_failed_sync", "not_null",
    "truncate", "use_for_match", "match_priority", "case_sensitive", "user_defined",
)  # fmt: skip
_TEMPLATE = ("side", "code", "description", "priority", "conditions", "defaults", "dimensions")


def systems_to_json() -> list[dict[str, Any]]:
    """All systems without their secrets."""
    return [_plain(system, _SYSTEM) for system in System.objects.all()]


def mappings_to_json() -> list[dict[str, Any]]:
    rows = IntegrationTableMapping.objects.select_related("business_central", "sales").prefetch_related("field_mappings", "templates")
    return [mapping_to_json(row) for row in rows]


def mapping_to_json(mapping: IntegrationTableMapping) -> dict[str, Any]:
    """One mapping with its field mappings and templates; systems by name."""
    return whole_mapping(mapping, mapping.field_mappings.all(), mapping.templates.all())


def whole_mapping(
    mapping: IntegrationTableMapping, fields: Iterable[IntegrationFieldMapping], templates: Iterable[ConfigTemplate]
) -> dict[str, Any]:
    """The same of a mapping whose field mappings and templates need not be saved."""
    return {
        **_plain(mapping, _MAPPING),
        "business_central": mapping.business_central.name,
        "sales": mapping.sales.name,
        "fields": [_plain(row, _FIELD) for row in fields],
        "templates": [_plain(row, _TEMPLATE) for row in templates],
    }


def options_to_json() -> list[dict[str, Any]]:
    return [{"name": row.name, "code": row.code, "value": row.value, "label": row.label} for row in OptionMapping.objects.all()]


def _plain(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _save_alone(_mapping: IntegrationTableMapping, save: Callable[[], None]) -> None:
    save()


@dataclass
class Import:
    """What a file would change. ``errors`` must be empty before :meth:`apply`; ``steps`` say in words what it does.

    ``save_mapping`` is called with each changed mapping and what saves it, for callers who keep its history (engine.md A26).
    """

    save_mapping: Callable[[IntegrationTableMapping, Callable[[], None]], None] = _save_alone
    steps: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _work: list[Callable[[], None]] = field(default_factory=list)
    _names: dict[str, set[str]] = field(default_factory=dict)  # what field mappings may name: what is there, and what the file brings

    def read(self, data: Mapping[str, Any]) -> None:
        """Checks systems, option mappings, transformation rules and mappings of a file; changes nothing."""
        for plain in self.rows(data, "systems"):
            self._system(plain)
        for plain in self.rows(data, "option_mappings"):
            self._option(plain)
        TransformationImport(self).read(data)
        self._names = {
            "option_mapping": _names(self.rows(data, "option_mappings"), "name", OptionMapping),
            "transformation_rule": _names(self.rows(data, "transformation_rules"), "code", TransformationRule),
        }
        names = {plain.get("name") for plain in self.rows(data, "systems")} | set(System.objects.values_list("name", flat=True))
        for plain in self.rows(data, "mappings"):
            self._mapping(plain, names)

    def apply(self) -> None:
        """Carries out what was read, in order; the caller opens the transaction."""
        for step in self._work:
            step()

    def rows(self, data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        """The rows under a top key; notes an error when it is no list of objects."""
        rows = data.get(key, [])
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            return rows
        self.errors.append(f"{key}: expected a list of objects.")
        return []

    def plan(self, step: str, work: Callable[[], None]) -> None:
        self.steps.append(step)
        self._work.append(work)

    def checked(self, what: str, row: Any, exclude: Sequence[str] = ()) -> bool:
        """Whether the model accepts the row; otherwise its reasons are noted with the name of what it is."""
        try:
            row.clean_fields(exclude=list(exclude))
            row.clean()
        except ValidationError as error:
            for name, reasons in error.message_dict.items():
                self.errors.append(f"{what}: {name}: {' '.join(reasons)}")
            return False
        return True

    def known(self, what: str, plain: Mapping[str, Any], names: Sequence[str], also: Sequence[str] = ()) -> dict[str, Any]:
        """The known keys of a row; every other key is an error, so that a typing mistake is not lost silently."""
        for name in set(plain) - set(names) - set(also):
            self.errors.append(f"{what}: unknown key {name}.")
        return {name: plain[name] for name in names if name in plain}

    def _system(self, plain: Mapping[str, Any]) -> None:
        what = f"system {plain.get('name', '?')}"
        values = self.known(what, plain, _SYSTEM)
        row = System.objects.filter(name=plain.get("name")).first() or System()
        changed = _fill(row, values)
        if self.checked(what, row, exclude=["encrypted_secret", "encrypted_certificate"]) and changed:
            self.plan(f"{what}: {_told(row.pk, changed)}", row.save)

    def _option(self, plain: Mapping[str, Any]) -> None:
        what = f"option mapping {plain.get('name', '?')} {plain.get('code', '?')}"
        values = self.known(what, plain, ("name", "code", "value", "label"))
        row = OptionMapping.objects.filter(name=plain.get("name"), code=plain.get("code")).first() or OptionMapping()
        changed = _fill(row, values)
        if self.checked(what, row) and changed:
            self.plan(f"{what}: {_told(row.pk, changed)}", lambda: _save_pair(row))

    def _mapping(self, plain: Mapping[str, Any], systems: set[Any]) -> None:
        what = f"mapping {plain.get('name', '?')}"
        values = self.known(what, plain, _MAPPING, also=("business_central", "sales", "fields", "templates"))
        sides = {
            "business_central": plain.get("business_central") or _only_system(SystemKind.BUSINESS_CENTRAL),
            "sales": plain.get("sales") or _only_system(SystemKind.SALES),
        }
        for side, name in sides.items():
            if name not in systems:
                self.errors.append(f"{what}: {side}: there is no system {name!r}.")
        found = IntegrationTableMapping.objects.filter(name=plain.get("name"), business_central__name=sides["business_central"]).first()
        row = found or IntegrationTableMapping()
        _fill(row, values)
        rows_of_fields = self._children(what, plain, "fields", IntegrationFieldMapping, _FIELD)
        rows_of_templates = self._children(what, plain, "templates", ConfigTemplate, _TEMPLATE)
        ready = self.checked(what, row, exclude=["business_central", "sales"])
        if row.is_option_mapping and any(child.direction != row.direction for child in rows_of_fields):
            self.errors.append(f"{what}: fields: all go the direction of their option mapping, {row.direction}.")
        changed = _differing(found, plain) if found else list(plain)
        if not ready or not changed:
            return
        fields = rows_of_fields if "fields" in plain else None
        templates = rows_of_templates if "templates" in plain else None
        self.plan(f"{what}: {_told(found, changed)}", lambda: self._saved(row, sides, fields, templates))

    def _saved(self, row: IntegrationTableMapping, sides: Mapping[str, Any], fields: Any, templates: Any) -> None:
        row.business_central = System.objects.get(name=sides["business_central"])
        row.sales = System.objects.get(name=sides["sales"])
        self.save_mapping(row, lambda: _save_mapping(row, fields, templates))

    def _children(self, what: str, plain: Mapping[str, Any], key: str, model: type[Any], names: Sequence[str]) -> list[Any]:
        rows = []
        for position, child in enumerate(self.rows(plain, key), start=1):
            told = f"{what}: {key} {position} ({child.get('field') or child.get('integration_field') or child.get('code')})"
            row = model(**self.known(told, child, names))
            if model is IntegrationFieldMapping:
                row.position = position
            self.checked(told, row, exclude=["mapping"])
            for name, known in self._names.items() if model is IntegrationFieldMapping else ():
                if getattr(row, name) and getattr(row, name) not in known:
                    self.errors.append(f"{told}: {name}: there is no {name.replace('_', ' ')} {getattr(row, name)}.")
            rows.append(row)
        return rows


def _differing(found: IntegrationTableMapping, plain: Mapping[str, Any]) -> list[str]:
    """The keys of a mapping that the file gives another value."""
    present = mapping_to_json(IntegrationTableMapping.objects.get(pk=found.pk))
    return [name for name, value in plain.items() if present.get(name) != value]


def _save_pair(row: OptionMapping) -> None:
    row.save()
    part([row.name])


def _save_mapping(row: IntegrationTableMapping, fields: Sequence[Any] | None, templates: Sequence[Any] | None) -> None:
    row.save()
    for model, children in ((IntegrationFieldMapping, fields), (ConfigTemplate, templates)):
        if children is None:
            continue
        model.objects.filter(mapping=row).delete()
        for child in children:
            child.mapping = row
            child.save()


def _fill(row: Any, values: Mapping[str, Any]) -> list[str]:
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _told(present: Any, changed: Sequence[str]) -> str:
    """What happens to something that is present, or is not yet."""
    return f"change {', '.join(changed)}" if present else "new"


def _names(rows: Sequence[Mapping[str, Any]], key: str, model: type[Any]) -> set[str]:
    return {str(row.get(key)) for row in rows} | set(model.objects.values_list(key, flat=True))


def _only_system(kind: SystemKind) -> str | None:
    names = list(System.objects.filter(kind=kind).values_list("name", flat=True)[:2])
    return names[0] if len(names) == 1 else None

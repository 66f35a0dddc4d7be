"""What pages call the settings that are kept in the change log, and the choices among their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django import forms
from django.db import models
from django.forms.utils import pretty_name
from django.utils.text import capfirst

from mappings.connection_forms import ConnectionForm
from mappings.field_forms import HEADINGS as FIELD_HEADINGS
from mappings.forms import MappingForm
from mappings.models import (
    ConfigTemplate,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    OptionMapping,
    System,
    TransformationRule,
)
from mappings.template_forms import ConditionForm, DimensionForm, TemplateForm
from mappings.transformation_forms import PARAMETER_FIELDS, TransformationForm


@dataclass(frozen=True, kw_only=True)
class Captions:
    """``names`` by key, ``choices`` by key as stored value: label; ``parts`` are those of what stands inside a key, an object or a list of
    objects. Keys of ``data`` are names that the systems gave, and stay as they are."""

    names: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    parts: Mapping[str, Captions] = field(default_factory=dict)
    data: bool = False

    def name(self, key: str) -> str:
        return self.names.get(key) or (key if self.data else key.replace("_", " "))

    def inside(self, key: str) -> Captions:
        return self.parts.get(key, PLAIN)

    def label(self, key: str, value: Any) -> Any:
        """The label of a choice; any other value as it is."""
        return self.choices.get(key, {}).get(value, value) if isinstance(value, str | int) else value

    def __or__(self, other: Captions) -> Captions:
        """Both; this one first where they call a key differently."""
        return Captions(names={**other.names, **self.names}, choices={**other.choices, **self.choices}, parts={**other.parts, **self.parts})


PLAIN = Captions()
_DATA = Captions(data=True)
_taught: dict[str, Captions] = {}


def teach(kind: str, captions: Captions) -> None:
    """Says how the settings of a kind of the change log are called whose pages stand on a higher floor."""
    _taught[kind] = captions


def captions_of(kind: str) -> Captions:
    """Of a kind of the change log (:class:`mappings.models.ConfigurationChange`)."""
    return _own().get(kind) or _taught.get(kind, PLAIN)


def from_model(
    model: type[models.Model],
    form: type[Any] | None = None,
    *,
    names: Mapping[str, str] | None = None,
    parts: Mapping[str, Captions] | None = None,
) -> Captions:
    """Of a model that a form edits: the form's labels, else what the model calls its columns; ``names`` are said otherwise."""
    columns = [one for one in model._meta.get_fields() if isinstance(one, models.Field)]
    return Captions(
        names={one.name: str(capfirst(one.verbose_name)) for one in columns} | (_labels(form) if form else {}) | dict(names or {}),
        choices={one.name: dict(one.flatchoices) for one in columns if one.choices},
        parts=parts or {},
    )


def _labels(form: type[Any]) -> dict[str, str]:
    return {name: str(own.label or pretty_name(name)) for name, own in form.base_fields.items()}


@cache
def _own() -> dict[str, Captions]:
    option = from_model(OptionMapping)
    options = option | Captions(names={"pairs": "Pairs"}, parts={"pairs": option})
    rule = from_model(TransformationRule, TransformationForm, parts={"parameters": _parameters()})
    # A mapping's versions also tell of the rules and option mappings that it uses (mappings.changes.keep_shared_change).
    return {"mapping": _mapping() | rule | options, "system": _system(), "option mapping": options, "transformation rule": rule}


def _mapping() -> Captions:
    conditions, dimensions = Captions(names=_labels(ConditionForm)), Captions(names=_labels(DimensionForm))
    template = from_model(
        ConfigTemplate,
        TemplateForm,
        names={"side": "New Records In", "defaults": "Values", "dimensions": "Default Dimensions"},
        parts={"conditions": conditions, "defaults": _DATA, "dimensions": dimensions},
    )
    names = {
        "fields": "Field Mappings",
        "user_defined": "User Defined",
        "templates": "Config. Templates",
        "sales_watermark": "Synch. Modified On Filter",
        "bc_watermark": "Synch. Int. Tbl. Mod. On Fltr.",
        "integration_table": "Integration Table",
        "integration_uid_field": "Integration Field",
        "business_central": "Company",
        "sales": "Sales Environment",
    }
    fields = from_model(IntegrationFieldMapping, names=dict(FIELD_HEADINGS) | {"user_defined": "User Defined"})
    return from_model(IntegrationTableMapping, MappingForm, names=names, parts={"fields": fields, "templates": template})


def _system() -> Captions:
    return from_model(System, ConnectionForm, names={"ownership_model": str(ConnectionForm.base_fields["ownership"].label)})


def _parameters() -> Captions:
    fields = {name: make() for name, make in PARAMETER_FIELDS.items()}
    return Captions(
        names={name: str(own.label) for name, own in fields.items()},
        choices={name: dict(own.widget.choices) for name, own in fields.items() if isinstance(own, forms.ChoiceField)},
    )

"""What both systems are made of: entity sets, properties, options and navigation properties, read from ``entities.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

BUSINESS_CENTRAL = "business_central"
SALES = "sales"
ZERO_GUID = "00000000-0000-0000-0000-000000000000"
ZERO_DATE = "0001-01-01"
ZERO_MOMENT = "0001-01-01T00:00:00Z"

_SQL_TYPES = {
    "Edm.Decimal": "REAL",
    "Edm.Int32": "INTEGER",
    "Edm.Int64": "INTEGER",
    "Edm.Boolean": "INTEGER",
}
_EMPTY: dict[str, str | int | float] = {
    "Edm.String": "",
    "Edm.Guid": ZERO_GUID,
    "Edm.Decimal": 0.0,
    "Edm.Int32": 0,
    "Edm.Int64": 0,
    "Edm.Boolean": 0,
    "Edm.Date": ZERO_DATE,
    "Edm.DateTimeOffset": ZERO_MOMENT,
}
# Fields of type Code in Business Central hold upper case only; the names of the table fields tell which ones they are.
_CODE_ENDINGS = ("Code", "No.", "Price Group", "Unit of Measure", "Posting Group", "Gr. (Price)", "Post Code")
_NO_CODE = ("Phone No.", "Fax No.", "Vendor Item No.", "Registration No.")


@dataclass(frozen=True)
class Option:
    """A member of an enum (Business Central, text) or a choice (Dataverse, whole number); a state names its default status."""

    value: int | str
    label: str
    state: int | None = None
    default_status: int | None = None


@dataclass(frozen=True)
class Property:
    name: str
    type: str
    key: bool = False
    read_only: bool = False
    create: bool = True
    update: bool = True
    custom: bool = False
    max_length: int | None = None
    precision: int | None = None
    money: bool = False
    minimum: int | None = None
    maximum: int | None = None
    options: tuple[Option, ...] = ()
    enum_type: str = ""
    default: Any = None
    required: bool = False
    required_level: str = ""
    attribute: str = ""
    targets: tuple[str, ...] = ()
    code: bool = False
    date_only: bool = False
    note: str = ""

    @property
    def sql_type(self) -> str:
        return _SQL_TYPES.get(self.type, "TEXT")

    @property
    def empty(self) -> str | int | float:
        """What Business Central keeps where nothing was entered (web-apis.md, section 5, Row JSON)."""
        if self.options and self.type == "Edm.String":
            return str(self.default) if self.default is not None else str(self.options[0].value)
        return _EMPTY[self.type]

    @property
    def type_column(self) -> str:
        """The column beside a polymorphic lookup that keeps the entity set of the row it points to; '' for others."""
        return f"_{self.attribute}_type" if len(self.targets) > 1 else ""


@dataclass(frozen=True)
class Navigation:
    name: str
    collection: bool
    targets: tuple[str, ...]
    attribute: str = ""
    inverse: str = ""
    via: str = ""
    on_create: bool = False
    on_update: bool = False

    @property
    def column(self) -> str:
        return f"_{self.attribute}_value"


@dataclass(frozen=True)
class Entity:
    system: str
    name: str
    type_name: str
    key: str
    business_key: tuple[str, ...]
    modified: str
    api: str
    properties: Mapping[str, Property]
    navigations: Mapping[str, Navigation]
    unique: tuple[tuple[str, ...], ...]
    create: bool
    update: bool
    delete: bool
    primary_name: str
    caption: str
    owned: bool
    company_scoped: bool
    nested_only: bool

    @property
    def table(self) -> str:
        return ("bc_" if self.system == BUSINESS_CENTRAL else "dv_") + self.name

    def on_route(self, *, custom: bool) -> bool:
        """Whether the set is served by the standard or the custom pages of Business Central."""
        return self.api in (("custom", "mixed") if custom else ("v2.0", "mixed"))

    def visible(self, *, custom: bool) -> Mapping[str, Property]:
        """The properties that a page of that route has; a standard page lacks the custom ones."""
        return self.properties if custom else _standard(self.system, self.name)

    @property
    def attributes(self) -> Mapping[str, Property]:
        """Properties by logical name, where a lookup is called ``primarycontactid`` and not ``_primarycontactid_value``."""
        return _attributes(self.system, self.name)


@cache
def entities(system: str) -> Mapping[str, Entity]:
    """Every entity set of the system by its name, in the order of ``entities.json``."""
    raw = json.loads((Path(__file__).parent / "entities.json").read_text(encoding="utf-8"))
    return {entry["entity_set"]: _entity(system, entry) for entry in raw[system]["entities"]}


@cache
def by_logical_name(logical_name: str) -> Entity | None:
    """The Dataverse table with this logical name (``account``), None when there is none."""
    return next((entity for entity in entities(SALES).values() if entity.type_name == logical_name), None)


@cache
def _standard(system: str, name: str) -> Mapping[str, Property]:
    return {key: value for key, value in entities(system)[name].properties.items() if not value.custom}


@cache
def _attributes(system: str, name: str) -> Mapping[str, Property]:
    return {value.attribute or key: value for key, value in entities(system)[name].properties.items()}


def _entity(system: str, raw: dict[str, Any]) -> Entity:
    business_key = raw.get("business_key") or ()
    return Entity(
        system=system,
        name=raw["entity_set"],
        type_name=raw["entity_type"],
        key=raw["primary_key"],
        business_key=(business_key,) if isinstance(business_key, str) else tuple(business_key),
        modified=raw.get("modified_on") or "",
        api=raw.get("api", ""),
        properties={entry["name"]: _property(system, entry) for entry in raw["properties"]},
        navigations={entry["name"]: _navigation(entry) for entry in raw["navigation_properties"]},
        unique=tuple(tuple(columns) for columns in raw.get("unique", ())),
        create=raw["capabilities"]["create"],
        update=raw["capabilities"]["update"],
        delete=raw["capabilities"]["delete"],
        primary_name=raw.get("primary_name", ""),
        caption=raw.get("caption", raw["entity_type"]),
        owned=raw.get("ownership") == "UserOwned",
        company_scoped=raw["entity_set"] != "companies",
        nested_only=raw["entity_set"] == "salesInvoiceLines",
    )


def _property(system: str, raw: dict[str, Any]) -> Property:
    lookup = raw.get("lookup", {})
    bc_field = raw.get("bc_field") or ""
    return Property(
        name=raw["name"],
        type=raw["type"],
        key=raw["key"],
        read_only=raw["read_only"],
        create=raw.get("create", not raw["read_only"]),
        update=raw.get("update", not raw["read_only"]),
        custom=raw.get("api") == "custom",
        max_length=raw.get("max_length"),
        precision=raw.get("precision"),
        money=raw.get("money", False),
        minimum=raw.get("min"),
        maximum=raw.get("max"),
        options=tuple(Option(**option) for option in raw.get("options", ())),
        enum_type=raw.get("enum_type", ""),
        default=raw.get("default"),
        required=raw.get("required_on_create", False),
        required_level=raw.get("required_level", ""),
        attribute=lookup.get("attribute", ""),
        targets=tuple(lookup.get("targets", ())),
        code=system == BUSINESS_CENTRAL and bc_field.endswith(_CODE_ENDINGS) and not bc_field.endswith(_NO_CODE),
        date_only=str(raw.get("format", "")).startswith("DateOnly"),
        note=raw.get("notes", ""),
    )


def _navigation(raw: dict[str, Any]) -> Navigation:
    target = raw["target"]
    return Navigation(
        name=raw["name"],
        collection=raw["kind"] == "collection",
        targets=(target,) if isinstance(target, str) else tuple(target),
        attribute=raw.get("attribute", ""),
        inverse=raw.get("inverse_attribute", ""),
        via=raw.get("via", ""),
        on_create=raw.get("bind_on_create", False),
        on_update=raw.get("bind_on_update", False),
    )

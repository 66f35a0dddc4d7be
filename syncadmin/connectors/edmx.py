"""Tables of Business Central from a ``$metadata`` document (web-apis.md section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from defusedxml.ElementTree import ParseError, fromstring

from syncadmin.sync.errors import RunError
from syncadmin.sync.tables import Field, FieldType, Table

_TYPES = {
    "Edm.String": FieldType.TEXT,
    "Edm.Int16": FieldType.INTEGER,
    "Edm.Int32": FieldType.INTEGER,
    "Edm.Int64": FieldType.INTEGER,
    "Edm.Decimal": FieldType.DECIMAL,
    "Edm.Double": FieldType.DECIMAL,
    "Edm.Boolean": FieldType.BOOLEAN,
    "Edm.Date": FieldType.DATE,
    "Edm.DateTimeOffset": FieldType.MOMENT,
    "Edm.Guid": FieldType.GUID,
}
# Sets that are no tables of a company.
_APART = {"companies", "subscriptions", "entityDefinitions", "webhookSupportedResources"}
_STAMPS = ("lastModifiedDateTime", "systemModifiedAt", "lastActivityDateTime")
_NUMBERS = ("number", "code")
_CAPTIONS = ("displayName", "description", "name", "customerName")
# Numbers that people write as they like; all other codes and numbers are kept in capitals by Business Central.
_FREE_NUMBERS = {
    "phoneNumber",
    "mobilePhoneNumber",
    "faxNumber",
    "externalDocumentNumber",
    "vendorItemNumber",
    "taxRegistrationNumber",
}
_LABEL_TERMS = ("Caption", "Label", "DisplayName")
_NAME_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class Element:
    """One XML element, its tag without namespace."""

    tag: str
    attributes: Mapping[str, str]
    children: tuple[Element, ...]

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)


def tables_of(document: bytes, *, route: str) -> dict[str, Table]:
    """The tables of a service by set name; raises RunError ``address`` when the document is no metadata."""
    schemas = [one for one in _walk(_parsed(document)) if one.tag == "Schema"]
    types = {one.get("Name"): one for schema in schemas for one in schema if one.tag == "EntityType"}
    options = {one.get("Name"): _options(one) for schema in schemas for one in schema if one.tag == "EnumType"}
    sets = {one.get("Name"): one for schema in schemas for one in _walk(schema) if one.tag == "EntitySet"}
    set_of = {_last(one.get("EntityType")): name for name, one in sets.items()}
    notes = _notes(schemas)
    return {
        name: _table(name, types[_last(one.get("EntityType"))], route, options, set_of, notes)
        for name, one in sets.items()
        if name not in _APART and _last(one.get("EntityType")) in types
    }


def _parsed(document: bytes) -> Element:
    try:
        return _element(fromstring(document))
    except ParseError as error:
        raise RunError("address", "Business Central answered with something that is no metadata. Correct its address.") from error


def _element(parsed: Any) -> Element:
    return Element(str(parsed.tag).rpartition("}")[2], dict(parsed.attrib), tuple(_element(child) for child in parsed))


def _table(
    name: str,
    kind: Element,
    route: str,
    options: Mapping[str, tuple[tuple[str | int, str], ...]],
    set_of: Mapping[str, str],
    notes: Mapping[str, Mapping[str, str]],
) -> Table:
    key = next((one.get("Name") for part in kind if part.tag == "Key" for one in part), "id")
    lookups = _lookups(kind, set_of)
    properties = [one for one in kind if one.tag == "Property" and (one.get("Type") in _TYPES or _enum(one.get("Type")) in options)]
    stamp = next((stamp for stamp in _STAMPS if any(one.get("Name") == stamp for one in properties)), "")
    own = {one.get("Name"): _notes_within(one) | dict(notes.get(f"{kind.get('Name')}/{one.get('Name')}", {})) for one in properties}
    fields = [_field(one, options, lookups, own[one.get("Name")], fixed={key, stamp}) for one in properties]
    names = [field.name for field in fields]
    about = notes.get(name, {})
    return Table(
        name=name,
        label=_label(_notes_within(kind) | dict(notes.get(kind.get("Name"), {}))) or words(kind.get("Name")),
        key=key,
        modified_on=stamp,
        caption=next((one for one in _CAPTIONS if one in names), ""),
        number=next((one for one in _NUMBERS if one in names), ""),
        chosen_keys=route == "custom",
        can_insert=about.get("Insertable") != "false",
        can_update=about.get("Updatable") != "false",
        route=route,
        type_name=kind.get("Name"),
        fields={field.name: field for field in fields},
    )


def _field(
    element: Element,
    options: Mapping[str, tuple[tuple[str | int, str], ...]],
    lookups: Mapping[str, tuple[str, str]],
    notes: Mapping[str, str],
    *,
    fixed: set[str],
) -> Field:
    name, kind = element.get("Name"), element.get("Type")
    length, scale = element.get("MaxLength"), element.get("Scale")
    read_only = name in fixed or notes.get("Computed") == "true" or notes.get("Permissions", "").endswith("Read")
    return Field(
        name=name,
        type=FieldType.LOOKUP if name in lookups else _type(name, kind, options),
        label=_label(notes) or words(name),
        max_length=int(length) if length.isdecimal() else None,
        scale=int(scale) if scale.isdecimal() else None,
        on_insert=not read_only,
        on_update=not read_only and notes.get("Immutable") != "true",
        options=options.get(_enum(kind), ()),
        targets=(lookups[name],) if name in lookups else (),
    )


def _type(name: str, kind: str, options: Mapping[str, object]) -> FieldType:
    if _enum(kind) in options:
        return FieldType.OPTION
    is_code = name in _NUMBERS or name.endswith(("Code", "Number"))
    return FieldType.CODE if kind == "Edm.String" and is_code and name not in _FREE_NUMBERS else _TYPES[kind]


def _lookups(kind: Element, set_of: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Set and navigation property by the property that holds the other row's id."""
    found = {}
    for navigation in (one for one in kind if one.tag == "NavigationProperty"):
        target = set_of.get(_last(navigation.get("Type")))
        constraints = [one for one in navigation if one.tag == "ReferentialConstraint"]
        for one in constraints:
            if target and one.get("ReferencedProperty") == "id" and one.get("Property") != "id":
                found[one.get("Property")] = (target, navigation.get("Name"))
    return found


def _options(kind: Element) -> tuple[tuple[str | int, str], ...]:
    return tuple((one.get("Name"), _plain(one.get("Name")).strip()) for one in kind if one.tag == "Member")


def _enum(kind: str) -> str:
    # Documents name types by namespace or by alias, so the last word decides.
    return "" if kind.startswith("Edm.") else _last(kind)


def _plain(name: str) -> str:
    return _NAME_ESCAPE.sub(lambda match: chr(int(match[1], 16)), name)


def _notes(schemas: list[Element]) -> dict[str, dict[str, str]]:
    """Annotations by what they are about (``customers``, ``customer``, ``customer/balanceDue``): last word of the term and value."""
    found: dict[str, dict[str, str]] = {}
    for about in (one for schema in schemas for one in schema if one.tag == "Annotations"):
        target = about.get("Target")
        kind, slash, name = target.rpartition("/")
        subject = name if not slash or kind.endswith(("NAV", "Container")) else f"{_last(kind)}/{name}"
        found.setdefault(_last(subject) if not slash else subject, {}).update(_notes_within(about))
    for one in (one for schema in schemas for one in _walk(schema) if one.tag == "EntitySet"):
        found.setdefault(one.get("Name"), {}).update(_notes_within(one))
    return found


def _notes_within(about: Element) -> dict[str, str]:
    found = {}
    for one in (one for one in about if one.tag == "Annotation"):
        found[_last(one.get("Term"))] = one.get("String") or one.get("Bool") or one.get("EnumMember") or "true"
        for value in (inner for inner in _walk(one) if inner.tag == "PropertyValue"):
            found[value.get("Property")] = value.get("Bool") or value.get("String")
    return found


def _label(notes: Mapping[str, str]) -> str:
    return next((notes[term] for term in _LABEL_TERMS if notes.get(term)), "")


def words(name: str) -> str:
    """``addressLine1`` as ``Address Line 1``."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return spaced[:1].upper() + spaced[1:]


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element:
        yield from _walk(child)


def _last(name: str) -> str:
    return name.removeprefix("Collection(").removesuffix(")").rpartition(".")[2]

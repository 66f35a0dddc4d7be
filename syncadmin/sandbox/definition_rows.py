"""The definitions of tables, columns, keys and relationships as JSON rows, in the words of the Dataverse metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .ids import fixed_id
from .option_sets import published
from .schema import SALES, Entity, Option, Property, entities
from .store import Store

Row = dict[str, Any]
_NAMESPACE = "Microsoft.Dynamics.CRM."
_KINDS = {
    "Edm.Guid": ("Uniqueidentifier", "AttributeMetadata"),
    "Edm.Int32": ("Integer", "IntegerAttributeMetadata"),
    "Edm.Int64": ("BigInt", "BigIntAttributeMetadata"),
    "Edm.Decimal": ("Decimal", "DecimalAttributeMetadata"),
    "Edm.Boolean": ("Boolean", "BooleanAttributeMetadata"),
    "Edm.DateTimeOffset": ("DateTime", "DateTimeAttributeMetadata"),
    "Edm.Date": ("DateTime", "DateTimeAttributeMetadata"),
}
_LOOKUPS = {"ownerid": "Owner", "customerid": "Customer", "parentcustomerid": "Customer"}
_LONG_TEXT = 2000
_MESSAGES = ("Create", "Update", "Delete")
_BULK_MESSAGES = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")
_CAPTIONS: dict[str, str] = json.loads((Path(__file__).parent / "captions.json").read_text())


def entity_row(entity: Entity) -> Row:
    return {
        "MetadataId": fixed_id("metadata", entity.type_name),
        "LogicalName": entity.type_name,
        "SchemaName": entity.type_name[:1].upper() + entity.type_name[1:],
        "EntitySetName": entity.name,
        "LogicalCollectionName": entity.name,
        "PrimaryIdAttribute": entity.key,
        "PrimaryNameAttribute": entity.primary_name,
        "DisplayName": label(entity.caption),
        "OwnershipType": "UserOwned" if entity.owned else "OrganizationOwned",
        "ChangeTrackingEnabled": True,
        "IsOptimisticConcurrencyEnabled": True,
        "IsCustomEntity": "_" in entity.type_name,
        "ObjectTypeCode": 1 + list(entities(SALES)).index(entity.name),
    }


def attribute_rows(store: Store, entity: Entity) -> list[Row]:
    """Columns by logical name; lookups under theirs (``primarycontactid``)."""
    return [_attribute_row(store, entity, name, known) for name, known in entity.attributes.items()]


def key_rows(store: Store, entity: Entity) -> list[Row]:
    """Alternate keys, which exist where the control page made them; always active."""
    prefix = f"key {entity.type_name} "
    found = store.all("SELECT name FROM sandbox_setting WHERE name LIKE ?", (prefix + "%",))
    keys = [name.removeprefix(prefix).split(",") for (name,) in found]
    return [
        {
            "MetadataId": fixed_id("key", entity.type_name, *columns),
            "LogicalName": "_".join(columns),
            "EntityLogicalName": entity.type_name,
            "KeyAttributes": columns,
            "EntityKeyIndexStatus": "Active",
        }
        for columns in keys
    ]


def many_to_one_rows(entity: Entity) -> list[Row]:
    return [
        _relationship(entity, known, target)
        for known in entity.properties.values()
        for target in (entities(SALES)[name] for name in known.targets)
    ]


def one_to_many_rows(entity: Entity) -> list[Row]:
    return [
        _relationship(child, known, entity)
        for child in entities(SALES).values()
        for known in child.properties.values()
        if entity.name in known.targets
    ]


def message_rows() -> list[Row]:
    """What can happen to rows: the plain messages and the bulk ones."""
    return [{"sdkmessageid": fixed_id("message", message), "name": message} for message in (*_MESSAGES, *_BULK_MESSAGES)]


def message_filter_rows() -> list[Row]:
    """Which messages a table has: those that can be written have the bulk ones, too."""
    return [
        {
            "sdkmessagefilterid": fixed_id("messagefilter", message, entity.type_name),
            "primaryobjecttypecode": entity.type_name,
            "_sdkmessageid_value": fixed_id("message", message),
            "sdkmessageid": {"sdkmessageid": fixed_id("message", message), "name": message},
        }
        for entity in entities(SALES).values()
        for message in (*_MESSAGES, *(_BULK_MESSAGES if entity.create else ()))
    ]


def label(text: str) -> Row:
    localized = {"Label": text, "LanguageCode": 1033, "IsManaged": True}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def _attribute_row(store: Store, entity: Entity, name: str, known: Property) -> Row:
    kind, metadata = _kind(name, known)
    required = known.required_level or ("SystemRequired" if known.key else "None")
    navigations = [item for item in entity.navigations.values() if item.attribute == name and known.attribute]
    return {
        "@odata.type": f"#{_NAMESPACE}{metadata}",
        "MetadataId": fixed_id("attribute", entity.type_name, name),
        "LogicalName": name,
        "SchemaName": name[:1].upper() + name[1:],
        "EntityLogicalName": entity.type_name,
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "DisplayName": label(_caption(entity, name)),
        "IsPrimaryId": known.key,
        "IsPrimaryName": name == entity.primary_name,
        "RequiredLevel": {"Value": required, "CanBeChanged": False, "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
        "IsValidForCreate": any(item.on_create for item in navigations) if navigations else known.create and not known.read_only,
        "IsValidForUpdate": any(item.on_update for item in navigations) if navigations else known.update and not known.read_only,
        "IsValidForRead": True,
        **_details(known, kind, published(store, entity, known)),
    }


def _caption(entity: Entity, name: str) -> str:
    """What the standard tables show people; a column without a known caption is called by its name."""
    return _CAPTIONS.get(f"{entity.name}.{name}") or _CAPTIONS.get(name) or name


def _kind(name: str, known: Property) -> tuple[str, str]:
    if known.attribute:
        return _LOOKUPS.get(name, "Lookup"), "LookupAttributeMetadata"
    if name in ("statecode", "statuscode"):
        return ("State", "StateAttributeMetadata") if name == "statecode" else ("Status", "StatusAttributeMetadata")
    if known.options:
        return "Picklist", "PicklistAttributeMetadata"
    if known.money:
        return "Money", "MoneyAttributeMetadata"
    if known.type == "Edm.String":
        return ("Memo", "MemoAttributeMetadata") if known.max_length == _LONG_TEXT else ("String", "StringAttributeMetadata")
    return _KINDS[known.type]


def _details(known: Property, kind: str, choices: tuple[Option, ...]) -> Row:
    if known.attribute:
        return {"Targets": [entities(SALES)[name].type_name for name in known.targets]}
    if kind in ("Picklist", "State", "Status"):
        options = [_option(option.value, option.label, option.state, option.default_status) for option in choices]
        return {
            "OptionSet": {"Name": known.name, "IsGlobal": False, "OptionSetType": kind, "Options": options},
            "DefaultFormValue": known.default,
        }
    if kind in ("String", "Memo"):
        return {"MaxLength": known.max_length}
    if kind in ("Decimal", "Money"):
        return {"Precision": known.precision, "MinValue": known.minimum, "MaxValue": known.maximum}
    if kind == "Integer":
        return {"MinValue": known.minimum, "MaxValue": known.maximum}
    if kind == "DateTime":
        date_only = known.type == "Edm.Date"
        behavior = "DateOnly" if date_only else "UserLocal"
        return {"Format": "DateOnly" if date_only or known.date_only else "DateAndTime", "DateTimeBehavior": {"Value": behavior}}
    return {}


def _option(value: int | str, text: str, state: int | None, default_status: int | None) -> Row:
    row: Row = {"Value": value, "Label": label(text)}
    if state is not None:
        row["State"] = state
    if default_status is not None:
        row["DefaultStatus"] = default_status
    return row


def _relationship(child: Entity, known: Property, parent: Entity) -> Row:
    candidates = [item for item in child.navigations.values() if item.attribute == known.attribute and parent.name in item.targets]
    back = next((item for item in parent.navigations.values() if item.inverse == known.attribute and child.name in item.targets), None)
    return {
        "SchemaName": f"{parent.type_name}_{child.type_name}_{known.attribute}",
        "ReferencingEntity": child.type_name,
        "ReferencingAttribute": known.attribute,
        "ReferencingEntityNavigationPropertyName": candidates[0].name if candidates else known.attribute,
        "ReferencedEntity": parent.type_name,
        "ReferencedAttribute": parent.key,
        "ReferencedEntityNavigationPropertyName": back.name if back else "",
    }


def key_setting(entity: Entity, columns: list[str]) -> tuple[str, str]:
    """Name and value of the setting that keeps an alternate key."""
    return f"key {entity.type_name} {','.join(sorted(columns))}", json.dumps(columns)

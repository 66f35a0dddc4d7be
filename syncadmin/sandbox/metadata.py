"""``$metadata`` of both systems, XML of the Entity Data Model (web-apis.md, section 2, Metadata and section 5, $metadata)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import quoteattr

from .bc_address import Address
from .dv_address import Segment
from .messages import Request, Response
from .schema import BUSINESS_CENTRAL, SALES, Entity, Navigation, Property, entities

_HEAD = '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
_TAIL = "</edmx:DataServices></edmx:Edmx>"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_XML = {"Content-Type": "application/xml", "OData-Version": "4.0"}


def business_central_metadata(request: Request, address: Address) -> Response | None:
    """The document of a service root; None for any other request."""
    if not address.segments or address.segments[0].name != "$metadata" or request.method != "GET":
        return None
    sets = [entity for entity in entities(BUSINESS_CENTRAL).values() if entity.on_route(custom=address.custom)]
    company = entities(BUSINESS_CENTRAL)["companies"]
    known = sets if company in sets else [company, *sets]
    types = "".join(_bc_type(entity, known, custom=address.custom or entity is company) for entity in known)
    enums = "".join(_bc_enums(known, custom=address.custom))
    container = "".join(_bc_set(entity, known) for entity in known)
    schema = (
        f'<Schema Namespace="Microsoft.NAV" xmlns="{_EDM}">{types}{enums}<EntityContainer Name="NAV">{container}</EntityContainer></Schema>'
    )
    return Response(200, (_HEAD + schema + _TAIL).encode(), _XML)


def dataverse_metadata(request: Request, segments: tuple[Segment, ...]) -> Response | None:
    """The whole schema; ``?annotations=true`` adds which tables have change tracking. None for any other request."""
    if not segments or segments[0].name != "$metadata" or request.method != "GET":
        return None
    annotated = request.options.get("annotations", "").lower() == "true"
    known = list(entities(SALES).values())
    root = '<EntityType Name="crmbaseentity" Abstract="true" />'
    types = root + "".join(_dv_type(entity) for entity in known)
    container = "".join(_dv_set(entity, annotated=annotated) for entity in known) + _DV_IMPORTS
    name = "Microsoft.Dynamics.CRM"
    schema = f'<Schema Namespace="{name}" Alias="mscrm" xmlns="{_EDM}">{types}{_DV_OPERATIONS}'
    text = f'{_HEAD}{schema}<EntityContainer Name="System">{container}</EntityContainer></Schema>{_TAIL}'
    return Response(200, text.encode(), _XML)


def _bc_type(entity: Entity, known: Iterable[Entity], *, custom: bool) -> str:
    properties = "".join(_bc_property(item) for item in entity.visible(custom=custom).values())
    navigations = "".join(_bc_navigation(item, known) for item in entity.navigations.values())
    if entity.name == "companies":
        navigations += "".join(
            f'<NavigationProperty Name="{other.name}" Type="Collection(Microsoft.NAV.{other.type_name})" ContainsTarget="true" />'
            for other in known
            if other.company_scoped
        )
    return f'<EntityType Name="{entity.type_name}">{_key(entity)}{properties}{navigations}</EntityType>'


def _bc_property(known: Property) -> str:
    kind = f"Microsoft.NAV.{known.enum_type}" if known.enum_type else known.type
    length = f' MaxLength="{known.max_length}"' if known.max_length and not known.enum_type else ""
    scale = ' Scale="Variable"' if known.type == "Edm.Decimal" else ""
    return f'<Property Name="{known.name}" Type="{kind}" Nullable="false"{length}{scale} />'


def _bc_navigation(navigation: Navigation, known: Iterable[Entity]) -> str:
    target = next((entity for entity in known if entity.name == navigation.targets[0]), None)
    if target is None:
        return ""
    kind = f"Microsoft.NAV.{target.type_name}"
    if navigation.collection:
        return f'<NavigationProperty Name="{navigation.name}" Type="Collection({kind})" ContainsTarget="true" />'
    column = navigation.via.rpartition("=")[2].strip()
    constraint = f'<ReferentialConstraint Property="{column}" ReferencedProperty="{target.key}" />'
    return f'<NavigationProperty Name="{navigation.name}" Type="{kind}">{constraint}</NavigationProperty>'


def _bc_enums(known: Iterable[Entity], *, custom: bool) -> Iterator[str]:
    seen = set()
    for entity in known:
        for item in entity.visible(custom=custom).values():
            if item.enum_type and item.enum_type not in seen:
                seen.add(item.enum_type)
                members = "".join(f'<Member Name={quoteattr(str(o.value))} Value="{n}" />' for n, o in enumerate(item.options))
                yield f'<EnumType Name="{item.enum_type}">{members}</EnumType>'


def _bc_set(entity: Entity, known: Iterable[Entity]) -> str:
    bindings = "".join(
        f'<NavigationPropertyBinding Path="{item.name}" Target="{item.targets[0]}" />'
        for item in entity.navigations.values()
        if any(other.name == item.targets[0] for other in known)
    )
    return f'<EntitySet Name="{entity.name}" EntityType="Microsoft.NAV.{entity.type_name}">{bindings}</EntitySet>'


def _dv_type(entity: Entity) -> str:
    properties = "".join(_dv_property(item) for item in entity.properties.values())
    navigations = "".join(_dv_navigation(entity, item) for item in entity.navigations.values())
    return f'<EntityType Name="{entity.type_name}" BaseType="mscrm.crmbaseentity">{_key(entity)}{properties}{navigations}</EntityType>'


def _dv_property(known: Property) -> str:
    extra = {"Edm.String": ' Unicode="false"', "Edm.Decimal": ' Scale="Variable"'}.get(known.type, "")
    if known.attribute:
        computed = '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true" />'
        return f'<Property Name="{known.name}" Type="Edm.Guid">{computed}</Property>'
    return f'<Property Name="{known.name}" Type="{known.type}"{extra} />'


def _dv_navigation(entity: Entity, navigation: Navigation) -> str:
    target = entities(SALES)[navigation.targets[0]]
    if navigation.collection:
        partner = next(
            item.name for item in target.navigations.values() if item.attribute == navigation.inverse and entity.name in item.targets
        )
        return f'<NavigationProperty Name="{navigation.name}" Type="Collection(mscrm.{target.type_name})" Partner="{partner}" />'
    principal = len(navigation.targets) > 1
    kind, key = ("principal", "ownerid") if principal else (target.type_name, target.key)
    partner = _partner(entity, navigation, target)
    constraint = f'<ReferentialConstraint Property="{navigation.column}" ReferencedProperty="{key}" />'
    return f'<NavigationProperty Name="{navigation.name}" Type="mscrm.{kind}" Nullable="false"{partner}>{constraint}</NavigationProperty>'


def _partner(entity: Entity, navigation: Navigation, target: Entity) -> str:
    for item in target.navigations.values():
        if item.collection and item.targets[0] == entity.name and item.inverse == navigation.attribute:
            return f' Partner="{item.name}"'
    return ""


def _dv_set(entity: Entity, *, annotated: bool) -> str:
    bindings = "".join(
        f'<NavigationPropertyBinding Path="{item.name}" Target="{item.targets[0]}" />'
        for item in entity.navigations.values()
        if len(item.targets) == 1
    )
    inner = bindings + (_TRACKING if annotated else "")
    return f'<EntitySet Name="{entity.name}" EntityType="Microsoft.Dynamics.CRM.{entity.type_name}">{inner}</EntitySet>'


def _key(entity: Entity) -> str:
    return f'<Key><PropertyRef Name="{entity.key}" /></Key>'


def _bulk(name: str, result: str) -> str:
    bound = '<Parameter Name="entityset" Type="Collection(mscrm.crmbaseentity)" Nullable="false" />'
    targets = '<Parameter Name="Targets" Type="Collection(mscrm.crmbaseentity)" Nullable="false" />'
    return f'<Action Name="{name}" IsBound="true">{bound}{targets}{result}</Action>'


_TRACKING = (
    '<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking"><Record>'
    '<PropertyValue Property="Supported" Bool="true" /></Record></Annotation>'
)
_DV_OPERATIONS = (
    '<EntityType Name="principal" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="ownerid" /></Key>'
    '<Property Name="ownerid" Type="Edm.Guid" /></EntityType>'
    '<ComplexType Name="WhoAmIResponse"><Property Name="BusinessUnitId" Type="Edm.Guid" Nullable="false" />'
    '<Property Name="UserId" Type="Edm.Guid" Nullable="false" />'
    '<Property Name="OrganizationId" Type="Edm.Guid" Nullable="false" /></ComplexType>'
    '<ComplexType Name="CreateMultipleResponse"><Property Name="Ids" Type="Collection(Edm.Guid)" Nullable="false" /></ComplexType>'
    '<Function Name="WhoAmI"><ReturnType Type="mscrm.WhoAmIResponse" Nullable="false" /></Function>'
    '<Function Name="RetrieveTotalRecordCount"><Parameter Name="EntityNames" Type="Collection(Edm.String)" Unicode="false" /></Function>'
    + _bulk("CreateMultiple", '<ReturnType Type="mscrm.CreateMultipleResponse" Nullable="false" />')
    + _bulk("UpdateMultiple", "")
    + _bulk("UpsertMultiple", "")
)
_DV_IMPORTS = (
    '<FunctionImport Name="WhoAmI" Function="Microsoft.Dynamics.CRM.WhoAmI" />'
    '<FunctionImport Name="RetrieveTotalRecordCount" Function="Microsoft.Dynamics.CRM.RetrieveTotalRecordCount" />'
)

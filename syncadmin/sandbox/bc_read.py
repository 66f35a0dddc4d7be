"""Reading of Business Central: sets, rows, counts, pages and expansions (web-apis.md, section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .bc_address import Address, no_segment
from .filter_business_central import BusinessCentralFilter, asks_for_values
from .filter_dataverse import Parameters
from .messages import ApiError, Request, Response, json_response, linked
from .query import Dialect, Expand, Query, parse_query
from .reading import Ordering, Reading, TokenError, count_rows, read_page
from .render import row_sql
from .schema import BUSINESS_CENTRAL, Entity, Navigation, entities
from .settings import Settings
from .store import Store
from .tables import EXTRA_BC_INDEXES

_OPTIONS = ("select", "filter", "orderby", "top", "skip", "count", "expand", "skiptoken", "schemaversion", "format", "tenant", "company")
DIALECT = Dialect(frozenset(f"${name}" for name in _OPTIONS), "BadRequest")


class BusinessCentralReader:
    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    def rows(self, request: Request, address: Address, entity: Entity, *, parent: str = "", path: str = "") -> Response:
        """A page of the set. ``parent`` is a condition that ties the rows to the row they were reached through."""
        query = self._query(request)
        reading = self._reading(request, address, entity, query)
        reading.where += [parent] if parent else []
        if entity.nested_only and not parent:
            _require_document(request)
        count = f'"@odata.count":{count_rows(self.store, reading)},' if query.count else ""
        size, preferred = self._page_size(request)
        limit = size if query.top is None else min(size, query.top)
        try:
            page = read_page(self.store, reading, limit=limit, after=query.skip_token.strip("'"), offset=query.skip)
        except TokenError as error:
            raise ApiError(400, "BadRequest", f"The $skiptoken '{error}' is not valid.") from error
        follow = f',"@odata.nextLink":"{_next_link(request, page.continuation)}"' if page.continuation and query.top is None else ""
        context = f'"@odata.context":"{self._context(address, path or entity.name, query)}"'
        body = f'{{{context},{count}"value":[{",".join(page.rows)}]{follow}}}'
        return json_response(200, body, {"Preference-Applied": f"odata.maxpagesize={size}"} if preferred else {})

    def row(self, request: Request, address: Address, entity: Entity, key: str, *, parent: str = "", status: int = 200) -> Response:
        """One row with its etag in a header too; raises ApiError (404)."""
        query = self._query(request)
        reading = self._reading(request, address, entity, Query(select=query.select, expand=query.expand))
        reading.where += [f't0."{entity.key}" = {reading.parameters.add(key)}', *([parent] if parent else [])]
        sql = f"""SELECT {row_sql(entity, reading.names, "t0", extra=reading.extra)}, t0._etag
                  FROM "{entity.table}" t0 WHERE {reading.condition}"""  # noqa: S608
        found = self.store.one(sql, reading.parameters)
        if not found:
            raise not_found(entity, key)
        context = f'{{"@odata.context":"{self._context(address, entity.name, query)}/$entity",'
        headers = {"ETag": found[1]}
        if status == 201:
            headers["Location"] = f"{address.root}companies({address.company})/{entity.name}({key})"
        return json_response(status, context + found[0][1:], headers)

    def count(self, request: Request, address: Address, entity: Entity, *, parent: str = "") -> Response:
        """Plain text with a byte order mark (web-apis.md, section 5: T)."""
        query = self._query(request)
        reading = self._reading(request, address, entity, Query(filter=query.filter))
        reading.where += [parent] if parent else []
        number = count_rows(self.store, reading)
        return Response(200, b"\xef\xbb\xbf" + str(number).encode(), {"Content-Type": "text/plain"})

    def _query(self, request: Request) -> Query:
        return parse_query(request.options, DIALECT)

    def _reading(self, request: Request, address: Address, entity: Entity, query: Query) -> Reading:
        parameters = Parameters()
        reading = Reading(entity, shown(entity, query, custom=address.custom), parameters)
        if entity.company_scoped:
            reading.where.append(f"t0._company = {parameters.add(address.company)}")
        if query.filter is not None:
            extended = request.options.get("$schemaversion") == "2.1" and address.custom
            reading.where.append(BusinessCentralFilter(entity, parameters, custom=address.custom, extended=extended).sql(query.filter))
            reading.sort_apart = asks_for_values(query.filter, _indexed(entity))
        reading.order = orderings(entity, query, custom=address.custom)
        reading.extra = [expansion(entity, item, address, parameters) for item in query.expand]
        return reading

    def _context(self, address: Address, path: str, query: Query) -> str:
        company = "" if path.startswith("companies") else f"companies({address.company})/"
        chosen = f"({','.join(query.select)})" if query.select else ""
        return f"{address.context}{company}{path}{chosen}"

    def _page_size(self, request: Request) -> tuple[int, bool]:
        largest = self.settings.page_size[BUSINESS_CENTRAL]
        wanted = request.preferences.get("odata.maxpagesize", "")
        return (min(int(wanted), largest), True) if wanted.isdigit() and int(wanted) > 0 else (largest, False)


def _indexed(entity: Entity) -> set[str]:
    return {*entity.business_key[:1], *EXTRA_BC_INDEXES.get(entity.name, ())}


def shown(entity: Entity, query: Query, *, custom: bool) -> list[str]:
    """The properties of the answer: those selected, or all that the page has. The key is always among them."""
    visible = entity.visible(custom=custom)
    if query.select is None:
        return list(visible)
    for name in query.select:
        if name not in visible:
            raise unknown_property(entity, name)
    return [name for name in visible if name in query.select or name == entity.key]


def orderings(entity: Entity, query: Query, *, custom: bool, alias: str = "t0") -> list[Ordering]:
    """``$orderby`` with the key behind it, so that a page continues where the last one ended."""
    found = []
    for order in query.order:
        if len(order.names) > 1 or order.names[0] not in entity.visible(custom=custom):
            raise unknown_property(entity, "/".join(order.names))
        found.append(Ordering(f'{alias}."{order.names[0]}"', order.descending))
    return [*found, Ordering(f'{alias}."{entity.key}"')]


def expansion(entity: Entity, expand: Expand, address: Address, parameters: Parameters, alias: str = "t0") -> tuple[str, str]:
    """A navigation property as a member (name, SQL): an object or null for a single one, a list for a collection."""
    navigation = entity.navigations.get(expand.name)
    target = entities(BUSINESS_CENTRAL)[navigation.targets[0]] if navigation else None
    if navigation is None or target is None or not target.on_route(custom=address.custom):
        raise unknown_property(entity, expand.name)
    inner = f"{alias}x"
    extra = [expansion(target, item, address, parameters, inner) for item in expand.query.expand]
    row = row_sql(target, shown(target, expand.query, custom=address.custom), inner, extra=extra)
    link = link_sql(entity, navigation, target, alias, inner)
    if not navigation.collection:
        return expand.name, f'json((SELECT {row} FROM "{target.table}" {inner} WHERE {link}))'  # noqa: S608
    rows = _expanded_rows(target, expand.query, address, parameters, inner)
    return expand.name, f"(SELECT json_group_array(json(x)) FROM (SELECT {row} AS x FROM {rows.format(link=link)}))"  # noqa: S608


def _expanded_rows(target: Entity, query: Query, address: Address, parameters: Parameters, alias: str) -> str:
    where = "{link}"
    if query.filter is not None:
        narrowed = BusinessCentralFilter(target, parameters, custom=address.custom, extended=False, alias=alias)
        where += f" AND {narrowed.sql(query.filter)}"
    orders = orderings(target, query, custom=address.custom, alias=alias)
    directions = ", ".join(f"{item.sql} {'DESC' if item.descending else 'ASC'}" for item in orders)
    limit = parameters.add(-1 if query.top is None else query.top)
    return f'"{target.table}" {alias} WHERE {where} ORDER BY {directions} LIMIT {limit}'


def link_sql(entity: Entity, navigation: Navigation, target: Entity, alias: str, inner: str) -> str:
    """SQL of a ``via`` text of entities.json: ``currencyId``, ``documentId`` or ``salesType = X and salesCode = code``."""
    parts = [f'{inner}._company = {alias}."_company"']
    if "=" not in navigation.via:
        left, right = (navigation.via, entity.key) if navigation.collection else (target.key, navigation.via)
        return " AND ".join([*parts, f'{inner}."{left}" = {alias}."{right}"'])
    for condition in navigation.via.split(" and "):
        left, _, right = (part.strip() for part in condition.partition("="))
        fixed = right.replace(" ", "_x0020_")
        parts.append(f'{inner}."{left}" = ' + (f'{alias}."{right}"' if right in entity.properties else f"'{fixed}'"))
    return " AND ".join(parts)


def tied_values(navigation: Navigation, owner: Mapping[str, Any]) -> dict[str, Any]:
    """What a new row below ``owner`` has from it, by a ``via`` text: ``documentId``, or ``parentType = Customer and parentId = id``."""
    if "=" not in navigation.via:
        return {navigation.via: owner["id"]}
    pairs = (condition.partition("=") for condition in navigation.via.split(" and "))
    return {left.strip(): owner.get(right.strip(), right.strip().replace(" ", "_x0020_")) for left, _, right in pairs}


def unknown_property(entity: Entity, name: str) -> ApiError:
    return ApiError(400, "BadRequest", f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity.type_name}'.")


def not_found(entity: Entity, key: str) -> ApiError:
    return ApiError(404, "Internal_RecordNotFound", f"The {entity.type_name} with id '{key}' does not exist.")


def require_set(name: str, *, custom: bool) -> Entity:
    """The entity set of that name on the route; raises ApiError (404)."""
    entity = entities(BUSINESS_CENTRAL).get(name)
    if entity is None or not (entity.on_route(custom=custom) or name == "companies"):
        raise no_segment(name)
    return entity


def _require_document(request: Request) -> None:
    text = request.options.get("$filter", "")
    if not re.search(r"\b(documentId|id)\s+eq\s", text) and "$skiptoken" not in request.options:
        message = "You must specify an Id or a Document Id to get the lines."
        raise ApiError(400, "Application_DialogException", message)


def _next_link(request: Request, continuation: str) -> str:
    """The same address with a new token; every other option is kept."""
    dropped = ("$skiptoken", "%24skiptoken", "$skip=", "%24skip=")
    kept = [part for part in request.query.split("&") if part and not part.startswith(dropped)]
    return linked(request, kept, f"$skiptoken='{continuation}'")

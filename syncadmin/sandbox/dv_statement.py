"""Statements for Dataverse queries: the columns shown, the condition, the order and the expansions (web-apis.md, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .clock import Clock
from .dv_address import bad_request
from .expression import Path
from .filter_dataverse import DataverseFilter, Parameters, related_condition
from .messages import ApiError
from .query import Expand, Query
from .reading import Ordering, Reading
from .render import row_sql
from .schema import SALES, Entity, Navigation, Property, entities

_MOST_EXPANDED = 15
_PRINCIPALS = ("systemusers", "teams")


class DataverseStatement:
    """Builds one statement; its parameters are shared by all nested parts."""

    def __init__(self, *, clock: Clock, user_id: str, annotations: str = "") -> None:
        self.clock = clock
        self.user_id = user_id
        self.annotations = annotations
        self.parameters = Parameters()

    def reading(self, entity: Entity, query: Query) -> Reading:
        """Everything but limit and continuation; raises ApiError for what Dataverse refuses."""
        if _expansions(query) > _MOST_EXPANDED:
            raise bad_request(f"The number of $expand segments in the query exceeds the limit of {_MOST_EXPANDED}.")
        reading = Reading(entity, shown(entity, query), parameters=self.parameters, annotations=self.annotations)
        reading.extra = [self._expansion(entity, item, "t0") for item in query.expand]
        reading.where = self._conditions(entity, query, "t0")
        reading.order = self._orderings(entity, query, "t0")
        return reading

    def _conditions(self, entity: Entity, query: Query, alias: str) -> list[str]:
        return [] if query.filter is None else [self._filter(entity, alias).sql(query.filter)]

    def _filter(self, entity: Entity, alias: str) -> DataverseFilter:
        return DataverseFilter(entity, self.parameters, clock=self.clock, user_id=self.user_id, alias=alias)

    def _orderings(self, entity: Entity, query: Query, alias: str) -> list[Ordering]:
        """Where ``$orderby`` lacks the primary key, rows with equal values are lost between pages, as in the real service."""
        found = []
        for order in query.order:
            column, known, _ = self._filter(entity, alias).column(Path(order.names))
            if known.attribute and len(order.names) == 1:
                column = _primary_name(known, alias)
                found.append(Ordering(column, order.descending))
                continue
            found.append(Ordering(f"fold({column})" if known.type == "Edm.String" else column, order.descending))
        return found or [Ordering(f'{alias}."{entity.key}"')]

    def _expansion(self, entity: Entity, expand: Expand, alias: str) -> tuple[str, str]:
        """A navigation property as a member (name, SQL)."""
        navigation = entity.navigations.get(expand.name)
        if navigation is None:
            raise unknown_property(entity, expand.name)
        query = expand.query
        if navigation.collection:
            return expand.name, self._collection(entity, navigation, query, alias)
        if query.filter is not None or query.order or query.top is not None:
            raise bad_request(f"Only $select and $expand are allowed in the $expand of '{expand.name}', which is a single row.")
        objects = [self._single(entity, replace(navigation, targets=(name,)), _known_to(query, name), alias) for name in navigation.targets]
        return expand.name, f"json({objects[0]})" if len(objects) == 1 else f"json(coalesce({', '.join(objects)}))"

    def _single(self, entity: Entity, navigation: Navigation, query: Query, alias: str) -> str:
        target = entities(SALES)[navigation.targets[0]]
        link = related_condition(entity, navigation, alias, target, f"{alias}x")
        return f'(SELECT {self._row(target, query, f"{alias}x")} FROM "{target.table}" {alias}x WHERE {link})'  # noqa: S608

    def _collection(self, entity: Entity, navigation: Navigation, query: Query, alias: str) -> str:
        target, inner = entities(SALES)[navigation.targets[0]], f"{alias}x"
        where = " AND ".join([related_condition(entity, navigation, alias, target, inner), *self._conditions(target, query, inner)])
        directions = ", ".join(f"{item.sql} {'DESC' if item.descending else 'ASC'}" for item in self._orderings(target, query, inner))
        limit = self.parameters.add(-1 if query.top is None else query.top)
        row = self._row(target, query, inner)
        rows = f'SELECT {row} AS x FROM "{target.table}" {inner} WHERE {where} ORDER BY {directions} LIMIT {limit}'  # noqa: S608
        return f"(SELECT json_group_array(json(x)) FROM ({rows}))"  # noqa: S608

    def _row(self, target: Entity, query: Query, alias: str) -> str:
        extra = [self._expansion(target, item, alias) for item in query.expand]
        return row_sql(target, shown(target, query), alias, extra=extra)


def shown(entity: Entity, query: Query) -> list[str]:
    """The properties of the answer; the primary key always, and the currency beside a money column (section 2, Query options)."""
    if query.select is None:
        return list(entity.properties)
    for name in query.select:
        if name not in entity.properties:
            raise unknown_property(entity, name)
    wanted = {*query.select, entity.key}
    if any(entity.properties[name].money for name in query.select):
        wanted.add("_transactioncurrencyid_value")
    return [name for name in entity.properties if name in wanted]


def _primary_name(known: Property, alias: str) -> str:
    """A lookup is sorted by the primary name of its row (section 2, Query options)."""
    names = []
    for target in (entities(SALES)[name] for name in known.targets):
        shown_name = target.primary_name if target.primary_name in target.properties else target.key
        select = f'SELECT fold(o."{shown_name}") FROM "{target.table}" o'  # noqa: S608
        names.append(f'({select} WHERE o."{target.key}" = {alias}."{known.name}")')
    return names[0] if len(names) == 1 else f"coalesce({', '.join(names)})"


def unknown_property(entity: Entity, name: str) -> ApiError:
    return ApiError(400, "0x0", f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{entity.type_name}'.")


def _known_to(query: Query, name: str) -> Query:
    """An owner is a user or a team: each shows what it has of the selected columns; one that neither has is refused."""
    entity = entities(SALES)[name]
    if query.select is None or name not in _PRINCIPALS or not all(any(column in other for other in _columns()) for column in query.select):
        return query
    return replace(query, select=tuple(column for column in query.select if column in entity.properties) or (entity.key,))


def _columns() -> list[Mapping[str, Property]]:
    return [entities(SALES)[name].properties for name in _PRINCIPALS]


def _expansions(query: Query) -> int:
    return len(query.expand) + sum(_expansions(item.query) for item in query.expand)

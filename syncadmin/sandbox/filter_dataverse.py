"""``$filter`` of Dataverse turned into SQL: what web-apis.md, section 2 allows, refused as there where it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from .clock import Clock, moment_text
from .expression import Call, Comparison, Lambda, Literal, Logical, Membership, Path
from .literals import LiteralError, column_value, finer_than_stored
from .messages import ApiError
from .schema import SALES, Entity, Navigation, Property, entities
from .text import fold

SYNTAX = "0x80060888"
_CRM = "Microsoft.Dynamics.CRM."
_OPERATORS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


class Parameters(dict[str, Any]):
    """Named parameters of one statement; ``add`` gives the mark to write into the SQL."""

    def add(self, value: Any) -> str:
        name = f"p{len(self)}"
        self[name] = value
        return f":{name}"


class DataverseFilter:
    """Translates a tree for the rows of ``alias``. ``user_id`` is what EqualUserId compares with."""

    def __init__(
        self, entity: Entity, parameters: Parameters, *, clock: Clock, user_id: str, alias: str = "t0", variable: str = "", depth: int = 0
    ) -> None:
        self.entity = entity
        self.parameters = parameters
        self.clock = clock
        self.user_id = user_id
        self.alias = alias
        self.variable = variable
        self.depth = depth

    def sql(self, tree: Any) -> str:
        """The condition; raises ApiError for what Dataverse refuses."""
        for kind, translate in self._translators:
            if isinstance(tree, kind):
                return translate(self, tree)
        raise ApiError(400, SYNTAX, "The $filter expression must evaluate to a single boolean value.")

    def _logical(self, tree: Logical) -> str:
        if tree.operator == "not":
            return f"NOT coalesce({self.sql(tree.parts[0])}, 0)"
        joined = "(" + f" {tree.operator.upper()} ".join(self.sql(part) for part in tree.parts) + ")"
        # A plus keeps SQLite from reading "this company or none" by two indexes, which would cost it the order of the rows.
        return f"+{joined}" if tree.operator == "or" and not _same_column(tree) else joined

    def _comparison(self, tree: Comparison) -> str:
        left, right, operator = tree.left, tree.right, tree.operator
        if isinstance(left, Call) and isinstance(right, Literal) and right.kind == "boolean":
            return self.sql(left if right.value == (operator == "eq") else Logical("not", (left,)))
        if isinstance(left, Literal):
            left, right = right, left
            operator = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}.get(operator, operator)
        if not isinstance(left, Path):
            raise self._unsupported(left)
        column, known, entity = self.column(left)
        if isinstance(right, Path):
            other = self._folded(*self.column(right)[:2])
            return _compare(operator, self._folded(column, known), other)
        if not isinstance(right, Literal):
            raise self._unsupported(right)
        return self._with_literal(operator, self._folded(column, known), known, entity, right)

    def _with_literal(self, operator: str, column: str, known: Property, entity: Entity, literal: Literal) -> str:
        value = self.value(known, literal, entity)
        if value is None:
            return f"{column} IS {'NOT ' if operator == 'ne' else ''}NULL" if operator in ("eq", "ne") else "0"
        if finer_than_stored(entity, literal):
            operator = {"ge": "gt", "lt": "le"}.get(operator, operator)
            if operator in ("eq", "ne"):
                return "0" if operator == "eq" else "1"
        return _compare(operator, column, self.parameters.add(value))

    def _membership(self, _: Membership) -> str:
        raise ApiError(400, SYNTAX, "The operator 'in' is not supported; use Microsoft.Dynamics.CRM.In.")

    def _lambda(self, tree: Lambda) -> str:
        navigation = self.entity.navigations.get(tree.path.names[-1]) if len(tree.path.names) == 1 else None
        if navigation is None or not navigation.collection:
            raise ApiError(400, "0x0", f"Could not find a collection property '{'/'.join(tree.path.names)}' on '{self.entity.type_name}'.")
        if tree.body is None and tree.kind == "all":
            raise ApiError(400, SYNTAX, "The lambda operator 'all' needs an expression.")
        target = entities(SALES)[navigation.targets[0]]
        alias = f"l{self.depth}"
        inner = DataverseFilter(
            target, self.parameters, clock=self.clock, user_id=self.user_id, alias=alias, variable=tree.variable, depth=self.depth + 1
        )
        link = related_condition(self.entity, navigation, self.alias, target, alias)
        body = inner.sql(tree.body) if tree.body is not None else "1"
        wanted = f"NOT coalesce({body}, 0)" if tree.kind == "all" else body
        exists = f'EXISTS (SELECT 1 FROM "{target.table}" {alias} WHERE {link} AND {wanted})'  # noqa: S608
        return f"NOT {exists}" if tree.kind == "all" else exists

    def _call(self, tree: Call) -> str:
        if tree.name.startswith(_CRM):
            return self._crm(tree.name.removeprefix(_CRM), tree)
        if tree.name not in ("contains", "startswith", "endswith"):
            raise self._unsupported(tree)
        path, literal = tree.arguments if len(tree.arguments) == 2 else (None, None)
        if not isinstance(path, Path) or not isinstance(literal, Literal) or literal.kind != "string":
            raise ApiError(400, SYNTAX, f"The function '{tree.name}' takes a column and a text.")
        column, known, _ = self.column(path)
        if known.type != "Edm.String":
            raise ApiError(400, SYNTAX, f"The function '{tree.name}' needs a text column, '{known.name}' is {known.type}.")
        pattern = str(fold(literal.value))
        before, after = {"contains": ("%", "%"), "startswith": ("", "%"), "endswith": ("%", "")}[tree.name]
        return f"dv_like(fold({column}), {self.parameters.add(before + pattern + after)})"

    def _crm(self, name: str, tree: Call) -> str:
        translate = _CRM_FUNCTIONS.get(name)
        if translate is None and name not in _SPANS:
            raise ApiError(400, SYNTAX, f"The query function '{_CRM}{name}' is not supported.")
        path = tree.named.get("PropertyName")
        names = (path.value,) if isinstance(path, Literal) else path.names if isinstance(path, Path) else ()
        if not names:
            raise ApiError(400, SYNTAX, f"The function '{_CRM}{name}' needs the parameter PropertyName.")
        column, known, entity = self.column(Path(tuple(str(names[0]).split("/"))), logical=True)
        raw = tree.named.get("PropertyValues", tree.named.get("PropertyValue", ()))
        values = [raw] if isinstance(raw, Literal) else list(raw)
        if translate is None:
            return self._span(column, *_SPANS[name], values)
        return translate(self, self._folded(column, known), known, [self._quoted(known, entity, item) for item in values])

    def _span(self, column: str, unit: str, sign: int, values: list[Any]) -> str:
        """Moments from now back (sign -1) or ahead (1) by so many units; the number may be quoted."""
        try:
            reach = timedelta(**{unit: int(str(values[0].value))}) * sign
        except (IndexError, ValueError, AttributeError) as error:
            raise ApiError(400, SYNTAX, "PropertyValue must be a whole number.") from error
        now = self.clock.now(SALES)
        marks = [self.parameters.add(moment_text(moment, SALES)) for moment in sorted((now, now + reach))]
        return f"{column} BETWEEN {marks[0]} AND {marks[1]}"

    def _quoted(self, known: Property, entity: Entity, item: Any) -> Any:
        """Values of the Microsoft.Dynamics.CRM functions are quoted whatever their type is."""
        if not isinstance(item, Literal):
            raise ApiError(400, SYNTAX, "PropertyValues takes literals.")
        text = str(item.value)
        kinds = {"Edm.Guid": "guid", "Edm.String": "string", "Edm.DateTimeOffset": "moment" if "T" in text else "date", "Edm.Date": "date"}
        kind = kinds.get(known.type, "number")
        try:
            return self.value(known, Literal(kind, _typed(kind, text)), entity)
        except (ArithmeticError, ValueError) as error:
            raise ApiError(400, SYNTAX, f"'{text}' is no value for '{known.name}'.") from error

    def column(self, path: Path, *, logical: bool = False) -> tuple[str, Property, Entity]:
        """The SQL of a column here or of a related row, with its property and entity."""
        names = path.names[1:] if self.variable and path.names[0] == self.variable else path.names
        return _column(self.entity, self.alias, names, logical=logical)

    def value(self, known: Property, literal: Literal, entity: Entity) -> Any:
        try:
            value = column_value(entity, known, literal)
        except LiteralError as error:
            raise ApiError(400, SYNTAX, str(error)) from error
        return fold(value) if known.type == "Edm.String" else value

    @staticmethod
    def _folded(column: str, known: Property) -> str:
        return f"fold({column})" if known.type == "Edm.String" else column

    @staticmethod
    def _unsupported(tree: Any) -> ApiError:
        name = tree.name if isinstance(tree, Call) else "this expression"
        return ApiError(400, SYNTAX, f"The query specified in the URI is not valid. The function or operator '{name}' is not supported.")

    _translators: Sequence[tuple[type[Any], Callable[[DataverseFilter, Any], str]]] = (
        (Logical, _logical),
        (Comparison, _comparison),
        (Membership, _membership),
        (Lambda, _lambda),
        (Call, _call),
    )


def _same_column(tree: Logical) -> bool:
    """Whether all parts ask for values of one column: SQLite looks each of them up."""
    paths = {part.left for part in tree.parts if isinstance(part, Comparison) and part.operator == "eq" and isinstance(part.left, Path)}
    kinds = {part.right.kind for part in tree.parts if isinstance(part, Comparison) and isinstance(part.right, Literal)}
    return len(paths) == 1 and "null" not in kinds and all(isinstance(part, Comparison) for part in tree.parts)


def related_condition(entity: Entity, navigation: Navigation, alias: str, target: Entity, target_alias: str) -> str:
    """SQL that ties the rows of a navigation property to their owner."""
    if navigation.collection:
        inverse = target.attributes[navigation.inverse]
        link = f'{target_alias}."{inverse.name}" = {alias}."{entity.key}"'
        return f"{link} AND {target_alias}.\"{inverse.type_column}\" = '{entity.name}'" if inverse.type_column else link
    known = entity.attributes[navigation.attribute]
    link = f'{target_alias}."{target.key}" = {alias}."{known.name}"'
    return f"{link} AND {alias}.\"{known.type_column}\" = '{target.name}'" if known.type_column else link


def _column(entity: Entity, alias: str, names: Sequence[str], *, logical: bool) -> tuple[str, Property, Entity]:
    if len(names) == 1:
        known = entity.properties.get(names[0]) or (entity.attributes.get(names[0]) if logical else None)
        if known is None:
            text = f"Could not find a property named '{names[0]}' on type 'Microsoft.Dynamics.CRM.{entity.type_name}'."
            raise ApiError(400, "0x0", text)
        return f'{alias}."{known.name}"', known, entity
    navigation = entity.navigations.get(names[0])
    if navigation is None or navigation.collection:
        text = f"Could not find a property named '{names[0]}' on type 'Microsoft.Dynamics.CRM.{entity.type_name}'."
        raise ApiError(400, "0x0", text)
    target = entities(SALES)[navigation.targets[0]]
    inner, known, owner = _column(target, alias + "r", names[1:], logical=logical)
    link = related_condition(entity, navigation, alias, target, alias + "r")
    return f'(SELECT {inner} FROM "{target.table}" {alias}r WHERE {link})', known, owner  # noqa: S608


def _compare(operator: str, left: str, right: str) -> str:
    if operator == "ne":
        return f"{left} IS NOT {right}"
    return f"{left} {'=' if operator == 'eq' else _OPERATORS[operator]} {right}"


def _typed(kind: str, text: str) -> Any:
    return Decimal(text) if kind == "number" else text.lower() if kind == "guid" else text


def _in(query: DataverseFilter, column: str, _: Property, values: list[Any]) -> str:
    return f"{column} IN ({', '.join(query.parameters.add(value) for value in values)})"


def _not_in(query: DataverseFilter, column: str, known: Property, values: list[Any]) -> str:
    return f"NOT coalesce({_in(query, column, known, values)}, 0)"


def _between(query: DataverseFilter, column: str, _: Property, values: list[Any]) -> str:
    if len(values) != 2:
        raise ApiError(400, SYNTAX, "Between needs two values.")
    return f"{column} BETWEEN {query.parameters.add(values[0])} AND {query.parameters.add(values[1])}"


def _not_between(query: DataverseFilter, column: str, known: Property, values: list[Any]) -> str:
    return f"NOT coalesce({_between(query, column, known, values)}, 0)"


def _day(operator: str) -> Callable[[DataverseFilter, str, Property, list[Any]], str]:
    def translate(query: DataverseFilter, column: str, _: Property, values: list[Any]) -> str:
        return f"substr({column}, 1, 10) {operator} {query.parameters.add(str(values[0])[:10])}"

    return translate


def _user(operator: str) -> Callable[[DataverseFilter, str, Property, list[Any]], str]:
    def translate(query: DataverseFilter, column: str, _: Property, __: list[Any]) -> str:
        return f"{column} {operator} {query.parameters.add(query.user_id)}"

    return translate


_CRM_FUNCTIONS: dict[str, Callable[[DataverseFilter, str, Property, list[Any]], str]] = {
    "In": _in,
    "NotIn": _not_in,
    "Between": _between,
    "NotBetween": _not_between,
    "On": _day("="),
    "NotOn": _day("<>"),
    "OnOrAfter": _day(">="),
    "OnOrBefore": _day("<="),
    "EqualUserId": _user("="),
    "NotEqualUserId": _user("IS NOT"),
}
_SPANS = {
    "LastXHours": ("hours", -1),
    "LastXDays": ("days", -1),
    "LastXWeeks": ("weeks", -1),
    "NextXHours": ("hours", 1),
    "NextXDays": ("days", 1),
    "NextXWeeks": ("weeks", 1),
}

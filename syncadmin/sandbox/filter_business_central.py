"""``$filter`` of Business Central turned into SQL, with its known limits (web-apis.md, section 5, Query options)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .expression import Call, Comparison, Lambda, Literal, Logical, Membership, Path
from .filter_dataverse import Parameters
from .literals import LiteralError, column_value, finer_than_stored
from .messages import ApiError
from .schema import Entity, Property
from .text import length

_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_FOLDING = ("tolower", "toupper")


class BusinessCentralFilter:
    """Translates a tree for the rows of ``alias``. ``custom``: of a custom page; ``extended``: ``$schemaversion=2.1`` was asked for."""

    def __init__(self, entity: Entity, parameters: Parameters, *, custom: bool, extended: bool, alias: str = "t0") -> None:
        self.entity = entity
        self.parameters = parameters
        self.custom = custom
        self.extended = extended
        self.alias = alias

    def sql(self, tree: Any) -> str:
        """The condition; raises ApiError for what Business Central refuses. Lambdas are left out silently, as there."""
        if isinstance(tree, Logical):
            return self._logical(tree)
        if isinstance(tree, Comparison):
            return self._comparison(tree)
        if isinstance(tree, Membership):
            return self._membership(tree)
        if isinstance(tree, Lambda):
            return "1"
        if isinstance(tree, Call):
            return self._search(tree)
        raise ApiError(400, "BadRequest", "The $filter expression must evaluate to a single boolean value.")

    def _logical(self, tree: Logical) -> str:
        if tree.operator == "not":
            raise ApiError(400, "BadRequest", "The operator 'not' is not supported in a $filter.")
        if tree.operator == "or" and len(set(_fields(tree))) > 1:
            raise ApiError(400, "BadRequest", "An error occurred: the OR operator is not supported on distinct fields on an OData filter.")
        return "(" + f" {tree.operator.upper()} ".join(self.sql(part) for part in tree.parts) + ")"

    def _comparison(self, tree: Comparison) -> str:
        left, right, operator = tree.left, tree.right, tree.operator
        if isinstance(left, Literal):
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        if isinstance(left, Call) and left.name not in _FOLDING and isinstance(right, Literal) and right.kind == "boolean":
            return self._search(left) if right.value == (operator == "eq") else f"NOT {self._search(left)}"
        if not isinstance(right, Literal):
            raise ApiError(400, "BadRequest", "A property can be compared with a constant only.")
        column, known, folded = self._operand(left, nested=False)
        if right.kind == "null":
            return "1" if operator == "ne" else "0"
        return self._with_value(operator, column, known, right, folded=folded)

    def _with_value(self, operator: str, column: str, known: Property, literal: Literal, *, folded: bool) -> str:
        if finer_than_stored(self.entity, literal):
            operator = {"ge": "gt", "lt": "le"}.get(operator, operator)
        value = self._value(known, literal)
        return f"{column} {_OPERATORS[operator]} {self.parameters.add(value.lower() if folded else value)}"

    def _membership(self, tree: Membership) -> str:
        if not self.extended:
            raise ApiError(400, "BadRequest", "The operator 'in' needs $schemaversion=2.1, which custom pages alone have.")
        column, known, folded = self._operand(tree.left, nested=False)
        if not all(isinstance(item, Literal) for item in tree.items):
            raise ApiError(400, "BadRequest", "The operator 'in' takes constants.")
        values = [self._value(known, item) for item in tree.items]
        return f"{column} IN ({', '.join(self.parameters.add(value.lower() if folded else value) for value in values)})"

    def _search(self, tree: Call) -> str:
        if tree.name not in ("contains", "startswith", "endswith"):
            raise ApiError(501, "BadRequest_MethodNotImplemented", f"The function '{tree.name}' is not implemented.")
        if len(tree.arguments) != 2 or not isinstance(tree.arguments[1], Literal) or tree.arguments[1].kind != "string":
            raise ApiError(400, "BadRequest", f"The function '{tree.name}' takes a property and a text.")
        column, known, folded = self._operand(tree.arguments[0], nested=True)
        if known.type != "Edm.String":
            raise ApiError(400, "BadRequest", f"The function '{tree.name}' needs a text, '{known.name}' is {known.type}.")
        text = tree.arguments[1].value.lower() if folded else tree.arguments[1].value
        mark = self.parameters.add(text.upper() if known.code and not folded else text)
        if tree.name == "contains":
            return f"instr({column}, {mark}) > 0"
        if tree.name == "startswith":
            return f"substr({column}, 1, length({mark})) = {mark}"
        return f"(length({column}) >= length({mark}) AND substr({column}, length({column}) - length({mark}) + 1) = {mark})"

    def _operand(self, tree: Any, *, nested: bool) -> tuple[str, Property, bool]:
        """The SQL of a property or of tolower/toupper over one, the property, and whether letter case is ignored."""
        if isinstance(tree, Call) and tree.name in _FOLDING and len(tree.arguments) == 1:
            if nested and not self.extended:
                raise ApiError(400, "BadRequest", "Nested functions need $schemaversion=2.1, which custom pages alone have.")
            column, known, _ = self._operand(tree.arguments[0], nested=False)
            return f"lower({column})", known, True
        if isinstance(tree, Call):
            raise ApiError(501, "BadRequest_MethodNotImplemented", f"The function '{tree.name}' is not implemented.")
        if not isinstance(tree, Path) or len(tree.names) != 1:
            raise ApiError(400, "BadRequest", "Only properties of the set itself can be filtered.")
        return self._column(tree.names[0])

    def _column(self, name: str) -> tuple[str, Property, bool]:
        known = self.entity.visible(custom=self.custom).get(name)
        if known is None:
            text = f"Could not find a property named '{name}' on type 'Microsoft.NAV.{self.entity.type_name}'."
            raise ApiError(400, "BadRequest", text)
        if "not filterable" in known.note:
            raise ApiError(400, "BadRequest", f"The property '{name}' cannot be used in the $filter query option.")
        return f'{self.alias}."{name}"', known, False

    def _value(self, known: Property, literal: Literal) -> Any:
        try:
            value = column_value(self.entity, known, literal)
        except LiteralError as error:
            raise ApiError(400, "BadRequest", str(error)) from error
        if known.type == "Edm.String":
            return self._text(known, str(value))
        return value

    def _text(self, known: Property, value: str) -> str:
        if known.options:
            return _member(known, value)
        if known.max_length and length(value) > known.max_length:
            text = f"The length of the value '{value}' in the filter exceeds the {known.max_length} characters of '{known.name}'."
            raise ApiError(400, "Application_FilterErrorException", text)
        return value.upper() if known.code else value


def _member(known: Property, value: str) -> str:
    """The member name for either way to write it: ``Customer Price Group`` or ``Customer_x0020_Price_x0020_Group``."""
    encoded = value.replace(" ", "_x0020_").replace("-", "_x002D_") or "_x0020_"
    for option in known.options:
        if str(option.value).lower() == encoded.lower():
            return str(option.value)
    raise ApiError(400, "BadRequest", f"The string '{value}' is not a valid enumeration type constant for '{known.enum_type}'.")


def asks_for_values(tree: Any, names: Collection[str]) -> bool:
    """Whether rows must have one of some values in one of these properties, so that few are to be expected."""
    if isinstance(tree, Logical):
        return (any if tree.operator == "and" else all)(asks_for_values(part, names) for part in tree.parts)
    wanted = isinstance(tree, Membership) or (isinstance(tree, Comparison) and tree.operator == "eq")
    return wanted and isinstance(tree.left, Path) and tree.left.names[0] in names


def _fields(tree: Any) -> Iterator[str]:
    """The property names that a tree mentions."""
    if isinstance(tree, Path):
        yield "/".join(tree.names)
    elif isinstance(tree, Logical):
        for part in tree.parts:
            yield from _fields(part)
    elif isinstance(tree, Comparison):
        yield from _fields(tree.left)
        yield from _fields(tree.right)
    elif isinstance(tree, Membership):
        yield from _fields(tree.left)
    elif isinstance(tree, Call):
        for argument in tree.arguments:
            yield from _fields(argument)

"""One page of rows out of the store: a statement with keyset paging, its continuation as an opaque token."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .filter_dataverse import Parameters
from .render import row_sql
from .schema import Entity
from .store import Store


@dataclass(frozen=True)
class Ordering:
    sql: str
    descending: bool = False


@dataclass
class Reading:
    """What to read: ``names`` are the properties shown, ``where`` conditions joined by and, ``extra`` nested members (name, SQL).

    ``sort_apart`` finds few rows by their values first and sorts them then, where SQLite would read all rows in their order.
    """

    entity: Entity
    names: Sequence[str]
    parameters: Parameters = field(default_factory=Parameters)
    where: list[str] = field(default_factory=list)
    order: list[Ordering] = field(default_factory=list)
    extra: list[tuple[str, str]] = field(default_factory=list)
    annotations: str = ""
    sort_apart: bool = False

    @property
    def condition(self) -> str:
        return " AND ".join(self.where) or "1"


@dataclass(frozen=True)
class Page:
    """``rows`` are JSON texts; ``continuation`` is the token of what follows, '' at the end."""

    rows: list[str]
    continuation: str


class TokenError(Exception):
    """A continuation token that this server never gave."""


def read_page(store: Store, reading: Reading, *, limit: int, after: str = "", offset: int = 0) -> Page:
    """At most ``limit`` rows behind the token ``after``. Raises TokenError."""
    keys = ", ".join(order.sql for order in reading.order)
    where = [reading.condition]
    if after:
        where.append(_behind(reading, decode_token(after)))
    row = row_sql(reading.entity, reading.names, "t0", extra=reading.extra, annotations=reading.annotations)
    plus = "+" if reading.sort_apart else ""
    directions = ", ".join(f"{plus}{order.sql} {'DESC' if order.descending else 'ASC'}" for order in reading.order)
    marks = (reading.parameters.add(limit + 1), reading.parameters.add(offset))
    sql = f"""SELECT {row}, {keys} FROM "{reading.entity.table}" t0 WHERE {" AND ".join(where)}
              ORDER BY {directions} LIMIT {marks[0]} OFFSET {marks[1]}"""  # noqa: S608
    found = store.all(sql, reading.parameters)
    more = len(found) > limit
    return Page([item[0] for item in found[:limit]], encode_token(found[limit - 1][1:]) if more and limit else "")


def count_rows(store: Store, reading: Reading) -> int:
    sql = f'SELECT count(*) FROM "{reading.entity.table}" t0 WHERE {reading.condition}'  # noqa: S608
    return int(store.one(sql, reading.parameters)[0])


def encode_token(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(values)).encode()).decode()


def decode_token(token: str) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise TokenError(token) from error
    if not isinstance(values, list):
        raise TokenError(token)
    return values


def _behind(reading: Reading, values: Sequence[Any]) -> str:
    """Rows that come after these values in the order; null sorts first, as in SQL Server."""
    if len(values) != len(reading.order):
        raise TokenError(str(values))
    choices: list[str] = []
    same: list[str] = []
    for order, value in zip(reading.order, values, strict=True):
        choices.append(" AND ".join([*same, _beyond(reading, order, value)]))
        same.append(f"{order.sql} IS NULL" if value is None else f"{order.sql} = {reading.parameters.add(value)}")
    # A single bound in front of the alternatives lets SQLite use the index of the first column.
    bound = _at_least(reading, reading.order[0], values[0]) if len(values) > 1 else "1"
    return f"{bound} AND (" + " OR ".join(f"({choice})" for choice in choices) + ")"


def _beyond(reading: Reading, order: Ordering, value: Any) -> str:
    if value is None:
        return "0" if order.descending else f"{order.sql} IS NOT NULL"
    mark = reading.parameters.add(value)
    return f"({order.sql} < {mark} OR {order.sql} IS NULL)" if order.descending else f"{order.sql} > {mark}"


def _at_least(reading: Reading, order: Ordering, value: Any) -> str:
    if value is None or order.descending:
        return "1"
    return f"{order.sql} >= {reading.parameters.add(value)}"

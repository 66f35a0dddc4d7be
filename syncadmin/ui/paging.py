"""Pages of long lists: counting stops where a bigger number would tell nobody more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import IntegerField, Q, QuerySet, Subquery

from syncadmin.ui.formatting import count

LIMIT = 10_000


def newest_of(rows: QuerySet[Any], newest: Sequence[str]) -> tuple[QuerySet[Any], bool]:
    """The first ``LIMIT`` of these rows in this descending order, and whether there are more: for what no index can do over all of them.

    One statement finds the last row that still belongs; where there are more, the rows are those down to it.
    """
    names = [name.removeprefix("-") for name in newest]
    edge = list(rows.order_by(*newest).values_list(*names)[LIMIT - 1 : LIMIT + 1])
    return (rows.filter(_down_to(names, edge[0])), True) if len(edge) > 1 else (rows, False)


def _down_to(names: Sequence[str], values: Sequence[Any]) -> Q:
    first, value = names[0], values[0]
    if len(names) == 1:
        return Q(**{f"{first}__gte": value})
    # The plain bound comes first, because it is what an index takes.
    return Q(**{f"{first}__gte": value}) & (Q(**{f"{first}__gt": value}) | _down_to(names[1:], values[1:]))


REMARK = f"Only the newest {count(LIMIT)} were looked through. Narrow the other filters to look further back."


@dataclass(frozen=True)
class Counted:
    """A number of rows, as far as it was counted; ``more`` tells that there are others."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{count(self.number)}{'+' if self.more else ''}"

    def __bool__(self) -> bool:
        return self.number > 0

    @classmethod
    def of(cls, found: int) -> Counted:
        """What was counted with :class:`RowsUpToLimit`."""
        return cls(min(found, LIMIT), found > LIMIT)


class RowsUpToLimit(Subquery):
    """An annotation: the number of these rows, of which at most one beyond ``LIMIT`` is counted; they may refer to the outer row."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk")[: LIMIT + 1])


def count_up_to_limit(rows: QuerySet[Any]) -> Counted:
    """Counts rows up to ``LIMIT``, whatever there is."""
    return Counted.of(rows.order_by()[: LIMIT + 1].count())


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages over the rows of a table, of which the first ``LIMIT`` can be reached; ``more`` tells that there are others behind them."""

    more = False

    @cached_property
    def count(self) -> int:
        """How many rows can be paged through. A query set is counted up to the limit, whatever it holds."""
        data = self.object_list.data  # type: ignore[attr-defined]
        rows: Any = getattr(data, "all_rows", data.data)
        if not isinstance(rows, QuerySet):
            return len(rows)
        found = count_up_to_limit(rows)
        self.more = found.more
        return found.number

    def told(self, one: str, many: str) -> str:
        """``1 job``, ``2,304 jobs`` or ``10,000+ jobs``."""
        return f"{Counted(self.count, self.more)} {one if self.count == 1 else many}"

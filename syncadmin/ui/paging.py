"""Pages of long lists: counting stops where a bigger number would tell nobody more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet

from syncadmin.ui.formatting import count

LIMIT = 10_000


def newest_of(rows: QuerySet[Any], order: Sequence[str], *, base: QuerySet[Any] | None = None) -> QuerySet[Any]:
    """The first ``LIMIT`` of these rows, in this order, as rows of ``base``: for what no index can do over all of them."""
    inner = rows.order_by(*order).values("pk")[:LIMIT]
    return (rows if base is None else base).filter(pk__in=inner)


def has_more(rows: QuerySet[Any]) -> bool:
    """Whether there are more than ``LIMIT`` of these rows."""
    return rows.order_by()[: LIMIT + 1].count() > LIMIT


REMARK = f"Only the newest {count(LIMIT)} were looked through. Narrow the other filters to look further back."


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
        found = rows.order_by()[: LIMIT + 1].count()
        self.more = found > LIMIT
        return min(found, LIMIT)

    def told(self, one: str, many: str) -> str:
        """``1 job``, ``2,304 jobs`` or ``10,000+ jobs``."""
        return f"{count(self.count)}{'+' if self.more else ''} {one if self.count == 1 else many}"

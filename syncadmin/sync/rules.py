"""What a table needs beyond copying fields. The engine calls these for whole pages; this class does nothing, tables override."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence, Set
from datetime import datetime

from syncadmin.sync.criteria import Criterion
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Direction, Record
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference, References


class TableRules:
    """One object per run and direction (engine.md section 19)."""

    def since(self, direction: Direction, start: datetime | None) -> datetime | None:  # noqa: ARG002
        """From which stamp of the source to read, instead of ``start``; None for all rows."""
        return start

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:  # noqa: ARG002
        """The rows that take part; the others are read but counted nowhere (engine.md section 5.7)."""
        return records

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:  # noqa: ARG002
        """The rows with the values that this table computes added, under property names of their own."""
        return records

    def prepare_new(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:  # noqa: ARG002
        """The rows that are about to be created, in the same order, with the values that only a new record gets, such as its number."""
        return records

    def find_uncoupled(self, direction: Direction, records: Sequence[Record]) -> dict[str, str]:  # noqa: ARG002
        """Source key -> destination key of existing rows that an uncoupled source belongs to (engine.md section 6)."""
        return {}

    def look_again(self, direction: Direction, records: Sequence[Record]) -> Container[str]:  # noqa: ARG002
        """Of the unchanged records of a page the keys of those whose counterpart has to be looked at all the same."""
        return ()

    def resolve(self, direction: Direction, wanted: set[Reference], found: References) -> References:  # noqa: ARG002
        """What is to be used for the wanted references of a page; ``found`` is what the couplings say."""
        return found

    def called(self, direction: Direction, missing: Set[Reference]) -> Mapping[Reference, str]:  # noqa: ARG002
        """What people call records that those of a page refer to, and that are not coupled, where their value does not say it already."""
        return {}

    def restored_key(self, key: str) -> str:  # noqa: ARG002
        """The key for a record that is created anew in the place of the deleted one with ``key``; "" for a new key."""
        return ""

    def criteria(self, plan: TablePlan) -> Sequence[Criterion]:  # noqa: ARG002
        """Criteria of match-based coupling that no field mapping can state, such as a group called ``'NAV ' + code``."""
        return ()

    def template_problems(self, direction: Direction, codes: Set[str]) -> Mapping[str, str]:  # noqa: ARG002
        """Of these templates for new records the ones that cannot be used, with the reason."""
        return {}

    def before_write(self, direction: Direction, keys: Sequence[str]) -> None:
        """Called with the source keys of a page's writes before they are announced, for what must exist first; never in a preview."""

    def after_write(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:  # noqa: ARG002
        """Called with the answered writes of a page before they are settled; may turn one into a failure."""
        return touched

    def after_page(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:  # noqa: ARG002
        """Called with all records of a page, unchanged ones included, before they are settled; never in a preview."""
        return touched

    def complete(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:  # noqa: ARG002
        """Called last with all records of a page: writes what the templates of new records still owe them; never in a preview."""
        return touched

    def follow_up(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[tuple[str, Sequence[str]]]:  # noqa: ARG002
        """Records of other mappings, as (mapping name, source keys), that are synchronized right after this job because of these records.

        Called before a page is settled, also with unchanged records, never with failed ones; what it tells was read in :meth:`prepare`.
        """
        return ()

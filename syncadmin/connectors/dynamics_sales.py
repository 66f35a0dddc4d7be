"""Dynamics 365 Sales as mappings see it: its tables of rows, and the option sets of its columns beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from syncadmin.connectors.dataverse import Dataverse, DataverseSettings
from syncadmin.connectors.http import Limits
from syncadmin.connectors.option_sets import OptionSets, is_option_set
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Delete, Insert, KeyPage, Modify, Page, Record, WriteResult
from syncadmin.sync.tables import Table


class DynamicsSales(Dataverse):
    """One environment; implements the Connector port for both kinds of tables."""

    def __init__(self, settings: DataverseSettings, *, limits: Limits | None = None) -> None:
        super().__init__(settings, limits=limits)
        self._option_sets = OptionSets(self._http, self._root, self._api_path, self._answers, self._batch)

    def read_changes(
        self,
        table: Table,
        fields: Iterable[str],
        *,
        condition: str = "",
        since: datetime | None = None,
        link: str = "",
        page_size: int = 1000,
        counted: bool = False,
    ) -> Page:
        if is_option_set(table):
            return self._option_sets.read_changes(table, condition)
        return super().read_changes(table, fields, condition=condition, since=since, link=link, page_size=page_size, counted=counted)

    def read_records(self, table: Table, keys: Sequence[str], fields: Iterable[str], *, condition: str = "") -> dict[str, Record]:
        if is_option_set(table):
            return self._option_sets.read_records(table, keys, condition)
        return super().read_records(table, keys, fields, condition=condition)

    def find_records(self, table: Table, field: str, values: Sequence[str], fields: Iterable[str]) -> list[Record]:
        if is_option_set(table):
            return self._option_sets.find_records(table, field, values)
        return super().find_records(table, field, values, fields)

    def newest_stamps(self, tables: Sequence[Table]) -> list[datetime | SyncError | None]:
        """See the base class. Options have no stamps."""
        stamps = iter(super().newest_stamps([table for table in tables if not is_option_set(table)]))
        return [None if is_option_set(table) else next(stamps) for table in tables]

    def count(self, table: Table, condition: str = "") -> int:
        if is_option_set(table):
            return len(self._option_sets.read_changes(table, condition).records)
        return super().count(table, condition)

    def read_keys(self, table: Table, *, link: str = "") -> KeyPage:
        return self._option_sets.read_keys(table) if is_option_set(table) else super().read_keys(table, link=link)

    def insert(self, table: Table, rows: Sequence[Insert]) -> list[WriteResult]:
        return self._option_sets.insert(table, rows) if is_option_set(table) else super().insert(table, rows)

    def modify(self, table: Table, rows: Sequence[Modify]) -> list[WriteResult]:
        return self._option_sets.modify(table, rows) if is_option_set(table) else super().modify(table, rows)

    def delete(self, table: Table, rows: Sequence[Delete]) -> list[WriteResult]:
        return self._option_sets.delete(table, rows) if is_option_set(table) else super().delete(table, rows)

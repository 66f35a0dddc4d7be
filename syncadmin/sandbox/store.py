"""The rows of both systems in SQLite: real tables with real columns, one connection behind a lock, one transaction per operation."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .schema import BUSINESS_CENTRAL, SALES, Entity, entities
from .tables import create_tables
from .text import fold, like

Row = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A saved row: ``kind`` is created, updated or deleted. Sent to listeners after the commit."""

    system: str
    entity: str
    key: str
    kind: str
    company: str
    user_id: str
    values: Mapping[str, Any]


class Store:
    """Both systems' rows. ``path`` None keeps them in memory; a file that has rows already keeps them."""

    def __init__(self, path: str | None, clock: Clock) -> None:
        self.clock = clock
        self.listeners: list[Callable[[list[Change]], None]] = []
        self._lock = threading.RLock()
        self._depth = 0
        self._changes: list[Change] = []
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=2000)
        self._db.create_function("fold", 1, fold, deterministic=True)
        self._db.create_function("dv_like", 2, like, deterministic=True)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            create_tables(self._db)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise ValueError(f"'{path}' is no store of this sandbox ({error}); name another file or remove it") from error
        self._version = self._newest_version()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; may be nested, the inner one is then a savepoint. Listeners hear of the changes after the outermost commit."""
        with self._lock:
            self._begin()
            known = len(self._changes)
            try:
                yield
            except BaseException:
                del self._changes[known:]
                self._end(undo=True)
                raise
            self._end(undo=False)
            changes = self._taken() if not self._depth else []
        for listener in self.listeners if changes else ():
            listener(changes)

    def all(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """The first row, or None."""
        with self._lock:
            return self._db.execute(sql, parameters).fetchone()

    def run(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """Executes a change; gives the number of rows it touched."""
        with self._lock:
            return self._db.execute(sql, parameters).rowcount

    def get(self, entity: Entity, key: str) -> Row | None:
        """The row with this primary key, hidden columns included."""
        return self.first(entity, {entity.key: key})

    def first(self, entity: Entity, wanted: Mapping[str, Any]) -> Row | None:
        """The first row whose columns have these values; texts of Dataverse are compared folded."""
        found = self.find(entity, wanted, limit=1)
        return found[0] if found else None

    def find(self, entity: Entity, wanted: Mapping[str, Any], *, limit: int = -1) -> list[Row]:
        where = " AND ".join(f"{_comparable(entity, name)} = ?" for name in wanted) or "1"
        with self._lock:
            cursor = self._db.execute(f'SELECT * FROM "{entity.table}" WHERE {where} LIMIT ?', (*wanted.values(), limit))  # noqa: S608
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def insert(self, entity: Entity, row: Mapping[str, Any], *, user_id: str = "") -> None:
        """Adds a row that has all its values; version, stamps that are missing and the etag are the caller's business (``stamped``)."""
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self.run(f'INSERT INTO "{entity.table}" ({columns}) VALUES ({marks})', tuple(row.values()))  # noqa: S608
        self._note(Change(entity.system, entity.name, row[entity.key], "created", str(row.get("_company", "")), user_id, row))

    def update(self, entity: Entity, key: str, values: Mapping[str, Any], *, company: str = "", user_id: str = "") -> None:
        assigned = ", ".join(f'"{name}" = ?' for name in values)
        self.run(f'UPDATE "{entity.table}" SET {assigned} WHERE "{entity.key}" = ?', (*values.values(), key))  # noqa: S608
        self._note(Change(entity.system, entity.name, key, "updated", company, user_id, values))

    def delete(self, entity: Entity, key: str, *, company: str = "", user_id: str = "") -> None:
        """Removes the row and leaves a tombstone for change tracking."""
        self.run(f'DELETE FROM "{entity.table}" WHERE "{entity.key}" = ?', (key,))  # noqa: S608
        self.run("INSERT INTO sandbox_deleted VALUES (?, ?, ?)", (entity.table, key, self.next_version()))
        self._note(Change(entity.system, entity.name, key, "deleted", company, user_id, {}))

    def next_version(self) -> int:
        """Rises with each call, never falls back, not even when a transaction is undone."""
        with self._lock:
            self._version += 1
            return self._version

    @property
    def version(self) -> int:
        return self._version

    def clear(self) -> None:
        """Empties every table; versions go on rising."""
        with self.transaction():
            tables = self.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            for (table,) in tables:
                self.run(f'DELETE FROM "{table}"')  # noqa: S608
            self._changes.clear()

    def setting(self, name: str) -> str | None:
        found = self.one("SELECT value FROM sandbox_setting WHERE name = ?", (name,))
        return found[0] if found else None

    def keep_setting(self, name: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO sandbox_setting VALUES (?, ?)", (name, value))

    def _begin(self) -> None:
        self._db.execute(f"SAVEPOINT level{self._depth}" if self._depth else "BEGIN IMMEDIATE")
        self._depth += 1

    def _end(self, *, undo: bool) -> None:
        self._depth -= 1
        if not self._depth:
            self._db.execute("ROLLBACK" if undo else "COMMIT")
            return
        if undo:
            self._db.execute(f"ROLLBACK TO level{self._depth}")
        self._db.execute(f"RELEASE level{self._depth}")

    def _taken(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes

    def _note(self, change: Change) -> None:
        if self.listeners:
            self._changes.append(change)

    def _newest_version(self) -> int:
        versions = [self.one("SELECT max(version) FROM sandbox_deleted")[0]]
        for system, column in ((BUSINESS_CENTRAL, "_version"), (SALES, "versionnumber")):
            for entity in entities(system).values():
                versions.append(self.one(f'SELECT max("{column}") FROM "{entity.table}"')[0])  # noqa: S608
        return max((version for version in versions if version), default=1_000_000)


def etag_of(version: int) -> str:
    """A Business Central etag: W/"base64" of ``'44;<44 characters>1;00;'``, another one for each version (web-apis.md, section 5)."""
    digest = base64.b64encode(hashlib.sha256(str(version).encode()).digest()).decode()
    return f'W/"{base64.b64encode(f"{len(digest)};{digest}1;00;".encode()).decode()}"'


def new_id() -> str:
    return str(uuid.uuid4())


def _comparable(entity: Entity, name: str) -> str:
    known = entity.properties.get(name)
    folded = entity.system == SALES and known is not None and known.type == "Edm.String"
    return f'fold("{name}")' if folded else f'"{name}"'

"""What a command leaves in the database, kept so that later tests get it without running the command again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

APPS = ("mappings", "joblog")
Rows = dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]  # table -> (columns, rows)

_kept: dict[str, Rows] = {}


def once(name: str, make: Callable[[], Any]) -> None:
    """Runs ``make`` the first time; later times its rows are put back as they were, keys and times of day included.

    ``make`` may only add rows. A test that is about the command itself runs the command.
    """
    if name in _kept:
        _put_back(_kept[name])
        return
    before = _all_rows()
    make()
    _kept[name] = {table: (columns, _added(table, rows, before)) for table, (columns, rows) in _all_rows().items()}


def _all_rows() -> Rows:
    found: Rows = {}
    with connection.cursor() as cursor:
        for model in _models():
            table = model._meta.db_table
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = tuple(column[0] for column in cursor.description), cursor.fetchall()
    return found


def _added(table: str, rows: list[tuple[Any, ...]], before: Rows) -> list[tuple[Any, ...]]:
    known = {repr(row) for row in before[table][1]}
    assert known <= {repr(row) for row in rows}, f"rows of {table} were changed, which cannot be kept"
    return [row for row in rows if repr(row) not in known]


def _put_back(kept: Rows) -> None:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table, (columns, rows) in kept.items():
            if rows:
                places = ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))}) VALUES ({places})", rows)
        for statement in connection.ops.sequence_reset_sql(no_style(), _models()):
            cursor.execute(statement)


def _models() -> list[Any]:
    return [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True) if not model._meta.proxy]

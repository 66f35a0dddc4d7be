"""A database of its own for measuring on PostgreSQL, and how long pages take on the server with what is in it."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg
from rich.table import Table

SERVER = os.environ.get("SYNCADMIN_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/test")
TRIES = 4
SLOW = 300  # milliseconds
_SYSTEMS = (("CRONUS", "business_central", "CRONUS"), ("contoso.crm", "sales", ""))
_MAPPINGS = ("CUSTOMER", "CONTACT", "ITEM-PRODUCT", "CURRENCY", "SALESPEOPLE", "VENDOR")


def server_answers() -> bool:
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def own_database() -> Iterator[None]:
    """Made on the server of SYNCADMIN_TEST_POSTGRESQL with the product's tables and a few mappings, and dropped at the end."""
    name = f"syncadmin_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        _open(SERVER.rsplit("/", 1)[0] + f"/{name}")
        yield
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _open(url: str) -> None:
    os.environ.update(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="syncadmin.settings", SYNCADMIN_LOG_LEVEL="WARNING")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _make_mappings()


def _make_mappings() -> None:
    from mappings.models import IntegrationTableMapping, System

    ends = [System.objects.create(name=name, kind=kind, address="http://127.0.0.1:9", company=company) for name, kind, company in _SYSTEMS]
    for name in _MAPPINGS:
        plain = {"table": name.lower(), "integration_table": name.lower(), "business_central": ends[0], "sales": ends[1]}
        IntegrationTableMapping.objects.create(name=name, **plain)


def fill(models: Sequence[object], sql: str, **sizes: int) -> float:
    """Rows are written without the indexes of these models, which are made afterwards, as a restore would; the seconds it took.

    ``sizes`` are what the statements read as settings ``bench.NAME``.
    """
    from django.db import connection

    started = time.perf_counter()
    indexes = [(model, index) for model in models for index in model._meta.indexes]  # type: ignore[attr-defined]
    with connection.schema_editor() as editor:
        for model, index in indexes:
            editor.remove_index(model, index)
    with connection.cursor() as cursor:
        for name, number in sizes.items():
            cursor.execute("SELECT set_config(%s, %s, false)", [f"bench.{name}", str(number)])
        cursor.execute(sql)
    with connection.schema_editor() as editor:
        for model, index in indexes:
            editor.add_index(model, index)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return time.perf_counter() - started


def measured(title: str, pages: Sequence[tuple[str, str]], places: Mapping[str, object]) -> Table:
    """Each page (what it is, its address with ``places`` to fill in) as an administrator opens it."""
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(_person())
    client.get("/causes/")  # templates are compiled once
    table = Table("page", "first, ms", "best, ms", "statements", "slowest statement, ms", title=title)
    for label, address in pages:
        first, best, statements, slowest = _measure(client, address.format(**places))
        style = "bold red" if first > SLOW else ""
        table.add_row(label, f"{first:.0f}", f"{best:.0f}", str(statements), f"{slowest:.0f}", style=style)
    return table


def _person() -> object:
    from django.contrib.auth.models import Group, User

    person, _ = User.objects.get_or_create(username="anna")
    person.groups.add(Group.objects.get(name="Administrator"))
    return person


def _measure(client: object, address: str) -> tuple[float, float, int, float]:
    """Milliseconds of the first answer and of the best of some; statements, and the slowest of them in the best answer."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times, slowest, statements = [], 0.0, 0
    for _ in range(TRIES):
        with CaptureQueriesContext(connection) as queries:
            started = time.perf_counter()
            answer = client.get(address)  # type: ignore[attr-defined]
            elapsed = (time.perf_counter() - started) * 1000
        assert answer.status_code == 200, (address, answer.status_code)
        if not times or elapsed < min(times):
            statements = len(queries)
            slowest = max(float(query["time"]) for query in queries.captured_queries) * 1000
        times.append(elapsed)
    return times[0], min(times), statements, slowest

"""Empty databases with all tables: migrating takes seconds, so whoever comes first does it for all, and the others get a copy."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from contextlib import closing
from pathlib import Path

import psycopg

from tests.attendant import ROOT

_PREFIX = "syncadmin_migrated_"
_ONE_AT_A_TIME = "SELECT pg_advisory_lock(20121)"


def copy_to_file(own: Path) -> None:
    """A migrated SQLite file."""
    kept = Path(tempfile.gettempdir()) / f"syncadmin-{_migrations()}.sqlite3"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _make_file(kept)
    for rest in (own, Path(f"{own}-wal"), Path(f"{own}-shm")):
        rest.unlink(missing_ok=True)
    shutil.copyfile(kept, own)


def _make_file(kept: Path) -> None:
    half = kept.with_suffix(f".{uuid.uuid4().hex}")
    with tempfile.TemporaryDirectory() as folder:
        _migrate(DATABASE_URL="", SYNCADMIN_DATA_DIR=folder)
        with closing(sqlite3.connect(Path(folder) / "syncadmin.sqlite3")) as source, closing(sqlite3.connect(half)) as target:
            source.backup(target)
    half.replace(kept)


def copy_to_database(server: str, name: str) -> str:
    """The address of a new, migrated database on the server on which ``server`` is another one."""
    kept = template_on(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{kept}"')
    return _address(server, name)


def template_on(server: str) -> str:
    """The name of a migrated database on that server, which new ones may be copied from."""
    kept = f"{_PREFIX}{_migrations()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(_ONE_AT_A_TIME)
        known = {row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (_PREFIX,))}
        if kept not in known:
            _make_template(connection, server, kept, stale=known)
    return kept


def _make_template(connection: psycopg.Connection, server: str, kept: str, *, stale: set[str]) -> None:
    for old in stale:
        connection.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
    half = f"{_PREFIX}{uuid.uuid4().hex}"
    connection.execute(f'CREATE DATABASE "{half}"')
    _migrate(DATABASE_URL=_address(server, half))
    connection.execute(f'ALTER DATABASE "{half}" RENAME TO "{kept}"')


def _address(server: str, name: str) -> str:
    return server.rsplit("/", 1)[0] + f"/{name}"


def _migrate(**environment: str) -> None:
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=os.environ | environment, check=True)


def _migrations() -> str:
    """Another text whenever a migration or a package is another one."""
    files = sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("syncadmin/*/migrations/*.py"), ROOT / "requirements.txt"])
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]

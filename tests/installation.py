"""An installation of its own: database, data folder and real processes, driven by commands only."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent


_PREPARE = "from syncadmin.management import demo_company as demo; demo.prepare({sandbox!r}); print(demo.USER, demo.PASSWORD)"
_UNTIL_ALL_HAS_RUN = """
import time
from django.utils import timezone
from joblog.models import *
end = time.monotonic() + 60
while JobQueueEntry.objects.filter(status__in=["Ready", "In Process", "Waiting"], earliest_start__lte=timezone.now()).exists():
    assert time.monotonic() < end, "the first scheduled runs do not end"
    time.sleep(0.2)
"""


class Installation:
    """Set up against a sandbox (blank: not set up); on PostgreSQL where the suite runs on it, with a database dropped at the end."""

    def __init__(self, folder: Path, sandbox: str, **environment: str) -> None:
        self._postgresql = os.environ.get("DATABASE_URL", "") if "postgres" in os.environ.get("DATABASE_URL", "") else ""
        self._database = f"syncadmin_{uuid.uuid4().hex[:12]}"
        # Nobody is woken by changes, unless a test is about that: what people do in a test must not run before the test says so.
        own = {"SYNCADMIN_DATA_DIR": str(folder), "DATABASE_URL": self._make_database(), "SYNCADMIN_WAKE_SECONDS": "3600"}
        self.environment = os.environ | own | environment
        self._running: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "processes.log").open("ab")
        if self._postgresql:
            self.manage("migrate")
        else:
            self._copy_migrated(folder)
        if sandbox:
            self.manage("setup", "default", "--sandbox", sandbox)

    def manage(self, *arguments: str, code: int = 0) -> str:
        """The output of a command, which must end with this code."""
        done = self._run(*arguments)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """The JSON that a command prints."""
        return json.loads(self.manage(*arguments, "--json", code=code))

    def ask_any(self, *arguments: str, codes: tuple[int, ...]) -> Any:
        """The same, where the command may end with any of these codes."""
        done = self._run(*arguments, "--json")
        assert done.returncode in codes, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def python(self, lines: str) -> str:
        """Runs lines inside the product, for what only pages offer."""
        return self.manage("shell", "--no-imports", "-c", lines)

    def prepare_demo(self, sandbox: str) -> tuple[str, str]:
        """Makes it the demo company; the name and the password of its administrator."""
        user, password = self.python(_PREPARE.format(sandbox=sandbox)).split()[-2:]
        return user, password

    def wait_for_schedule(self) -> None:
        """Until everything that is scheduled has run once and rests for the next half hour."""
        self.python(_UNTIL_ALL_HAS_RUN)

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self._start("manage.py", "qcluster")

    def start_web(self, place: str = "") -> str:
        """The address of a web server that answers; at ``place`` (host and port), or somewhere."""
        place = place or free_place()
        self._start("-m", "gunicorn", "syncadmin.wsgi", "--bind", place, "--threads", "8")
        wait_until(lambda: _answers(place), what="the first answer of the web server")
        return f"http://{place}"

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL to the process and all its children: no time for a last word."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for process in self._running:
            with suppress(ProcessLookupError):  # children may have outlived a process that was killed alone
                self.kill(process)
        self._log.close()
        if self._postgresql:
            with psycopg.connect(self._postgresql, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{self._database}" WITH (FORCE)')

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        started = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._running.append(started)
        return started

    def _copy_migrated(self, folder: Path) -> None:
        """An empty database with all tables; migrating takes seconds, so whoever comes first does it for all."""
        kept = Path(tempfile.gettempdir()) / f"syncadmin-{_migrations()}.sqlite3"
        own = folder / "syncadmin.sqlite3"
        if kept.exists():
            shutil.copyfile(kept, own)
            return
        self.manage("migrate")
        half = kept.with_suffix(f".{uuid.uuid4().hex}")
        with closing(sqlite3.connect(own)) as source, closing(sqlite3.connect(half)) as target:
            source.backup(target)
        half.replace(kept)

    def _make_database(self) -> str:
        if not self._postgresql:
            return ""
        with psycopg.connect(self._postgresql, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{self._database}"')
        return self._postgresql.rsplit("/", 1)[0] + f"/{self._database}"


def _migrations() -> str:
    """Another text whenever a migration or a package is another one."""
    files = sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("syncadmin/*/migrations/*.py"), ROOT / "requirements.txt"])
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def free_place() -> str:
    """Host and port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _answers(place: str) -> bool:
    host, port = place.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def wait_until(true: Callable[[], Any], *, seconds: float = 60, what: str = "it") -> Any:
    """The first true answer; fails after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := true():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} seconds")

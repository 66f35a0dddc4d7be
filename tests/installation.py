"""An installation of its own: database, data folder and real processes, driven by commands only."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.attendant import ROOT, Attendant
from tests.migrated import copy_to_database, copy_to_file

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
        own = {"SYNCADMIN_DATA_DIR": str(folder), "DATABASE_URL": self._make_database(folder), "SYNCADMIN_WAKE_SECONDS": "3600"}
        self.environment = os.environ | own | environment
        self._running: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "processes.log").open("ab")
        self._attendant = Attendant(self.environment, self._log)
        if sandbox:
            _output(self._attendant.carry_out("setup", "default", "--sandbox", sandbox), 0)

    def manage(self, *arguments: str, code: int = 0) -> str:
        """The output of a command, which must end with this code; a process of its own."""
        return _output(self._run(*arguments), code)

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """The JSON that a command prints; the process stays for more questions, so that asking often is cheap."""
        return json.loads(_output(self._attendant.carry_out(*arguments, "--json"), code))

    def ask_any(self, *arguments: str, codes: tuple[int, ...]) -> Any:
        """The JSON that a command prints, which may end with any of these codes; the process stays."""
        return json.loads(_output(self._attendant.carry_out(*arguments, "--json"), *codes))

    def python(self, lines: str) -> str:
        """Runs lines inside the product, for what only pages offer."""
        return _output(self._attendant.carry_out("shell", "--no-imports", "-c", lines), 0)

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
        self._attendant.close()
        for process in self._running:
            with suppress(ProcessLookupError):  # children may have outlived a process that was killed alone
                self.kill(process)
        self._log.close()
        if self._postgresql:
            with psycopg.connect(self._postgresql, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{self._database}" WITH (FORCE)')

    def _make_database(self, folder: Path) -> str:
        """The address of an empty database with all tables; blank for the file in the data folder."""
        if self._postgresql:
            return copy_to_database(self._postgresql, self._database)
        copy_to_file(folder / "syncadmin.sqlite3")
        return ""

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        started = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._running.append(started)
        return started


def _output(done: subprocess.CompletedProcess[str], *codes: int) -> str:
    assert done.returncode in codes, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


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

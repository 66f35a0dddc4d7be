"""manage.py demo: the whole product against a sandbox, on this computer (commands.md section 1)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from syncadmin.management.commands.setup import sandbox_systems
from syncadmin.management.demo_company import PASSWORD, USER, is_prepared, make_person, prepare
from syncadmin.sandbox.ids import COMPANY_NAME

_MANAGE = str(settings.BASE_DIR / "manage.py")
_PATIENCE = 30  # seconds until a server that was started has to answer


class Command(BaseCommand):
    help = "Starts a sandbox of both systems with a demo company, two workers and the web server. Ctrl-C stops all of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--sandbox-port", type=int, default=int(os.environ.get("SANDBOX_PORT", "8900")))

    def handle(self, *args: Any, **options: Any) -> None:
        port, sandbox_port = options["port"], options["sandbox_port"]
        for one in (port, sandbox_port):
            _refuse_taken(one)
        call_command("migrate", verbosity=0)
        # The sandbox can reach us, so changes arrive by themselves; a demo is not made to wait for half a minute.
        os.environ.setdefault("SYNCADMIN_PUBLIC_URL", f"http://127.0.0.1:{port}")
        os.environ.setdefault("SYNCADMIN_WAKE_SECONDS", "5")
        processes = Processes()
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            store = str(settings.DATA_DIR / "sandbox.sqlite3")
            processes.start("sandbox", "--port", str(sandbox_port), "--data", "demo", "--store", store)
            _wait_for(sandbox_port, processes)
            self._prepare(f"http://127.0.0.1:{sandbox_port}")
            processes.start("qcluster", SYNCADMIN_WORKERS="2")
            processes.serve(port)
            _wait_for(port, processes)
            self._tell(port)
            processes.watch()
        except KeyboardInterrupt:
            self.stdout.write("\nStopping.")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave processes behind
            processes.stop()

    def _prepare(self, sandbox: str) -> None:
        make_person()
        sandbox_systems(sandbox, COMPANY_NAME)
        if not is_prepared():
            self.stdout.write("Setting up the demo company ...")
            prepare(sandbox)

    def _tell(self, port: int) -> None:
        self.stdout.write(
            f"\n  Sync Admin is running at  http://127.0.0.1:{port}/mappings/\n"
            f"  Sign in as                {USER}\n"
            f"  with password             {PASSWORD}\n\n"
            "  Ctrl-C stops it; the next start keeps the data.\n"
        )
        self.stdout.flush()


class Processes:
    """The processes of the demo, started and stopped together."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, **environment: str) -> None:
        self._open([sys.executable, _MANAGE, *command], environment)

    def serve(self, port: int) -> None:
        gunicorn = [
            sys.executable,
            "-m",
            "gunicorn",
            "syncadmin.wsgi",
            "--bind",
            f"127.0.0.1:{port}",
            "--threads",
            "8",
            "--log-level",
            "warning",
        ]
        self._open(gunicorn, {})

    def _open(self, command: list[str], environment: dict[str, str]) -> None:
        log = (Path(settings.DATA_DIR) / "demo.log").open("ab")
        child = subprocess.Popen(  # noqa: S603
            command, cwd=settings.BASE_DIR, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        self._running.append(child)

    def dead(self) -> bool:
        return any(child.poll() is not None for child in self._running)

    def watch(self) -> None:
        """Returns never while all of them live."""
        while not self.dead():
            time.sleep(0.5)
        raise CommandError(f"A part of the demo has stopped. See {settings.DATA_DIR / 'demo.log'}.")

    def stop(self) -> None:
        """The last one first, so that workers end their page while the systems still answer. What is left then goes with its session."""
        for child in reversed(self._running):
            if child.poll() is None:
                child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=10)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(f"Port {port} is taken. Choose others: make demo PORT=8001 SANDBOX_PORT=8901") from error


def _wait_for(port: int, processes: Processes) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and not processes.dead():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise CommandError(f"Nothing answers at port {port}. See {settings.DATA_DIR / 'demo.log'}.")

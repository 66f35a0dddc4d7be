"""``manage.py sandbox``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from syncadmin.sandbox.server import Sandbox


@pytest.mark.processes
def test_it_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "manage.py",
        "sandbox",
        "--port",
        "0",
        "--data",
        "empty",
        "--store",
        str(tmp_path / "s.sqlite"),
        "--no-custom-pages",
    ]
    environment = {**os.environ, "SYNCADMIN_DEBUG": "1"}
    with interruptible(), subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        line = process.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http"))
        assert requests.get(f"{url}/_sandbox/stats", timeout=10).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@contextmanager
def interruptible() -> Iterator[None]:
    """What is started meanwhile can be interrupted, which a suite in the background of a shell would else forbid to all its processes."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_taken_port_is_told_in_words() -> None:
    with Sandbox(port=0, data="empty") as running, pytest.raises(CommandError, match="--port"):
        call_command("sandbox", port=int(running.url.rpartition(":")[2]), data="empty")


def test_a_certificate_must_be_one(tmp_path: Path) -> None:
    path = tmp_path / "nonsense.pem"
    path.write_text("nonsense")
    with pytest.raises(CommandError, match="sandbox cannot start"):
        call_command("sandbox", port=0, data="empty", certificate=str(path))

"""A bad value stops the start and names its variable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installation import ROOT

pytestmark = pytest.mark.processes


def start(tmp_path: Path, line: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Starts the product as far as its settings, and runs a line there."""
    code = f"from django.conf import settings; settings.DEBUG; {line}"
    own = {"DJANGO_SETTINGS_MODULE": "syncadmin.settings", "SYNCADMIN_DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | own | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.rule("21.6.offset")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SYNCADMIN_WAKE_SECONDS", "4"),
        ("SYNCADMIN_POLL_SALES_SECONDS", "0"),
        ("SYNCADMIN_PUBLIC_URL", "sync.example.com"),
        ("SYNCADMIN_PUBLIC_URL", "https://sync.example.com/?a=1"),
        ("SYNCADMIN_EMAIL_SECURITY", "maybe"),
        ("SYNCADMIN_LOG_FORMAT", "xml"),
    ],
)
def test_a_bad_value_stops_the_start_and_names_itself(tmp_path: Path, name: str, value: str) -> None:
    done = start(tmp_path, **{name: value})
    assert done.returncode == 1 and name in done.stderr


def test_the_host_of_the_public_address_is_allowed(tmp_path: Path) -> None:
    line = "print(settings.PUBLIC_URL, 'sync.example.com' in settings.ALLOWED_HOSTS, settings.EMAIL_USE_TLS, settings.LOG_LEVEL)"
    done = start(tmp_path, line, SYNCADMIN_PUBLIC_URL="https://sync.example.com/")
    assert done.stdout.split() == ["https://sync.example.com", "True", "True", "INFO"]


def test_passwords_are_kept_so_that_guessing_them_takes_long(tmp_path: Path) -> None:
    done = start(tmp_path, "from django.contrib.auth.hashers import make_password; print(make_password('secret'))")
    kind, rounds, *_ = done.stdout.split("$")
    assert kind == "pbkdf2_sha256" and int(rounds) >= 1_000_000

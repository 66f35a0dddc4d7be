"""Runs the whole suite: on SQLite with the browser tests, then once more on PostgreSQL where a server is found.

SYNCADMIN_TEST_REQUIRE names what must be there (browser, postgresql); a missing one is then a failure instead of a remark.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
POSTGRESQL = os.environ.get("SYNCADMIN_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/test")
# What no database can change: looks, weights, who may do what, what travels over the wire, and what needs no database at all. Of the
# journeys those stay in which workers and pages meet in the database; the pages of the others have tests of their own there.
SAME_ON_ALL = (
    "tests/connectors",
    "tests/sandbox",
    "tests/sync",
    "tests/ui/test_browser.py",
    "tests/ui/test_keys.py",
    *(
        f"tests/journeys/test_{name}.py"
        for name in (
            "accessibility",
            "couplings",
            "errors",
            "every_page",
            "guide",
            "mapping",
            "notices",
            "records",
            "rules",
            "screenshots",
            "sign_in",
            "tell_me",
            "weight",
            "why",
        )
    ),
    "tests/test_permissions.py",
    "tests/test_settings.py",
)
# One more than there are processors: tests of real processes wait more than they work.
WORKERS = os.environ.get("SYNCADMIN_TEST_WORKERS", str((os.cpu_count() or 1) + 1))


def main(arguments: list[str]) -> int:
    """The exit code of the suite; arguments go to pytest."""
    required = [name for name in os.environ.get("SYNCADMIN_TEST_REQUIRE", "").split(",") if name]
    missing = [name for name, found in (("browser", _chromium()), ("postgresql", _postgresql())) if not found]
    for name in missing:
        sys.stdout.write(f"No {name} was found: its tests do not run.\n")
    if set(required) & set(missing):
        return 1
    codes = [_suite("SQLite", {"DATABASE_URL": ""}, arguments)]
    if "postgresql" not in missing:
        codes.append(_suite("PostgreSQL", {"DATABASE_URL": POSTGRESQL}, [*arguments, *(f"--ignore={path}" for path in SAME_ON_ALL)]))
    return max(codes)


def _suite(name: str, environment: dict[str, str], arguments: list[str]) -> int:
    sys.stdout.write(f"== The suite on {name} ==\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "-n", WORKERS, *arguments]
    # Each process compiles all tests and the whole product anew where it may not keep what it compiled.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=ROOT, env=kept | environment, check=False).returncode


def _chromium() -> bool:
    return shutil.which(os.environ.get("CHROMIUM", "chromium")) is not None


def _postgresql() -> bool:
    try:
        psycopg.connect(POSTGRESQL, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

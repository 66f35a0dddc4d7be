"""How long every page takes on the server with the demo company's data, and what it weighs: ``python -m tests.bench.pages``.

Each page is asked for once to warm up and five times to measure; the median counts. Pages that ask the two systems show that with it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import requests
from rich.console import Console
from rich.table import Table

from syncadmin.sandbox.server import Sandbox
from tests.installation import Installation
from tests.journeys.test_accessibility import SIGN_IN
from tests.journeys.test_every_page import PAGES

TIMES = 5


def main() -> None:
    table = Table("page", "ms (median)", "ms (worst)", "kB", title="Pages of the demo company, one after the other")
    with Sandbox(port=0, data="demo", custom_pages=True) as sandbox, tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder), sandbox.url, SYNCADMIN_WORKERS="2")
        try:
            user, password = installation.prepare_demo(sandbox.url)
            installation.start_worker()
            installation.wait_for_schedule()
            address = installation.start_web()
            session = _signed_in(address, user, password)
            for page in (*PAGES, SIGN_IN):
                _measure(table, session, address + page, page)
        finally:
            installation.close()
    Console().print(table)


def _signed_in(address: str, user: str, password: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{address}/sign-in/", timeout=10)
    token = session.cookies["csrftoken"]
    data = {"username": user, "password": password, "csrfmiddlewaretoken": token}
    session.post(f"{address}/sign-in/", data=data, headers={"Referer": address}, timeout=10).raise_for_status()
    return session


def _measure(table: Table, session: requests.Session, url: str, page: str) -> None:
    answer = session.get(url, timeout=30)
    answer.raise_for_status()
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        session.get(url, timeout=30)
        seconds.append(time.perf_counter() - started)
    table.add_row(page, f"{statistics.median(seconds) * 1000:.0f}", f"{max(seconds) * 1000:.0f}", f"{len(answer.content) / 1000:.0f}")


if __name__ == "__main__":
    main()

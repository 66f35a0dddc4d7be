"""Which tests stay together when several processes share the suite."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# By the beginning of their addresses, the first that fits: they share an installation, a sandbox and a browser, or leave something for
# each other. Journeys with an installation of their own go by themselves.
TOGETHER = ("tests/journeys/test_queue.py", "tests/journeys/test_first_day.py", "tests/journeys/", "tests/joblog/test_demo_company_full.py")


class Together(LoadScopeScheduling):
    """Hands out test by test, and those of TOGETHER to one process, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return next((start for start in TOGETHER if nodeid.startswith(start)), nodeid)

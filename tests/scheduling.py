"""Which tests stay together when several processes share the suite."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# By the beginning of their addresses: they share an installation, a sandbox and a browser, or leave something for each other.
TOGETHER = ("tests/journeys/", "tests/joblog/test_demo_company_full.py")


class Together(LoadScopeScheduling):
    """Hands out test by test, and those of TOGETHER to one process, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return next((start for start in TOGETHER if nodeid.startswith(start)), nodeid)

"""How long a job spends on what: reading its source, comparing, writing, saving the results."""

from __future__ import annotations

import time
from collections.abc import Mapping

from syncadmin.ui.formatting import duration

READ, COMPARE, WRITE, SAVE = "read", "compare", "write", "save"


class Stopwatch:
    """Runs from the beginning, in the phase ``read``. ``total`` has the seconds of each phase, those of earlier slices included, ``page``
    those since :meth:`next_page`."""

    def __init__(self, earlier: Mapping[str, float]) -> None:
        self.total = dict(earlier)
        self.page: dict[str, float] = {}
        self._phase, self._since = READ, time.monotonic()

    def turn(self, phase: str) -> None:
        """The phase until now ends, another one begins."""
        now = time.monotonic()
        for seconds in (self.total, self.page):
            seconds[self._phase] = seconds.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase, now

    def so_far(self) -> dict[str, float]:
        """The seconds in all, as they are kept."""
        return {phase: round(seconds, 3) for phase, seconds in self.total.items()}

    def next_page(self) -> dict[str, float]:
        """The seconds of the page that ends here."""
        ended, self.page = self.page, {}
        return ended


def in_words(seconds: float) -> str:
    """``12 ms``, and from a tenth of a second on as every duration."""
    return duration(seconds) if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"

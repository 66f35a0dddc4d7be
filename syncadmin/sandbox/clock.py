"""The clocks of the two systems. Each can be moved, so that a client is tested against a server whose time differs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from .schema import BUSINESS_CENTRAL, SALES


class Clock:
    """Time as each system sees it: the real time moved by ``offset_seconds[system]``."""

    def __init__(self) -> None:
        self.offset_seconds: dict[str, float] = {BUSINESS_CENTRAL: 0.0, SALES: 0.0}

    def now(self, system: str) -> datetime:
        """The moment in UTC."""
        return datetime.fromtimestamp(time.time() + self.offset_seconds.get(system, 0.0), UTC)

    def stamp(self, system: str, *, ago_seconds: float = 0.0) -> str:
        """What a row saved now gets: milliseconds in Business Central, whole seconds in Dataverse."""
        return moment_text(self.now(system) - timedelta(seconds=ago_seconds), system)

    def today(self, system: str) -> str:
        return self.now(system).date().isoformat()

    def http_date(self, system: str) -> str:
        """The value of the ``Date`` header."""
        return format_datetime(self.now(system), usegmt=True)


def moment_text(moment: datetime, system: str) -> str:
    """A moment as that system writes it; both forms sort as text."""
    if moment.year == 1:
        return "0001-01-01T00:00:00Z"
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond // 1000:03d}Z" if system == BUSINESS_CENTRAL else f"{text}Z"


def parse_moment(text: str) -> datetime:
    """A moment from OData text with zone; raises ValueError where it is none."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    if moment.tzinfo is None or "T" not in text:
        raise ValueError(f"{text} has no time zone")
    return moment if moment.year == 1 else moment.astimezone(UTC)

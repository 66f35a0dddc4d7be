"""Where the next run starts reading, and when that may move (architecture.md section 3, engine.md A17)."""

from __future__ import annotations

from datetime import datetime, timedelta

from syncadmin.sync.records import Side

# A17: a long transaction in Business Central publishes rows with stamps from before its commit; Sales stamps have whole seconds.
OVERLAP = {Side.BUSINESS_CENTRAL: timedelta(minutes=5), Side.SALES: timedelta(seconds=1)}


def window_start(side: Side, watermark: datetime | None, read_at: datetime | None) -> datetime | None:
    """The stamp from which to read (inclusive), None for everything.

    ``watermark`` is the newest stamp read so far, ``read_at`` the side's clock when that read began: everything up to then was seen, so the
    overlap goes back from the later of the two. A watermark moved back by a person or a rule comes without ``read_at``.
    """
    if watermark is None:
        return None
    return max(watermark, read_at or watermark) - OVERLAP[side]


def moved(watermark: datetime | None, newest: datetime | None, cap: datetime | None) -> datetime | None:
    """The watermark after a completed read: the newest stamp read, never past the source's clock at its beginning.

    It goes back only where that clock itself was set back: a mark in its future would hide what is changed until then.
    """
    known = [stamp for stamp in (watermark, newest) if stamp is not None]
    if not known:
        return None
    return min(max(known), cap) if cap else max(known)


def clock_set_back(read_at: datetime | None, server_time: datetime) -> bool:
    """Whether the source's clock stands before the one of the last read.

    By how much it was set back cannot be told, because time went on since; rows changed meanwhile may carry any stamp before the window.
    """
    return read_at is not None and server_time < read_at

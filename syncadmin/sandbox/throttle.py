"""Limits per user, where they are set: requests in a sliding window and requests at once (web-apis.md, section 8)."""

from __future__ import annotations

import threading
import time
from collections import deque

from .messages import ApiError
from .schema import BUSINESS_CENTRAL, SALES
from .settings import Settings


class Throttle:
    """``enter`` before a request and ``leave`` after it; safe for use by several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._times: dict[tuple[str, str], deque[float]] = {}
        self._running: dict[tuple[str, str], int] = {}

    def enter(self, system: str, user: str) -> dict[str, str]:
        """Counts the request in; gives the rate headers of the answer. Raises ApiError (429)."""
        with self._lock:
            key = (system, user)
            self._check_parallel(key)
            remaining = self._check_window(key)
            self._running[key] = self._running.get(key, 0) + 1
        return {"x-ms-ratelimit-burst-remaining-xrm-requests": str(remaining)} if system == SALES and remaining is not None else {}

    def leave(self, system: str, user: str) -> None:
        with self._lock:
            self._running[system, user] -= 1

    def _check_parallel(self, key: tuple[str, str]) -> None:
        limit = self.settings.parallel[key[0]]
        if limit and self._running.get(key, 0) >= limit:
            text = f"Number of concurrent requests exceeded the limit of {limit}."
            raise too_many(key[0], "0x80072326", text, retry_after=1)

    def _check_window(self, key: tuple[str, str]) -> int | None:
        limit, now = self.settings.requests[key[0]], time.monotonic()
        if not limit:
            return None
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - self.settings.window_seconds:
            times.popleft()
        if len(times) >= limit:
            text = f"Number of requests exceeded the limit of {limit} over time window of {self.settings.window_seconds:g} seconds."
            wait = times[0] + self.settings.window_seconds - now
            raise too_many(key[0], "0x80072322", text, retry_after=max(1, round(wait + 0.5)))
        times.append(now)
        return limit - len(times)


def too_many(system: str, code: str, text: str, *, retry_after: float | None) -> ApiError:
    """429; Business Central promises no Retry-After."""
    if system == BUSINESS_CENTRAL:
        return ApiError(429, "Application_TooManyRequests", text)
    return ApiError(429, code, text, {} if retry_after is None else {"Retry-After": f"{retry_after:g}"})

"""Failures on order: statuses, delays and cut connections for the requests that match (web-apis.md, section 10)."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .schema import BUSINESS_CENTRAL, SALES

SIGN_IN = "sign_in"
WEBHOOKS = "webhooks"
_SYSTEMS = ("", BUSINESS_CENTRAL, SALES, SIGN_IN, WEBHOOKS)
_REQUEST_KINDS = ("status", "delay", "disconnect", "apply-then-disconnect", "empty")
_WEBHOOK_KINDS = ("lose", "double", "delay", "reorder", "no-client-state", "collection", "status")


@dataclass
class Fault:
    """``after`` matching requests are let through first, then ``times`` are hit (None: all). ``seconds`` is the length of a delay,
    an "empty" list has no rows though there are some,
    ``retry_after`` the header's value (None: no header). An empty ``system`` matches every system, the sign-in included."""

    kind: str
    system: str = ""
    method: str = ""
    path: str = ""
    after: int = 0
    times: int | None = None
    status: int = 500
    retry_after: float | None = None
    seconds: float = 0.0
    growing: bool = False
    code: str = ""
    seen: int = 0
    hit: int = 0

    def matches(self, system: str, method: str, address: str) -> bool:
        if self.system not in ("", system) or (self.system == "" and system == WEBHOOKS):
            return False
        return self.method in ("", method) and bool(re.search(self.path, address))

    @property
    def spent(self) -> bool:
        return self.times is not None and self.hit >= self.times


class Faults:
    """The list of faults; safe for use by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, described: list[Mapping[str, Any]]) -> None:
        """Takes descriptions as in commands.md, section 3. Raises ValueError; then none of them is taken."""
        faults = [_fault(item) for item in described]
        with self._lock:
            self._faults += faults

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def next_for(self, system: str, method: str, address: str, kinds: Collection[str] = ()) -> Fault | None:
        """The first fault (of these kinds, if any are named) that hits this request; counts it. ``address`` is path and query."""
        with self._lock:
            for fault in self._faults:
                if fault.spent or (kinds and fault.kind not in kinds) or not fault.matches(system, method, address):
                    continue
                fault.seen += 1
                if fault.seen > fault.after:
                    fault.hit += 1
                    return fault
        return None


def _fault(item: Mapping[str, Any]) -> Fault:
    known = set(Fault.__dataclass_fields__) - {"seen", "hit"}
    if not isinstance(item, dict) or not set(item) <= known or "kind" not in item:
        raise ValueError(f"A fault is an object with 'kind' and any of {', '.join(sorted(known))}.")
    fault = Fault(**item)
    kinds = _WEBHOOK_KINDS if fault.system == WEBHOOKS else _REQUEST_KINDS
    if fault.kind not in kinds:
        raise ValueError(f"There is no fault of the kind '{fault.kind}' for '{fault.system}'; choose one of {', '.join(kinds)}.")
    if fault.system not in _SYSTEMS:
        raise ValueError(f"There is no system '{fault.system}'; choose one of {', '.join(_SYSTEMS[1:])}.")
    fault.method = fault.method.upper()
    try:
        re.compile(fault.path)
    except re.error as error:
        raise ValueError(f"The path '{fault.path}' is no regular expression: {error}") from error
    return fault

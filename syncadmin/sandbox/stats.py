"""What each system was asked for: requests on the wire and operations, those inside batches included."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from .schema import BUSINESS_CENTRAL, SALES


class Stats:
    """Safe for use by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self._requests: Counter[str] = Counter()
        self._methods: dict[str, Counter[str]] = {BUSINESS_CENTRAL: Counter(), SALES: Counter()}

    def count_request(self, system: str, method: str, path: str) -> None:
        """A request on the wire; unless it is a batch it is an operation, too."""
        with self._lock:
            self._requests[system] += 1
            if not path.endswith("$batch"):
                self._methods[system][method] += 1

    def count_operation(self, system: str, method: str) -> None:
        with self._lock:
            self._methods[system][method] += 1

    def as_json(self) -> dict[str, Any]:
        """``{"business_central": {"requests": 2, "operations": 4, "by_method": {"GET": 3, "POST": 1}}, "sales": …}``."""
        with self._lock:
            return {
                system: {"requests": self._requests[system], "operations": sum(methods.values()), "by_method": dict(methods)}
                for system, methods in self._methods.items()
            }

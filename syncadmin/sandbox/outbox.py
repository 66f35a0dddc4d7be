"""Posts notifications in the background: each at its time, lost, doubled or delayed where a fault says so."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .faults import WEBHOOKS, Fault, Faults

_KINDS = ("lose", "double", "delay", "status")


@dataclass(frozen=True)
class Parcel:
    """``done`` is told the status of the answer, 0 where none came."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout_seconds: float
    done: Callable[[int], None]


@dataclass(order=True)
class _Job:
    due: float
    number: int
    action: Callable[[], None] = field(compare=False)


class Outbox:
    """One thread, started with the first job, ended by ``close``."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._wake = threading.Condition()
        self._jobs: list[_Job] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._open = True

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Calls ``action`` in the background after so many seconds."""
        with self._wake:
            if not self._open:
                return
            heapq.heappush(self._jobs, _Job(time.monotonic() + seconds, next(self._numbers), action))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sandbox-outbox", daemon=True)
                self._thread.start()
            self._wake.notify()

    def send(self, parcel: Parcel) -> None:
        """Posts it from the background, or what a fault makes of it."""
        fault = self.faults.next_for(WEBHOOKS, "POST", parcel.url, _KINDS)
        if fault is None or fault.kind == "status":
            self.later(0, lambda: parcel.done(fault.status if fault else post(parcel)))
        elif fault.kind == "lose":
            parcel.done(200)
        else:
            self._send_faulty(parcel, fault)

    def close(self) -> None:
        with self._wake:
            self._open = False
            self._jobs.clear()
            self._wake.notify()
        if self._thread:
            self._thread.join(5)

    def _send_faulty(self, parcel: Parcel, fault: Fault) -> None:
        if fault.kind == "double":
            self.later(0, lambda: _ignored(post(parcel)))
        self.later(fault.seconds, lambda: parcel.done(post(parcel)))

    def _work(self) -> None:
        while True:
            with self._wake:
                while self._open and (not self._jobs or self._jobs[0].due > time.monotonic()):
                    self._wake.wait(self._jobs[0].due - time.monotonic() if self._jobs else None)
                if not self._open:
                    return
                job = heapq.heappop(self._jobs)
            job.action()


def post(parcel: Parcel) -> int:
    """The status of the answer, 0 where the receiver cannot be reached or is too slow."""
    return answer_of(parcel.url, parcel.body, parcel.headers, parcel.timeout_seconds)[0]


def answer_of(url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> tuple[int, bytes]:
    """Status and body of a POST; status 0 without an answer."""
    if not url.lower().startswith(("http://", "https://")):
        return 0, b""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - scheme checked above
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""
    except OSError:
        return 0, b""


def _ignored(_: int) -> None:
    """The second copy of a doubled delivery: its answer changes nothing."""

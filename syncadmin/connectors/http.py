"""The only door to ``requests``: pooled sessions, time limits, repetition with Retry-After, and counting of what was sent."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import Enum
from http.cookiejar import DefaultCookiePolicy
from threading import BoundedSemaphore, Lock
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, ResponseError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from syncadmin.sync.errors import RetryLater, RunError, SyncError

PreparedRequest = requests.PreparedRequest
Response = requests.Response
Authorize = Callable[[PreparedRequest], PreparedRequest]

BUSY = frozenset({408, 429, 500, 502, 503, 504})
_ESCAPED = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_LONGEST = 24 * 60 * 60.0
log = logging.getLogger(__name__)
_LATER = 60.0  # where a system does not say how long it wants to be left alone


class Repeat(Enum):
    """What may be sent again without asking (web-apis.md section 8, client rules)."""

    ALWAYS = "always"  # reads: after every passing answer and every lost connection
    ANSWERED = "answered"  # changes under an etag: after every passing answer; a lost answer is left to the caller
    REFUSED = "refused"  # inserts: only after 429, which says that nothing was carried out


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds.

    ``retries`` are repetitions after the first try (at most two of them after a lost connection or a time-out, which cost the most); a
    Retry-After longer than ``longest_wait`` is not waited for.
    """

    connect: float = 10.0
    read: float = 120.0
    retries: int = 4
    backoff: float = 0.5
    longest_wait: float = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, of a request or of a part of a batch. ``headers`` have lower-case names; ``document`` is the parsed JSON or None."""

    status: int
    headers: Mapping[str, str]
    document: Any = None
    content: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def date(self) -> datetime:
        """The clock of the system (Date header), or ours where it sends none that can be read."""
        return _moment(self.headers.get("date", "")) or datetime.now(UTC)

    @property
    def retry_after(self) -> float:
        """Seconds that the system wants to be left alone."""
        return _wait(self.headers.get("retry-after", ""))


class LostAnswer(SyncError):
    """The request may or may not have been carried out: the connection broke, or the time ran out, before the answer came."""

    def __init__(self, text: str) -> None:
        super().__init__("lost-answer", text)


@dataclass(slots=True)
class Traffic:
    """Counts of one connector, shared by its threads."""

    requests: int = 0
    throttled: int = 0
    remaining: int | None = None
    server_time: datetime | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def sent(self, number: int = 1) -> None:
        with self._lock:
            self.requests += number

    def busy(self) -> None:
        with self._lock:
            self.throttled += 1

    def told(self, headers: Mapping[str, str]) -> None:
        """Keeps what the newest answer says of the system's clock, and of the requests left in this window (web-apis.md section 8)."""
        left = headers.get("x-ms-ratelimit-burst-remaining-xrm-requests", "")
        if left.isdecimal():
            self.remaining = int(left)
        self.server_time = _moment(headers.get("date", "")) or self.server_time


class _CountingRetry(Retry):
    """urllib3's Retry that counts, leaves the choice of statuses to ``status_forcelist`` alone, and does not wait for long."""

    name: str
    traffic: Traffic
    longest_wait: float

    def watched(self, name: str, traffic: Traffic, longest_wait: float) -> Self:
        self.name, self.traffic, self.longest_wait = name, traffic, longest_wait
        return self

    def new(self, **kw: Any) -> Self:
        return super().new(**kw).watched(self.name, self.traffic, self.longest_wait)

    def parse_retry_after(self, retry_after: str) -> float:
        """A header that nobody understands does not break the request: an insert that was surely refused would count as lost."""
        return _wait(retry_after)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: ARG002 (urllib3's signature)
        return status_code in self.status_forcelist

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        if response is not None and (self.get_retry_after(response) or 0) > self.longest_wait:
            raise MaxRetryError(_pool, url or "", ResponseError("asked to wait too long"))
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        self.traffic.sent()
        self._tell(following, method, response, error)
        if response is not None and response.status == 429:
            self.traffic.busy()
        return following

    def _tell(self, following: Retry, method: str | None, response: BaseHTTPResponse | None, error: Exception | None) -> None:
        """Says why a request is repeated, and when; never its address, which may hold values of records."""
        asked = self.get_retry_after(response) if response is not None else None
        pause = f"at its wish after {asked:.0f} s" if asked else f"after about {following.get_backoff_time():.1f} s"
        why = f"answered HTTP {response.status}" if response is not None else f"did not answer ({type(error).__name__})"
        log.warning("%s %s: %s is sent again %s", self.name, why, method or "the request", pause)


_STATUSES = {Repeat.ALWAYS: BUSY, Repeat.ANSWERED: BUSY, Repeat.REFUSED: frozenset({429})}


class Http:
    """One system's door. ``name`` is what people call the system; ``places`` bounds the requests under way at a time, threads included."""

    def __init__(
        self,
        name: str,
        *,
        authorize: Authorize | None = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        places: BoundedSemaphore | None = None,
        pool: int = 10,
    ) -> None:
        self.name = name
        self.traffic = Traffic()
        self._limits = limits or Limits()
        self._places = places or BoundedSemaphore(pool)
        self._sessions = {repeat: self._session(repeat, authorize, headers or {}, pool) for repeat in Repeat}

    def send(
        self,
        method: str,
        url: str,
        *,
        repeat: Repeat,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The answer, whatever its status below 300 or from 400 on, except passing ones.

        Raises RetryLater when the system stays busy or out of reach, LostAnswer when something that must not be repeated got no answer,
        RunError ``address`` or ``certificate`` when the address cannot be right.
        """
        answer = self._answered(method, url, repeat, headers, body)
        if answer.status == 429:
            self.traffic.busy()
        if answer.status == 429 or (answer.status in BUSY and repeat is not Repeat.REFUSED):
            raise RetryLater(f"{self.name} is busy (HTTP {answer.status}).", seconds=answer.retry_after)
        if 300 <= answer.status < 400:
            raise RunError("address", f"{self.name} redirects {url} elsewhere. Correct the address of the system.")
        return answer

    def close(self) -> None:
        """Ends the pooled connections."""
        for session in self._sessions.values():
            session.close()

    def _answered(self, method: str, url: str, repeat: Repeat, headers: Mapping[str, str] | None, body: bytes | None) -> Answer:
        # A body that breaks off comes after urllib3's own repetitions, so reads are begun again here.
        tries = 1 + (min(self._limits.retries, 2) if repeat is Repeat.ALWAYS else 0)
        for left in reversed(range(tries)):
            try:
                return self._once(method, url, repeat, headers, body)
            except requests.exceptions.ChunkedEncodingError as error:
                if not left:
                    raise self._failure(error, url, repeat) from error
                log.warning("%s broke off in the middle of an answer: %s is sent again", self.name, method)
            except requests.exceptions.RequestException as error:
                raise self._failure(error, url, repeat) from error
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, repeat: Repeat, headers: Mapping[str, str] | None, body: bytes | None) -> Answer:
        self.traffic.sent()
        with self._places:
            response = self._sessions[repeat].request(
                method,
                url,
                headers=dict(headers or {}),
                data=body,
                timeout=(self._limits.connect, self._limits.read),
                allow_redirects=False,
            )
        self.traffic.sent(len(response.history))
        answer = _answer(response)
        self.traffic.told(answer.headers)
        return answer

    def _failure(self, error: requests.exceptions.RequestException, url: str, repeat: Repeat) -> SyncError:
        exceptions = requests.exceptions
        if isinstance(error, exceptions.SSLError):
            return RunError("certificate", f"{self.name} shows a certificate that is not trusted: {url}. {error}")
        if isinstance(error, exceptions.InvalidURL | exceptions.InvalidSchema | exceptions.MissingSchema):
            return RunError("address", f"{url} is no address that can be asked. Correct the address of the system {self.name}.")
        if repeat is Repeat.ALWAYS or _never_sent(error):
            return RetryLater(f"{self.name} cannot be reached at {url.partition('?')[0]}.", seconds=_LATER)
        return LostAnswer(f"{self.name} did not answer; whether the request was carried out is not known.")

    def _session(self, repeat: Repeat, authorize: Authorize | None, headers: Mapping[str, str], pool: int) -> requests.Session:
        session = requests.Session()
        session.headers.update(headers)
        session.auth = authorize
        # Dataverse's affinity cookie would pin every request to one of its servers (web-apis.md section 8).
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=pool, max_retries=self._retry(repeat))
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _retry(self, repeat: Repeat) -> Retry:
        retries = self._limits.retries
        return _CountingRetry(
            total=retries,
            connect=min(retries, 2),
            read=min(retries, 2) if repeat is Repeat.ALWAYS else False,
            redirect=0,
            status_forcelist=_STATUSES[repeat],
            allowed_methods=None,
            backoff_factor=self._limits.backoff,
            backoff_jitter=self._limits.backoff,
            raise_on_status=False,
        ).watched(self.name, self.traffic, self._limits.longest_wait)


def _answer(response: Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    document = None
    if "json" in headers.get("content-type", "") and response.content:
        document = parse_json(response.content)
    return Answer(response.status_code, headers, document, response.content)


def parse_json(content: bytes | str) -> Any:
    """The document, numbers with a point as Decimal; None where the text is no JSON. What no text can hold is "\ufffd" in it."""
    try:
        document = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return _as_text(document) if _ESCAPED.search(content if isinstance(content, bytes) else content.encode()) else document


def _as_text(document: Any) -> Any:
    """Without NUL and halves of signs, such as a text has that was cut in the middle of an emoji: no database takes them."""
    if isinstance(document, str):
        return _NO_TEXT.sub("\ufffd", document)
    if isinstance(document, list):
        return [_as_text(one) for one in document]
    return {name: _as_text(one) for name, one in document.items()} if isinstance(document, dict) else document


def _moment(stamp: str) -> datetime | None:
    """The moment of a Date header; None for what is none."""
    try:
        found = parsedate_to_datetime(stamp)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _wait(stamp: str) -> float:
    """The seconds of a Retry-After header, which has them or a date; the usual ones for what is neither."""
    if _SECONDS.fullmatch(stamp.strip()):
        return min(float(stamp), _LONGEST)
    until = _moment(stamp)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST) if until else _LATER


def _never_sent(error: requests.exceptions.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, ConnectTimeoutError)


_PLACES: dict[tuple[str, str], BoundedSemaphore] = {}
_PLACES_LOCK = Lock()


def shared_places(address: str, client: str, number: int) -> BoundedSemaphore:
    """The process's one limiter for a credential at a system (web-apis.md section 8): at most ``number`` requests under way."""
    with _PLACES_LOCK:
        return _PLACES.setdefault((address, client), BoundedSemaphore(number))

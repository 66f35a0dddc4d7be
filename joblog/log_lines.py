"""Log lines that say what they are about: the entry, its mapping and the job at work are added to every line, as text or as JSON.

Lines of a run are collected beside that, for its jobs (joblog/job_lines.py).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

OWN = ("joblog", "mappings", "syncadmin")  # whose lines are kept: those of libraries may show addresses with values of records
_subject: ContextVar[Mapping[str, object]] = ContextVar("subject")


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Until the end, lines written by this thread say so; blanks are left out."""
    token = _subject.set({**_subject.get({}), **_told(facts)})
    try:
        yield
    finally:
        _subject.reset(token)


def now_about(**facts: object) -> None:
    """The same from here on, until the :func:`about` around it ends."""
    _subject.set({**_subject.get({}), **_told(facts)})


def _told(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if value not in (None, "")}


class SubjectFilter(logging.Filter):
    """Adds ``subject`` to a record, before another thread may write it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.subject = dict(_subject.get({}))
        return True


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as it is kept with its job; ``text`` ends with the call stack where there is one."""

    at: datetime
    level: str
    logger: str
    text: str


@dataclass
class Book:
    """Lines of one run that are not saved yet, by job, written by all threads of the run.

    What is said before the first job is opened belongs to it; what is said between or after jobs belongs to the one before. ``saved`` is
    how many lines of each job there are already, as far as that is known.
    """

    lines: dict[int, list[Line]] = field(default_factory=dict)
    early: list[Line] = field(default_factory=list)
    job: int | None = None
    saved: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, line: Line, job: int | None) -> None:
        with self._lock:
            if job is None and self.job is None:
                self.early.append(line)
                return
            self.job = self.job if job is None else job
            own = self.lines.setdefault(self.job or 0, [])
            own += [*self.early, line]
            self.early.clear()

    def taken(self) -> dict[int, list[Line]]:
        """The lines so far, which the book forgets."""
        with self._lock:
            found, self.lines = self.lines, {}
            return found


_book: ContextVar[Book | None] = ContextVar("book", default=None)


def open_book() -> Book | None:
    """The book of the run that this thread works for."""
    return _book.get()


@contextmanager
def writing(book: Book) -> Iterator[None]:
    """Until the end, own lines of this thread, and of those that have its context, stand in the book."""
    token = _book.set(book)
    try:
        yield
    finally:
        _book.reset(token)


class BookHandler(logging.Handler):
    """Writes own lines into the book of the run. Needs :class:`SubjectFilter`."""

    def emit(self, record: logging.LogRecord) -> None:
        book = _book.get()
        if book is None or record.name.partition(".")[0] not in OWN:
            return
        try:
            stack = f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
            job = getattr(record, "subject", {}).get("job")
            line = Line(datetime.fromtimestamp(record.created, UTC), record.levelname, record.name, record.getMessage() + stack)
            book.add(line, job if isinstance(job, int) else None)
        except (TypeError, ValueError, KeyError):  # a line whose words do not fit its values
            self.handleError(record)


class TextFormatter(logging.Formatter):
    """``2026-02-01T08:00:00.000Z INFO joblog.runner finished mapping=CUSTOMER job=12``: one line, and the call stack where there is one."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {name}={_quoted(value)}" for name, value in getattr(record, "subject", {}).items())
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")  # nobody forges a line with a name of theirs
        return f"{_moment(record)} {record.levelname} {record.name} {message}{facts}"


class JsonFormatter(logging.Formatter):
    """One JSON object per line: ``time``, ``level``, ``logger``, ``message``, what it is about, and ``call_stack`` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _moment(record), "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        line |= {name: value for name, value in getattr(record, "subject", {}).items() if name not in line}
        if record.exc_info:
            line["call_stack"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(value: object) -> str:
    text = str(value)
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)

"""Log lines that say what they are about: the entry, its mapping and the job at work are added to every line, as text or as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

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

"""Log lines say what they are about, as text or as JSON."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest

from joblog.log_lines import JsonFormatter, SubjectFilter, TextFormatter, about, now_about

log = logging.getLogger("sync.test")


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.addFilter(SubjectFilter())
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    handler.setFormatter(TextFormatter())
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


def test_a_line_says_what_it_is_about(lines: Lines) -> None:
    with about(entry=3, mapping="UNIT OF MEASURE", company=""):
        now_about(job=12)
        log.warning("put off for %s s", 5)
    log.warning("alone")
    assert re.fullmatch(r'\S+Z WARNING sync\.test put off for 5 s entry=3 mapping="UNIT OF MEASURE" job=12', lines.written[0])
    assert lines.written[1].endswith("sync.test alone")


def test_no_record_forges_a_line(lines: Lines) -> None:
    with about(mapping='A" job="9\nX'):
        log.warning("name: %s", "A\n2026 ERROR forged")
    assert "\n" not in lines.written[0] and r"A\n2026" in lines.written[0]


def test_json_lines_have_the_same_facts(lines: Lines) -> None:
    lines.setFormatter(JsonFormatter())
    with about(entry=3, message="not the message"):
        try:
            raise ValueError("lost")
        except ValueError:
            log.exception("a bug\nin two lines")
    line = json.loads(lines.written[0])
    assert (line["level"], line["logger"], line["message"], line["entry"]) == ("ERROR", "sync.test", "a bug\nin two lines", 3)
    assert "ValueError: lost" in line["call_stack"] and line["time"].endswith("Z")

"""Every code that an entry can have is explained."""

from __future__ import annotations

import re
from pathlib import Path

from joblog.remedies import BUTTONS, REMEDIES, Fix
from syncadmin.connectors.refusals import _CODES
from syncadmin.sync.matching import Verdict

ROOT = Path(__file__).resolve().parents[2]
# RecordError("code", ..., failed(write, "code", ..., refused(record, "code", ..., code="code", problem codes of rules
WRITTEN = re.compile(r'(?:RecordError\(|failed\(\s*\w+,|refused\(\s*\w+,|\bcode=|_wrong\(code,|error=)\s*"([a-z]+(?:-[a-z]+)*)"')
NO_FAILURES = {"other-side-wins"}


def codes_in(*folders: str) -> set[str]:
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return {code for file in files for code in WRITTEN.findall(file.read_text())}


def test_every_code_is_explained() -> None:
    codes = codes_in("syncadmin/sync", "syncadmin/connectors", "mappings/rules", "joblog") | set(_CODES.values())
    codes |= {verdict.value for verdict in Verdict if verdict is not Verdict.COUPLE}
    assert len(codes) > 30
    assert codes - REMEDIES.keys() - NO_FAILURES == set()


def test_every_fix_has_a_button_that_asks_first() -> None:
    assert BUTTONS.keys() == set(Fix)
    assert all(button.label and button.confirm.split(".")[0].split("?")[0] for button in BUTTONS.values())


def test_explanations_say_what_it_is_and_what_to_do() -> None:
    for code, remedy in REMEDIES.items():
        assert remedy.title[0].isupper() and not remedy.title.endswith("."), code
        assert remedy.why.endswith("."), code
        assert remedy.fixes, code

"""How long the log is kept, and when cues are yellow or red, go out and come in with the rest of the configuration."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from joblog.cue_exchange import thresholds_to_json
from joblog.cues import cues
from joblog.models import CueThreshold, Kept, RetentionRule
from joblog.retention import DEFAULT_DAYS, days_kept
from joblog.retention_exchange import retention_to_json
from mappings.models import ConfigurationChange

pytestmark = pytest.mark.django_db


def read(folder: Path, *, code: int = 0, **data: list[dict[str, Any]]) -> str:
    """What the import of these rows says."""
    path, said = folder / "c.json", StringIO()
    path.write_text(json.dumps(data))
    try:
        call_command("setup", "import", str(path), stdout=said, stderr=said)
    except SystemExit as stop:
        assert stop.code == code
    return said.getvalue()


def test_an_export_has_both_also_where_nobody_has_chosen(tmp_path: Path) -> None:
    RetentionRule.objects.create(kept="failed", days=None)
    CueThreshold.objects.create(name="errors", warn_from=5, bad_from=None)
    call_command("setup", "export", str(tmp_path / "c.json"), stdout=StringIO())
    data = json.loads((tmp_path / "c.json").read_text())
    assert {row["kept"]: row["days"] for row in data["log_retention"]} == DEFAULT_DAYS | {"failed": None}
    assert {"name": "errors", "warn_from": 5, "bad_from": None} in data["cue_thresholds"]
    assert [row["name"] for row in data["cue_thresholds"]] == [cue.kind.name for cue in cues()]


def test_what_comes_back_as_it_is_changes_nothing(tmp_path: Path) -> None:
    said = read(tmp_path, log_retention=retention_to_json(), cue_thresholds=thresholds_to_json())
    assert "Nothing to change." in said
    assert not RetentionRule.objects.exists() and not CueThreshold.objects.exists()


def test_what_differs_is_said_and_kept_and_the_rest_stays(tmp_path: Path) -> None:
    RetentionRule.objects.create(kept="previews", days=3)
    said = read(
        tmp_path,
        log_retention=[{"kept": "well", "days": 14}, {"kept": "failed", "days": None}],
        cue_thresholds=[{"name": "errors", "warn_from": 5}],
    )
    for step in ("log retention well: 30 days becomes 14 days", "failed: 90 days becomes for ever", "cue errors: yellow from 5"):
        assert step in said
    assert days_kept() == DEFAULT_DAYS | {Kept.WELL: 14, Kept.FAILED: None, Kept.PREVIEWS: 3}
    assert [(row.name, row.warn_from, row.bad_from) for row in CueThreshold.objects.all()] == [("errors", 5, 100)]
    kept = {(change.kind, change.name) for change in ConfigurationChange.objects.all()}
    assert kept == {("log retention", "Log retention well"), ("log retention", "Log retention failed"), ("role center", "Cue errors")}


@pytest.mark.parametrize(
    ("key", "row", "reason"),
    [
        ("log_retention", {"kept": "everything", "days": 3}, "one of well, failed, previews"),
        ("log_retention", {"kept": "failed"}, "a number from 1 to 36500"),
        ("log_retention", {"kept": "failed", "days": 0}, "a number from 1 to 36500"),
        ("log_retention", {"kept": "failed", "days": True}, "a number from 1 to 36500"),
        ("log_retention", {"kept": "failed", "days": 3, "weeks": 1}, "unknown key weeks"),
        ("log_retention", {"kept": "well", "days": 9}, "twice"),
        ("cue_thresholds", {"name": "moon", "warn_from": 1}, "there is no such cue"),
        ("cue_thresholds", {"name": "skipped", "bad_from": 9}, "twice"),
        ("cue_thresholds", {"name": "errors", "warn_from": "many"}, "a number from 1 to 1000000"),
        ("cue_thresholds", {"name": "errors", "bad_from": 1}, "red begins above yellow"),
        ("cue_thresholds", {"name": "errors", "green": 1}, "unknown key green"),
    ],
)
def test_a_mistake_changes_nothing_at_all(tmp_path: Path, key: str, row: dict[str, Any], reason: str) -> None:
    good = {"log_retention": [{"kept": "well", "days": 14}], "cue_thresholds": [{"name": "skipped", "warn_from": 7}]}
    assert reason in read(tmp_path, code=2, **(good | {key: [*good[key], row]}))
    assert not RetentionRule.objects.exists() and not CueThreshold.objects.exists()

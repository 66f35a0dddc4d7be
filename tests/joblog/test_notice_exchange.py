"""Who is told of troubles goes out and comes in with the rest of the configuration."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from joblog.models import NoticeRule
from joblog.notice_exchange import notice_rules_to_json
from mappings.models import IntegrationTableMapping


@pytest.fixture
def rule(mapping: IntegrationTableMapping) -> NoticeRule:
    NoticeRule.objects.all().delete()
    rule = NoticeRule(channel="email", person=User.objects.create_user("ada", email="ada@example.com"), mapping=mapping, after_failures=3)
    rule.secret = "s"
    rule.save()
    return rule


def read(path: Path, rules: list[dict[str, Any]], code: int = 0) -> str:
    """What the import of these rules says."""
    path.write_text(json.dumps({"notice_rules": rules}))
    said = StringIO()
    try:
        call_command("setup", "import", str(path), stdout=said, stderr=said)
    except SystemExit as stop:
        assert stop.code == code
    return said.getvalue()


def test_rules_come_back_as_they_were_without_secrets(rule: NoticeRule, tmp_path: Path) -> None:
    before = notice_rules_to_json()
    assert "secret" not in json.dumps(before) and before[0]["person"] == "ada" and before[0]["mapping"] == "CUSTOMER"
    assert "Nothing to change." in read(tmp_path / "c.json", before)
    NoticeRule.objects.all().delete()
    assert "notice rule ada: new" in read(tmp_path / "c.json", before)
    assert notice_rules_to_json() == before


def test_a_rule_for_the_same_recipient_is_changed(rule: NoticeRule, tmp_path: Path) -> None:
    changed = notice_rules_to_json()[0] | {"failing_records": 9, "enabled": False}
    role = {"channel": "product", "role": "Operator", "after_failures": 0}
    assert "notice rule ada: change" in read(tmp_path / "c.json", [changed, role])
    rule.refresh_from_db()
    assert (rule.failing_records, rule.enabled, rule.secret) == (9, False, "s")
    assert NoticeRule.objects.get(role=Group.objects.get(name="Operator")).after_failures == 0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"person": "nobody"}, "no person nobody"),
        ({"channel": "pigeon"}, "channel"),
        ({"mapping": "NONE"}, "no mapping NONE"),
        ({"x": 1}, "unknown key x"),
    ],
)
def test_a_mistake_changes_nothing(rule: NoticeRule, tmp_path: Path, values: dict[str, Any], reason: str) -> None:
    before = notice_rules_to_json()
    assert reason in read(tmp_path / "c.json", [before[0] | values], code=2)
    assert notice_rules_to_json() == before

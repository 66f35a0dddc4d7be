"""Every rule of the engine has a test, and every marker names a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.__main__ import listing
from tests.rules.catalogue import GROUPS, OPEN, RULES
from tests.rules.markers import Proof, Unreadable, by_rule, proofs

PROVED = by_rule(proofs())


def test_every_rule_has_a_test():
    assert sorted(RULES.keys() - PROVED.keys() - OPEN) == []


def test_every_marker_names_a_rule():
    assert {rule: [f"{one.path}::{one.test}" for one in tests] for rule, tests in PROVED.items() if rule not in RULES} == {}


def test_a_rule_that_is_tested_is_not_open_any_more():
    assert sorted(OPEN & PROVED.keys()) == []
    assert sorted(OPEN - RULES.keys()) == []


def test_every_rule_stands_once_in_the_group_of_its_number():
    assert len(RULES) == sum(len(rules) for rules in GROUPS.values())
    strangers = [name for title, rules in GROUPS.items() for name in rules if not name.startswith(title.split(" ")[0])]
    assert strangers == []


def test_the_list_shows_each_rule_with_its_tests():
    text = listing(
        {"3. Look-ups": {"3.blank": "Blank stays blank."}}, {"3.blank": [Proof(rule="3.blank", path="tests/a.py", test="test_b")]}
    )
    assert text.splitlines()[-3:] == ["3. Look-ups", "  3.blank  Blank stays blank.", "      tests/a.py::test_b"]


def test_the_list_says_where_a_test_is_missing():
    assert "      no test yet" in listing({"3. Look-ups": {"3.blank": "Blank stays blank."}}, {}).splitlines()


def test_markers_are_found_on_tests_and_on_single_parameters(tmp_path: Path):
    file = tmp_path / "tests" / "test_it.py"
    file.parent.mkdir()
    parameters = '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("1.c"))])'
    file.write_text(f'@pytest.mark.rule("1.a", "1.b")\n{parameters}\ndef test_it(x): pass\n')
    assert [one.rule for one in proofs(file.parent)] == ["1.a", "1.b", "1.c"]
    assert {(one.path, one.test) for one in proofs(file.parent)} == {("tests/test_it.py", "test_it")}


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.rule\ndef test_it(): pass\n",
        "@pytest.mark.rule(NAME)\ndef test_it(): pass\n",
        'pytestmark = pytest.mark.rule("1.a")\n',
    ],
    ids=["no id", "an id that is computed", "a whole file"],
)
def test_a_marker_that_nobody_can_read_is_a_mistake(tmp_path: Path, source: str):
    (tmp_path / "test_it.py").write_text(source)
    with pytest.raises(Unreadable, match="rule marker"):
        proofs(tmp_path)

"""Which regular expressions could take for ever, and which may be used."""

from __future__ import annotations

import pytest

from syncadmin.sync.pattern_guard import LONGEST_PATTERN, guard


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"([a-zA-Z]+)*$",
        r"(a|aa)+$",
        r"(a|a?)+$",
        r"(.*a){20}",
        r"((ab)*c?){10,}$",
        r"(?:x+x+)+y",
        r"^(.*)-(.*)-(.*)-(.*)$",
        r"\s*\s*\s*x",
        r"^(\w*\d*){3}$",
        r"^(.*)(?:.*)?.*(a|.*)$",
        r"(\w{1,40}){30}",
        r"^(.*)\1*.*.*$",
        r"^(?:a{0,9}){9}b",
        r"(?:a?){9}(?:a?){9}(?:a?){9}b",
        r"((((ab){9}){9}){9}){9}",
    ],
)
def test_what_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="for ever"):
        guard(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{4}",
        r"^\s+|\s+$",
        r"^(\w+), (\w+)$",
        r"^(\w+)\s+(\w+)\s+(.*)$",
        r"(\d{3}-)+",
        r"[^@\]]+@[^@]+",
        r"^([^-]*)-([^-]*)-([^-]*)-([^-]*)$",
        r"(?i)\b(ltd|inc|gmbh)\.?$",
        r"^(?P<code>[A-Z]{2})\d{0,8}\(x\)[*]{2}$",
        r"https?://[^/]+/",
        r"(?<!\d)\d{8}(?!\d)",
        r"a{,3}b{2,5}|c{x}",
    ],
)
def test_what_people_write_is_taken(pattern: str) -> None:
    guard(pattern)


def test_a_very_long_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match=str(LONGEST_PATTERN)):
        guard("a" * (LONGEST_PATTERN + 1))


def test_what_the_guard_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="not supported"):
        guard(r"(?x) a b")

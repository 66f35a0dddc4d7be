"""Texts compared as Dataverse does."""

from __future__ import annotations

import pytest

from syncadmin.sandbox.text import fold, like


@pytest.mark.parametrize(("one", "other"), [("Adatum", "ADATUM"), ("Müller", "MULLER"), ("Ærø", "ærø"), ("Straße", "STRASSE")])
def test_letter_case_and_accents_do_not_count(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_null_stays_null() -> None:
    assert fold(None) is None
    assert like(None, "%") is None


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [("adatum", "a%", True), ("adatum", "_datum", True), ("adatum", "[abc]%", True), ("adatum", "[^a]%", False), ("a.c", "abc", False)],
)
def test_wildcards(text: str, pattern: str, fits: bool) -> None:
    assert like(text, pattern) is fits

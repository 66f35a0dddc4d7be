"""The scope of a run: as an entry keeps it, and in words."""

from __future__ import annotations

import json

import pytest

from joblog.scope import Scope
from joblog.scope_words import scope_in_words
from syncadmin.sync.records import Direction, Side

TO = Direction.TO_INTEGRATION


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(directions=(TO,), bc_keys=("a", "b"), sales_keys=("c",), full=True, unconditional=True, use=Side.SALES, pairs=(("a", "b"),)),
        Scope(match=True, create_new=True, synch_after=False, only_coupled=False),
        Scope(after_match=True, create_new=False, synch_after=True, only_coupled=True),
    ],
)
def test_a_scope_comes_back_from_json_as_it_was(scope: Scope) -> None:
    assert Scope.from_json(json.loads(json.dumps(scope.to_json()))) == scope


def test_only_what_differs_from_a_plain_run_is_kept() -> None:
    assert Scope().to_json() == {}
    assert Scope(only_coupled=False).to_json() == {"only_coupled": False}


def test_a_synchronization_after_a_match_names_its_records_itself() -> None:
    assert Scope(after_match=True).explicit
    assert not Scope(match=True).explicit


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope(), "All modified records"),
        (Scope(full=True, directions=(TO,)), "All records, to Sales only"),
        (Scope(bc_keys=("a",), use=Side.SALES), "1 record of Business Central, Dynamics 365 Sales wins"),
        (Scope(match=True), "All uncoupled records"),
        (Scope(match=True, create_new=True), "All uncoupled records, those without a match are created"),
        (Scope(match=True, bc_keys=("a", "b")), "2 records of Business Central"),
        (Scope(after_match=True, directions=(TO,)), "Records of the match-based coupling, to Sales only"),
    ],
)
def test_a_scope_in_words(scope: Scope, words: str) -> None:
    assert scope_in_words(scope) == words

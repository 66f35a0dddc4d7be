"""The store: transactions, versions, listeners."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncadmin.sandbox.clock import Clock
from syncadmin.sandbox.load import fill
from syncadmin.sandbox.schema import SALES, entities
from syncadmin.sandbox.store import Change, Store, etag_of

TEAMS = entities(SALES)["teams"]


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(None, Clock())
    fill(made, "empty")
    yield made
    made.close()


def add(store: Store, name: str) -> None:
    row = dict.fromkeys(TEAMS.properties) | {"teamid": name, "name": name, "versionnumber": store.next_version()}
    store.insert(TEAMS, row)


def names(store: Store) -> list[str]:
    return sorted(row["name"] for row in store.find(TEAMS, {}))


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        add(store, "a")
        raise RuntimeError
    assert names(store) == ["contoso"]


def test_an_inner_transaction_is_undone_alone(store: Store) -> None:
    with store.transaction():
        add(store, "a")
        with pytest.raises(RuntimeError), store.transaction():
            add(store, "b")
            raise RuntimeError
        add(store, "c")
    assert names(store) == ["a", "c", "contoso"]


def test_versions_never_fall_back(store: Store) -> None:
    before = store.version
    with pytest.raises(RuntimeError), store.transaction():
        add(store, "a")
        raise RuntimeError
    assert store.next_version() > before + 1


def test_listeners_hear_of_what_was_kept_and_nothing_else(store: Store) -> None:
    heard: list[Change] = []
    store.listeners.append(heard.extend)
    with store.transaction():
        add(store, "a")
        with pytest.raises(RuntimeError), store.transaction():
            add(store, "b")
            raise RuntimeError
        assert heard == []
        store.delete(TEAMS, "a")
    assert [(change.kind, change.key) for change in heard] == [("created", "a"), ("deleted", "a")]


def test_texts_of_sales_are_found_whatever_their_case(store: Store) -> None:
    assert store.first(TEAMS, {"name": "contoso"}) is not None
    add(store, "Ægir")
    assert store.first(TEAMS, {"name": "ægir"}) is not None


def test_etags_differ_by_version() -> None:
    assert etag_of(1) == etag_of(1) != etag_of(2)


def test_a_file_of_another_kind_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are no rows at all, but many words that no database would begin with")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        Store(str(path), Clock())


def test_a_store_of_another_version_is_told_in_words(tmp_path: Path) -> None:
    path = str(tmp_path / "old.sqlite")
    with sqlite3.connect(path) as old:
        old.execute('CREATE TABLE "dv_accounts" (accountid TEXT PRIMARY KEY)')
    old.close()
    with pytest.raises(ValueError, match="another version"):
        Store(path, Clock())

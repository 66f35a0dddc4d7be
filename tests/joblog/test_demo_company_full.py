"""The demo company from nothing: matched, synchronized, and in step; read over HTTP, and compared without the product's own code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncadmin.sandbox.demo_failures import FAILURES, FROM
from syncadmin.sandbox.server import Sandbox
from tests.installation import Installation
from tests.joblog.both_sides import BothSides
from tests.people import People

_COUPLE, _STATISTICS = "Couple Records", "Statistics"
_LOSE_COUPLINGS = """
from mappings.models import Coupling, IntegrationTableMapping
Coupling.objects.all().delete()
IntegrationTableMapping.objects.update(bc_watermark=None, bc_read_at=None, sales_watermark=None, sales_read_at=None)
"""
_MOST_REQUESTS = 8  # of a mapping that has nothing to do
_ASKS_FOR_NAMES = "CUSTOMER"  # what its references are called that still fail, in one request more
_MAPPINGS = {"CUSTOMER": "CUSTOMER", "ACCOUNT": "CUSTOMER", "CONTACT": "CONTACT", "ITEM": "ITEM-PRODUCT"}  # table -> mapping


@dataclass
class Outcome:
    """What the commands printed, in order: the full synchronization, an ordinary one, and a full one again, in a company that was matched
    before after all couplings were lost. ``sides`` are both systems after the first."""

    full: dict[str, Any]
    entries: list[dict[str, Any]]
    again: dict[str, Any]
    full_again: dict[str, Any]
    sides: BothSides
    in_the_end: BothSides
    preview: dict[str, Any]


@pytest.fixture(scope="module", params=["at once", "matched before"])
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """A company of its own for each way: full synchronization at once, and after matching what the review recommends to couple."""
    folder: Path = tmp_path_factory.mktemp("office")
    with Sandbox(port=0, data="demo", custom_pages=True) as sandbox:
        office = Installation(folder, sandbox.url)
        people = People(sandbox.url)
        people.sign_in()
        try:
            yield _work(office, people, match=request.param == "matched before")
        finally:
            office.close()


def _work(office: Installation, people: People, *, match: bool) -> Outcome:
    preview = {}
    if match:
        review = office.ask("fullsync", "review")["lines"]
        names = [line["mapping"] for line in review if line["recommendation"] == _COUPLE]
        assert all(job["status"] == "Finished" for name in names for job in _ask(office, "match", name)["jobs"])
    else:
        preview = _ask(office, "synchronize", "--all", "--full", "--preview")
    full = _ask(office, "synchronize", "--all", "--full")
    entries = office.ask("synchlog", "--errors", "--last", "100000")["entries"]
    sides = BothSides(people)
    sides.read_all()
    again = _ask(office, "synchronize", "--all")
    if match:
        office.python(_LOSE_COUPLINGS)
    full_again = _ask(office, "synchronize", "--all", "--full")
    return Outcome(full, entries, again, full_again, sides, BothSides(people), preview)


def _ask(office: Installation, *arguments: str) -> dict[str, Any]:
    """Some records fail, and some do not on a later run: exit code 0 or 1."""
    return office.ask_any(*arguments, codes=(0, 1))


def jobs(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [job for job in told["jobs"] if job["type"] != "Coupling"]


def test_every_mapping_is_finished(outcome: Outcome) -> None:
    assert {line["status"] for line in outcome.full["lines"]} == {"Finished"}, outcome.full.get("message")
    assert {job["status"] for job in outcome.full["jobs"]} == {"Finished"}
    assert [job["mapping"] for job in outcome.full["jobs"][-2:]] == ["CUSTOMER STATISTICS", "INVOICE STATUS"]


def test_only_what_the_demo_made_wrong_on_purpose_failed(outcome: Outcome) -> None:
    full = {job["id"] for job in jobs(outcome.full)}
    names = {row["displayName"]: row["number"] for row in outcome.sides.bc("customers")}
    failed = [one for one in outcome.entries if one["job"] in full]
    found = [(one["mapping"], one["direction"], one["code"], key_of(one["source"]["label"], names)) for one in failed]
    expected = [(_MAPPINGS[one.table], way, code, one.key) for one in FAILURES for way, code in one.in_full.items()]
    assert sorted(found) == sorted(expected)
    assert sum(job["failed"] for job in jobs(outcome.full)) == len(expected)


def key_of(label: str, names: dict[str, str]) -> str:
    """What the list of known failures calls a record: a number, or the beginning of the name of an account that Sales alone has."""
    return next((one.key for one in FAILURES if label.startswith(one.key)), names.get(label, label))


def test_no_record_is_there_twice(outcome: Outcome) -> None:
    assert outcome.sides.twice() == []


def test_no_record_is_missing_on_either_side(outcome: Outcome) -> None:
    assert outcome.sides.missing() == []


def test_both_sides_agree_field_by_field(outcome: Outcome) -> None:
    assert outcome.sides.differences() == []


def test_there_was_something_to_compare(outcome: Outcome) -> None:
    sizes = {kind.name: len(outcome.sides.pairs(kind.name)) for kind in outcome.sides.kinds}
    assert sizes["CUSTOMER"] > 40
    assert sizes["CONTACT"] > 150
    assert sizes["ITEM-PRODUCT"] > 230
    assert sizes["POSTEDSALESINV-INV"] == 300


def test_the_next_run_finds_nothing_to_do(outcome: Outcome) -> None:
    names = ("inserted", "modified", "deleted", "failed", "coupled", "uncoupled")
    assert [(job["mapping"], name, job[name]) for job in outcome.again["jobs"] for name in names if job[name]] == []


def test_what_still_fails_is_skipped_by_the_next_run(outcome: Outcome) -> None:
    skipped = {(job["mapping"], job["direction"]): job["skipped"] for job in outcome.again["jobs"] if job["skipped"]}
    assert {mapping for mapping, _ in skipped} <= set(_MAPPINGS.values())


def test_a_mapping_with_nothing_to_do_takes_a_handful_of_requests(outcome: Outcome) -> None:
    sent: dict[str, int] = {}
    for job in outcome.again["jobs"]:
        sent[job["mapping"]] = sent.get(job["mapping"], 0) + sum(job["requests"].values())
    assert {mapping: number for mapping, number in sent.items() if number > _MOST_REQUESTS + (mapping == _ASKS_FOR_NAMES)} == {}


def test_a_second_full_synchronization_writes_nothing_even_if_all_couplings_were_lost(outcome: Outcome) -> None:
    names = ("inserted", "modified", "deleted")
    assert [(job["mapping"], name, job[name]) for job in outcome.full_again["jobs"] for name in names if job[name]] == []
    assert {line["status"] for line in outcome.full_again["lines"]} == {"Finished"}
    assert {line["message"] for line in outcome.full_again["lines"]} == {""}


def test_nothing_was_doubled_by_then(outcome: Outcome) -> None:
    assert outcome.in_the_end.twice() == []
    assert outcome.in_the_end.differences() == []


def test_the_preview_of_the_whole_told_what_then_happened(outcome: Outcome) -> None:
    if not outcome.preview:
        pytest.skip("only previewed where nothing was matched before")
    lines = {line["mapping"] for line in outcome.full["lines"]}
    expected = {place: numbers for place, numbers in counted(outcome.full).items() if place[0] in lines}
    # What Business Central alone refuses, when it is asked, a preview takes for good.
    refused = sum(code == "not-found-reference" for one in FAILURES for code in one.in_full.values())
    inserted, modified, failed, coupled = expected["CUSTOMER", FROM]
    assert counted(outcome.preview) == expected | {("CUSTOMER", FROM): (inserted + refused, modified, failed - refused, coupled)}


def counted(told: dict[str, Any]) -> dict[tuple[str, str], tuple[int, ...]]:
    """By mapping and direction, all steps together."""
    names = ("inserted", "modified", "failed", "coupled")
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for job in told["jobs"]:
        if job["type"] != _STATISTICS:
            place = (job["mapping"], job["direction"])
            before = found.get(place, (0,) * len(names))
            found[place] = tuple(one + job[name] for one, name in zip(before, names, strict=True))
    return found

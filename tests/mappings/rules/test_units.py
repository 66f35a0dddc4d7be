"""Units of measure over HTTP: groups called NAV with one base unit (engine.md section 19, Unit of measure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def pieces(company: People) -> People:
    """A company with the unit PCS; new units are created in Sales."""
    IntegrationTableMapping.objects.filter(name="UNIT OF MEASURE").update(synch_only_coupled=False)
    company.create_standard("unitsOfMeasure", code="PCS", displayName="Piece")
    return company


def groups(people: People) -> list[tuple[str, list[str]]]:
    """Unit groups of Sales with the names of their units."""
    units = people.rows_sales("uoms")
    return [
        (group["name"], [unit["name"] for unit in units if unit["_uomscheduleid_value"] == group["uomscheduleid"]])
        for group in people.rows_sales("uomschedules")
    ]


def run(command: Command, count: str) -> int:
    """How many records the synchronization counts so."""
    return int(command("synchronize", "UNIT OF MEASURE")[1]["jobs"][0][count])


def code_of_error(command: Command) -> str:
    return str(command("synchlog", "--errors", "--entries")[1]["entries"][0]["code"])


@pytest.mark.rule("19.units.new")
def test_a_new_unit_becomes_a_group_with_one_unit(pieces: People, command: Command) -> None:
    assert run(command, "inserted") == 1
    assert groups(pieces) == [("NAV PCS", ["PCS"])]
    assert run(command, "unchanged") == 1


@pytest.mark.rule("19.units.renamed")
def test_a_renamed_code_renames_the_group_and_its_unit(pieces: People, command: Command) -> None:
    run(command, "inserted")
    (unit,) = pieces.rows_standard("unitsOfMeasure")
    pieces.change_standard("unitsOfMeasure", unit["id"], code="PIECE")
    assert run(command, "modified") == 1
    assert groups(pieces) == [("NAV PIECE", ["PIECE"])]


def test_a_unit_with_another_name_is_renamed_although_its_group_is_unchanged(pieces: People, command: Command) -> None:
    run(command, "inserted")
    (unit,) = pieces.rows_sales("uoms")
    pieces.change_sales("uoms", unit["uomid"], name="Stück")
    assert run(command, "modified") == 1
    assert groups(pieces) == [("NAV PCS", ["PCS"])]


@pytest.mark.rule("19.units.match")
def test_a_group_of_that_name_is_coupled_and_its_unit_renamed(pieces: People, command: Command) -> None:
    group = pieces.create_sales("uomschedules", name="NAV PCS", baseuomname="Piece")
    run(command, "coupled")
    assert Coupling.objects.get().sales_key == group["uomscheduleid"]
    assert groups(pieces) == [("NAV PCS", ["PCS"])]


def test_match_based_coupling_finds_the_group_by_its_name(pieces: People, command: Command) -> None:
    group = pieces.create_sales("uomschedules", name="NAV PCS", baseuomname="PCS")
    assert command("match", "UNIT OF MEASURE")[1]["jobs"][0]["coupled"] == 1
    assert Coupling.objects.get().sales_key == group["uomscheduleid"]


@pytest.mark.rule("19.units.inactive")
def test_an_inactive_group_fails(pieces: People, command: Command) -> None:
    group = pieces.create_sales("uomschedules", name="NAV PCS", baseuomname="PCS")
    pieces.change_sales("uomschedules", group["uomscheduleid"], statecode=1)
    assert run(command, "failed") == 1
    assert code_of_error(command) == "inactive-group"


@pytest.mark.rule("19.units.more")
def test_a_group_with_more_units_fails(pieces: People, command: Command) -> None:
    group = pieces.create_sales("uomschedules", name="NAV PCS", baseuomname="PCS")["uomscheduleid"]
    base = {"baseuom@odata.bind": f"/uoms({pieces.rows_sales('uoms')[0]['uomid']})"}
    pieces.create_sales("uoms", name="Dozen", quantity=12, **base, **{"uomscheduleid@odata.bind": f"/uomschedules({group})"})
    assert run(command, "failed") == 1
    assert code_of_error(command) == "more-units"


def test_a_preview_renames_nothing(pieces: People, command: Command) -> None:
    run(command, "inserted")
    (unit,) = pieces.rows_sales("uoms")
    pieces.change_sales("uoms", unit["uomid"], name="Stück")
    command("synchronize", "UNIT OF MEASURE", "--preview")
    assert groups(pieces) == [("NAV PCS", ["Stück"])]

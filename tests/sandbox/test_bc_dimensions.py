"""Default dimensions of API v2.0: below their record or on their own, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client

ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def customer(standard: Client) -> str:
    """The id of a customer."""
    return standard.add("customers", {"displayName": "Adatum"})["id"]


def named(standard: Client, dimension: str, value: str = "") -> dict[str, Any]:
    """The ids of a dimension and one of its values."""
    found = standard.rows(f"dimensions?$filter=code eq '{dimension}'&$expand=dimensionValues")[0]
    ids = {one["code"]: one["id"] for one in found["dimensionValues"]}
    return {"dimensionId": found["id"], **({"dimensionValueId": ids[value]} if value else {})}


def test_a_default_dimension_is_made_below_its_record(standard: Client, customer: str) -> None:
    made = standard.add(f"customers({customer})/defaultDimensions", named(standard, "AREA", "30"))
    assert (made["parentType"], made["parentId"], made["postingValidation"]) == ("Customer", customer, "_x0020_")
    assert (made["dimensionCode"], made["dimensionValueCode"]) == ("AREA", "30")
    assert standard.rows(f"customers({customer})/defaultDimensions") == [
        {name: value for name, value in made.items() if name != "@odata.context"}
    ]


def test_one_is_made_on_its_own_with_its_parent_named_first(standard: Client, customer: str) -> None:
    parent = {"parentType": "Customer", "parentId": customer}
    made = standard.add("defaultDimensions", {**parent, **named(standard, "AREA", "40"), "postingValidation": "Same_x0020_Code"})
    assert standard.rows(f"defaultDimensions?$filter=parentId eq {customer}")[0]["id"] == made["id"]


@pytest.mark.parametrize("body", [{}, {"parentType": "Customer"}, {"parentType": "Customer", "parentId": ZERO}])
def test_without_a_parent_it_is_refused(standard: Client, body: dict[str, str]) -> None:
    assert standard.refusal("POST", "defaultDimensions", {**body, **named(standard, "AREA")}) == (400, "Application_DialogException")


@pytest.mark.parametrize(
    "wrong",
    [{"dimensionId": ZERO}, {"dimensionValueId": "11111111-2222-3333-4444-555555555555"}],
)
def test_what_does_not_exist_is_refused(standard: Client, customer: str, wrong: dict[str, str]) -> None:
    body = {**named(standard, "AREA"), **wrong}
    assert standard.refusal("POST", f"customers({customer})/defaultDimensions", body) == (400, "Application_DialogException")


def test_a_value_of_another_dimension_is_refused(standard: Client, customer: str) -> None:
    body = {**named(standard, "DEPARTMENT", "SALES"), **named(standard, "AREA")}
    answer = standard.call("POST", f"customers({customer})/defaultDimensions", body)
    assert "different Dimension records" in answer.json()["error"]["message"]


def test_no_code_takes_no_value(standard: Client, customer: str) -> None:
    body = {**named(standard, "AREA", "30"), "postingValidation": "No_x0020_Code"}
    assert standard.refusal("POST", f"customers({customer})/defaultDimensions", body) == (400, "Application_DialogException")


def test_a_dimension_is_there_once(standard: Client, customer: str) -> None:
    standard.add(f"customers({customer})/defaultDimensions", named(standard, "AREA", "30"))
    body = named(standard, "AREA", "40")
    assert standard.refusal("POST", f"customers({customer})/defaultDimensions", body) == (400, "Internal_EntityWithSameKeyExists")


def test_only_a_global_dimension_moves_the_stamp_of_its_record(standard: Client, customer: str) -> None:
    def etag() -> str:
        return standard.get(f"customers({customer})").json()["@odata.etag"]

    before = etag()
    standard.add(f"customers({customer})/defaultDimensions", named(standard, "AREA", "30"))
    assert etag() == before
    made = standard.add(f"customers({customer})/defaultDimensions", named(standard, "DEPARTMENT", "SALES"))
    assert (after := etag()) != before
    assert standard.call("PATCH", f"defaultDimensions({made['id']})", named(standard, "DEPARTMENT", "ADM"), If_Match="*").ok
    assert etag() != after


def test_they_go_with_their_record(standard: Client, customer: str) -> None:
    made = standard.add(f"customers({customer})/defaultDimensions", named(standard, "AREA", "30"))
    assert standard.call("DELETE", f"customers({customer})", If_Match="*").status_code == 204
    assert standard.refusal("GET", f"defaultDimensions({made['id']})") == (404, "Internal_RecordNotFound")


def test_dimensions_can_only_be_read(standard: Client) -> None:
    assert standard.refusal("POST", "dimensions", {"code": "NEW"})[0] == 405
    assert standard.refusal("POST", "dimensionValues", {"code": "NEW"})[0] == 405

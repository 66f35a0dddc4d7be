"""Functions at the root of Dataverse."""

from __future__ import annotations

from syncadmin.sandbox.ids import BUSINESS_UNIT_ID, INTEGRATION_USER_ID, ORGANIZATION_ID
from tests.sandbox.client import Client


def test_who_am_i(sales: Client) -> None:
    body = sales.get("WhoAmI()").json()
    assert (body["UserId"], body["BusinessUnitId"], body["OrganizationId"]) == (INTEGRATION_USER_ID, BUSINESS_UNIT_ID, ORGANIZATION_ID)


def test_total_counts(sales: Client) -> None:
    sales.add("accounts", {"name": "A"})
    for path in (
        "RetrieveTotalRecordCount(EntityNames=['account','contact'])",
        'RetrieveTotalRecordCount(EntityNames=@p)?@p=["account","contact"]',
    ):
        body = sales.get(path).json()["EntityRecordCountCollection"]
        assert (body["Keys"], body["Values"]) == (["account", "contact"], [1, 0])


def test_a_function_is_not_posted_and_needs_its_parameters(sales: Client) -> None:
    assert sales.call("POST", "WhoAmI").status_code == 404
    assert sales.refusal("GET", "RetrieveTotalRecordCount")[0] == 400
    assert sales.refusal("GET", "RetrieveTotalRecordCount(EntityNames=['nonsense'])")[0] == 400


def test_the_service_document(sales: Client) -> None:
    sets = {row["name"]: row["url"] for row in sales.rows("")}
    assert sets["accounts"] == "accounts"

"""CreateMultiple, UpdateMultiple, UpsertMultiple (web-apis.md, section 4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import Control

ID = "11111111-2222-3333-4444-555555555555"
CREATE, UPDATE, UPSERT = (f"accounts/Microsoft.Dynamics.CRM.{verb}Multiple" for verb in ("Create", "Update", "Upsert"))


def targets(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.account", **row} for row in rows]}


def names(sales: Client) -> list[str]:
    return sorted(row["name"] for row in sales.rows("accounts"))


def test_creating_gives_the_ids_in_order(sales: Client) -> None:
    answer = sales.call("POST", CREATE, targets({"name": "A", "accountid": ID}, {"name": "B"}))
    assert answer.status_code == 200
    assert answer.json()["Ids"][0] == ID
    assert sales.get(f"accounts({answer.json()['Ids'][1]})").json()["name"] == "B"


def test_one_bad_row_fails_them_all_with_its_error(sales: Client) -> None:
    assert sales.refusal("POST", CREATE, targets({"name": "A"}, {"name": "x" * 161})) == (400, "0x80044331")
    assert names(sales) == []


def test_updating(sales: Client) -> None:
    keys = [sales.add("accounts", {"name": name})["accountid"] for name in "AB"]
    assert sales.call("POST", UPDATE, targets(*({"accountid": key, "name": key[:4]} for key in keys))).status_code == 204
    assert names(sales) == sorted(key[:4] for key in keys)
    assert sales.refusal("POST", UPDATE, targets({"accountid": keys[0], "name": "C"}, {"accountid": ID, "name": "D"})) == (
        404,
        "0x80040217",
    )
    assert "C" not in names(sales)


def test_upserting_by_key_column_and_by_alternate_key(sales: Client, control: Control) -> None:
    control.post("keys", {"table": "accounts", "attributes": ["accountnumber"]})
    rows = ({"accountid": ID, "name": "A"}, {"@odata.id": "accounts(accountnumber='B2')", "name": "B"})
    for _ in range(2):
        assert sales.call("POST", UPSERT, targets(*rows)).status_code == 204
    assert [(row["name"], row["accountnumber"]) for row in sales.rows("accounts?$orderby=name")] == [("A", None), ("B", "B2")]


@pytest.mark.parametrize("body", [{}, {"Targets": []}, {"Targets": [{"name": "A"}]}, {"Targets": [{"@odata.type": "account"}]}])
def test_the_type_annotation_is_mandatory(sales: Client, body: dict[str, Any]) -> None:
    assert sales.refusal("POST", CREATE, body)[0] == 400


def test_standard_tables_have_no_delete_multiple(sales: Client) -> None:
    assert sales.refusal("POST", "accounts/Microsoft.Dynamics.CRM.DeleteMultiple", targets({"accountid": ID}))[0] == 501

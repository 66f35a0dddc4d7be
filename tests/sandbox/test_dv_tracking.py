"""Change tracking of Dataverse (web-apis.md, section 3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import Control


def read(client: Client, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
    """All rows of all pages, and the delta link at the end."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = client.get(path, **headers)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        rows += body["value"]
        if "@odata.deltaLink" in body:
            return rows, body["@odata.deltaLink"]
        path = body["@odata.nextLink"]


def start(client: Client, *, size: int = 5000) -> tuple[list[dict[str, Any]], str]:
    return read(client, "accounts?$select=name", Prefer=f"odata.track-changes,odata.maxpagesize={size}")


@pytest.fixture
def three(sales: Client) -> list[str]:
    """The ids of three accounts."""
    return [sales.add("accounts", {"name": name})["accountid"] for name in "ABC"]


def test_the_first_reading_gives_all_rows_and_a_delta_link(sales: Client, three: list[str]) -> None:
    answer = sales.get("accounts?$select=name", Prefer="odata.track-changes")
    assert answer.headers["Preference-Applied"] == "odata.track-changes"
    for size in (1, 2, 5000):
        rows, link = start(sales, size=size)
        assert sorted(row["accountid"] for row in rows) == sorted(three)
        assert link.startswith("http") and "$deltatoken=" in link


def test_a_delta_has_the_changed_rows_then_the_deleted_ones(sales: Client, three: list[str]) -> None:
    _, link = start(sales)
    sales.call("DELETE", f"accounts({three[0]})")
    sales.call("PATCH", f"accounts({three[1]})", {"name": "B2"})
    body = sales.get(link).json()
    assert body["@odata.context"].endswith("$metadata#accounts(name)/$delta")
    assert body["value"][0]["name"] == "B2"
    assert body["value"][1]["id"] == three[0] and body["value"][1]["reason"] == "deleted"
    assert body["value"][1]["@odata.context"].endswith("$metadata#accounts/$deletedEntity")
    assert sales.get(body["@odata.deltaLink"]).json()["value"] == []


def test_a_delta_comes_in_pages_and_loses_nothing(sales: Client, three: list[str]) -> None:
    _, link = start(sales)
    new = [sales.add("accounts", {"name": name})["accountid"] for name in "DEFG"]
    for key in [*three, new[0]]:
        sales.call("DELETE", f"accounts({key})")
    for size in ("1", "2", "3"):
        rows, _ = read(sales, link, Prefer=f"odata.maxpagesize={size}")
        assert [row["accountid"] for row in rows if "accountid" in row] == new[1:]
        assert sorted(row["id"] for row in rows if "reason" in row) == sorted([*three, new[0]])


def test_what_changes_while_pages_are_read_comes_in_the_next_delta(sales: Client, three: list[str]) -> None:
    first = sales.get("accounts?$select=name", Prefer="odata.track-changes,odata.maxpagesize=1").json()
    sales.call("PATCH", f"accounts({first['value'][0]['accountid']})", {"name": "late"})
    _, link = read(sales, first["@odata.nextLink"], Prefer="odata.track-changes,odata.maxpagesize=1")
    assert [row["name"] for row in sales.get(link).json()["value"]] == ["late"]


def test_a_delta_is_counted(sales: Client, three: list[str]) -> None:
    _, link = start(sales)
    sales.call("DELETE", f"accounts({three[0]})")
    sales.call("PATCH", f"accounts({three[1]})", {"name": "B2"})
    assert sales.get(link.replace("accounts?", "accounts/$count?")).text == "2"


@pytest.mark.parametrize("option", ["$filter=name eq 'A'", "$orderby=name", "$expand=ownerid", "$top=1"])
def test_other_options_are_refused_by_name(sales: Client, option: str) -> None:
    answer = sales.get(f"accounts?{option}", Prefer="odata.track-changes")
    assert answer.status_code == 400
    assert option.partition("=")[0] in answer.json()["error"]["message"]


def test_links_expire_after_seven_days_or_on_request(sales: Client, three: list[str], control: Control) -> None:
    _, link = start(sales)
    control.post("clock", {"system": "sales", "offset_seconds": 8 * 24 * 3600})
    assert sales.refusal("GET", link) == (400, "0x80044352")
    control.post("clock", {"system": "sales", "offset_seconds": 0})
    assert sales.get(link).status_code == 200
    control.post("delta", {"expire": True})
    assert sales.refusal("GET", link) == (400, "0x80044352")
    assert sales.get(start(sales)[1]).status_code == 200


def test_a_row_may_be_told_twice(sales: Client, three: list[str], control: Control) -> None:
    _, link = start(sales)
    sales.call("PATCH", f"accounts({three[1]})", {"name": "B2"})
    control.post("delta", {"repeat": 1})
    for expected in (["B2"], ["B2"], []):
        body = sales.get(link).json()
        assert [row["name"] for row in body["value"]] == expected
        link = body["@odata.deltaLink"]


def test_a_malformed_token_is_refused(sales: Client) -> None:
    assert sales.refusal("GET", "accounts?$deltatoken=nonsense") == (400, "0x80060888")

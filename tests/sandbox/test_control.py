"""The control pages (commands.md, section 3)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from syncadmin.sandbox.clock import parse_moment
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, SALES, Client
from tests.sandbox.conftest import Control


def test_stats_count_requests_by_method(sales: Client, standard: Client, control: Control) -> None:
    control.post("stats/reset", {})
    sales.get("accounts")
    sales.call("POST", "accounts", {"name": "A"})
    standard.get("nonsense")
    assert control.get("stats") == {
        "business_central": {"requests": 1, "operations": 1, "by_method": {"GET": 1}},
        "sales": {"requests": 2, "operations": 2, "by_method": {"GET": 1, "POST": 1}},
    }


def test_requests_that_fail_are_counted_too(sales: Client, control: Control) -> None:
    control.post("faults", [{"system": "sales", "kind": "status", "status": 503, "times": 1}])
    assert [sales.get("accounts").status_code for _ in range(2)] == [503, 200]
    assert control.get("stats")["sales"] == {"requests": 2, "operations": 2, "by_method": {"GET": 2}}


def test_sign_in_and_control_are_not_counted(sandbox: Sandbox, control: Control) -> None:
    Client(sandbox, SALES)
    stats = control.get("stats")
    assert (stats["sales"]["requests"], stats["business_central"]["requests"]) == (0, 0)


def test_a_moved_clock_moves_stamps_and_the_date_header(sales: Client, standard: Client, control: Control) -> None:
    control.post("clock", {"system": "sales", "offset_seconds": -3600})
    answer = sales.call("POST", "accounts", {"name": "A"}, Prefer="return=representation")
    other = standard.call("POST", "currencies", {"code": "EUR"})
    here, there = (parsedate_to_datetime(each.headers["Date"]) for each in (answer, other))
    assert 3598 <= (there - here).total_seconds() <= 3602
    stamps = [parse_moment(text) for text in (answer.json()["modifiedon"], other.json()["lastModifiedDateTime"])]
    assert 3598 <= (stamps[1] - stamps[0]).total_seconds() <= 3602


def test_a_rate_begins_today(standard: Client, control: Control) -> None:
    standard.add("currencies", {"code": "EUR"})
    for rate in (7.45, 7.5):
        control.post("rate", {"currency": "EUR", "rate": rate})
    rows = standard.rows("currencyExchangeRates")
    assert [(row["exchangeRateAmount"], row["relationalExchangeRateAmount"]) for row in rows] == [(1, 7.5)]
    assert rows[0]["startingDate"] == rows[0]["lastModifiedDateTime"][:10]


def test_a_late_commit_has_an_older_stamp_and_a_new_etag(standard: Client, sales: Client, control: Control) -> None:
    row = standard.add("currencies", {"code": "EUR"})
    control.post("commit-late", {"entity": "currencies", "key": "EUR", "seconds": 60, "values": {"displayName": "Euro"}})
    after = standard.get(f"currencies({row['id']})").json()
    assert after["displayName"] == "Euro" and after["@odata.etag"] != row["@odata.etag"]
    moved = parse_moment(row["lastModifiedDateTime"]) - parse_moment(after["lastModifiedDateTime"])
    assert 55 < moved.total_seconds() < 61
    account = sales.add("accounts", {"name": "Adatum"})
    control.post("commit-late", {"entity": "accounts", "key": account["accountid"], "seconds": 60})
    assert sales.get(f"accounts({account['accountid']})").json()["modifiedon"] < account["modifiedon"]


def test_resetting_brings_new_rows_and_forgets_faults(sales: Client, control: Control) -> None:
    sales.add("accounts", {"name": "A"})
    control.post("faults", [{"system": "sales", "kind": "status", "status": 500}])
    control.post("reset", {"data": "empty"})
    assert sales.rows("accounts") == []
    control.post("reset", {"data": "demo"})
    assert len(sales.rows("accounts")) > 10


def test_versions_go_on_rising_over_a_reset(sales: Client, control: Control) -> None:
    before = sales.add("accounts", {"name": "A"})["versionnumber"]
    control.post("reset", {"data": "empty"})
    assert sales.add("accounts", {"name": "A"})["versionnumber"] > before


def test_a_further_company_exists_in_both_systems(sandbox: Sandbox, sales: Client, control: Control) -> None:
    made = control.post("companies", {"name": "Second"})
    assert [row["name"] for row in Client(sandbox, BUSINESS_CENTRAL).rows("companies?$orderby=name")] == ["CRONUS", "Second"]
    rows = {row["bcbi_name"]: row["bcbi_externalid"] for row in sales.rows("bcbi_companies")}
    assert rows["Second"] == made["id"]


@pytest.mark.parametrize(
    ("page", "body"),
    [
        ("clock", {"system": "x", "offset_seconds": 1}),
        ("clock", {"system": "sales"}),
        ("payment", {"invoice": "X", "amount": 1}),
        ("rate", {"currency": "XXX", "rate": 1}),
        ("reset", {"data": "nonsense"}),
        ("commit-late", {"entity": "nonsense", "key": "1", "seconds": 1}),
        ("commit-late", {"entity": "currencies", "key": "XXX", "seconds": 1}),
        ("settings", {"nonsense": 1}),
        ("settings", {"page_size": {"nonsense": 1}}),
        ("settings", {"plug_in_tables": 1}),
        ("companies", {"name": "CRONUS"}),
        ("keys", {"table": "accounts", "attributes": ["nonsense"]}),
        ("webhooks", {"table": "nonsense", "address": "http://127.0.0.1:1/"}),
    ],
)
def test_nonsense_is_refused_with_the_reason(sandbox: Sandbox, page: str, body: dict[str, Any]) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/{page}", json=body, timeout=10)
    assert answer.status_code == 400 and answer.json()["error"]


def test_unknown_pages_are_404(sandbox: Sandbox) -> None:
    assert requests.get(f"{sandbox.url}/_sandbox/nonsense", timeout=10).status_code == 404

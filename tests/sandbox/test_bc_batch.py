"""$batch of Business Central, JSON and multipart (web-apis.md, section 7)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from syncadmin.sandbox.ids import COMPANY_ID
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import CUSTOM, Client
from tests.sandbox.conftest import Control
from tests.sandbox.test_dv_batch import change_set, part, send, statuses

SETS = f"companies({COMPANY_ID})/"


@pytest.fixture
def batches(sandbox: Sandbox) -> Client:
    return Client(sandbox, CUSTOM)


def add(name: str, **more: Any) -> dict[str, Any]:
    return {
        "method": "POST",
        "url": f"{SETS}customers",
        "headers": {"Content-Type": "application/json"},
        "body": {"displayName": name},
    } | more


def run(batches: Client, *requests_: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    answer = batches.call("POST", "$batch", {"requests": list(requests_)}, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["responses"]


def test_answers_come_in_order_with_their_ids(batches: Client) -> None:
    responses = run(batches, add("A", id="one"), add("B"), {"id": 3, "method": "GET", "url": f"{SETS}customers?$select=displayName"})
    assert [(response["id"], response["status"]) for response in responses] == [("one", 201), (None, 201), ("3", 200)]
    assert responses[0]["body"]["displayName"] == "A"
    assert responses[0]["headers"]["etag"] == responses[0]["body"]["@odata.etag"]
    assert len(responses[2]["body"]["value"]) == 2


def test_after_a_failure_the_rest_is_not_run(batches: Client, custom: Client) -> None:
    responses = run(batches, add("A"), add(""), add("C"))
    assert [response["status"] for response in responses] == [201, 400]
    assert responses[1]["body"]["error"]["code"] == "Application_DialogException"
    assert len(custom.rows("customers")) == 1


def test_on_request_it_goes_on(batches: Client, custom: Client) -> None:
    responses = run(batches, add("A"), add(""), add("C"), Prefer="odata.continue-on-error")
    assert [response["status"] for response in responses] == [201, 400, 201]
    assert len(custom.rows("customers")) == 2


def test_a_snapshot_is_undone_though_its_answers_say_created(batches: Client, custom: Client) -> None:
    responses = run(batches, add("A"), add(""), Isolation="snapshot")
    assert [response["status"] for response in responses] == [201, 400]
    assert custom.rows("customers") == []
    assert [response["status"] for response in run(batches, add("A"), add("B"), Isolation="snapshot")] == [201, 201]
    assert len(custom.rows("customers")) == 2


def test_etags_and_companies_travel_in_the_inner_headers(batches: Client, custom: Client) -> None:
    row = custom.add("customers", {"displayName": "A"})
    change = {"method": "PATCH", "url": f"customers({row['id']})", "body": {"city": "Ribe"}}
    headers = {"If-Match": row["@odata.etag"], "Company": "CRONUS", "Content-Type": "application/json"}
    again = {**change, "body": {"city": "Vejle"}, "headers": headers}
    assert [response["status"] for response in run(batches, {**change, "headers": headers}, again)] == [200, 409]
    assert run(batches, change)[0]["status"] == 400


def test_deletions_have_no_body(batches: Client, custom: Client) -> None:
    row = custom.add("customers", {"displayName": "A"})
    response = run(batches, {"method": "DELETE", "url": f"{SETS}customers({row['id']})", "headers": {"If-Match": "*"}})[0]
    assert response["status"] == 204 and "body" not in response


def test_a_batch_has_at_most_a_hundred_operations(batches: Client, custom: Client) -> None:
    assert batches.refusal("POST", "$batch", {"requests": [add("A")] * 101}) == (400, "BadRequest")
    assert batches.refusal("POST", "$batch", {}) == (400, "BadRequest")
    assert custom.rows("customers") == []


def test_each_operation_is_counted(batches: Client, control: Control) -> None:
    control.post("stats/reset", {})
    run(batches, add("A"), add("B"), {"method": "GET", "url": f"{SETS}customers"})
    assert control.get("stats")["business_central"] == {"requests": 1, "operations": 3, "by_method": {"POST": 2, "GET": 1}}


def multipart(batches: Client, *parts: str) -> requests.Response:
    return send(batches, *parts)


def test_multipart_batches(batches: Client, custom: Client) -> None:
    answer = multipart(
        batches,
        part("POST", f"{SETS}customers", {"displayName": "A"}),
        change_set(part("POST", f"{SETS}customers", {"displayName": "B"}, content_id="1")),
    )
    assert (answer.status_code, statuses(answer)) == (200, [201, 201])
    assert len(custom.rows("customers")) == 2


def test_a_change_set_holds_one_request_only(batches: Client) -> None:
    items = [part("POST", f"{SETS}customers", {"displayName": name}, content_id=name) for name in "AB"]
    answer = multipart(batches, change_set(*items))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_next_links_of_a_batch_can_be_followed(batches: Client, custom: Client) -> None:
    for name in ("A 1", "A 2"):
        custom.add("customers", {"displayName": name})
    url = f"{SETS}customers?$filter=startswith(displayName,'A ')&$select=displayName"
    page = run(batches, {"method": "GET", "url": url, "headers": {"Prefer": "odata.maxpagesize=1"}})[0]["body"]
    assert " " not in page["@odata.nextLink"]
    assert len(page["value"]) == len(custom.rows(page["@odata.nextLink"])) == 1

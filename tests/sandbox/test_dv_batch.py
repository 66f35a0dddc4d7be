"""$batch of Dataverse (web-apis.md, section 4)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests

from tests.sandbox.client import Client
from tests.sandbox.conftest import Control


def part(method: str, url: str, body: Any = None, *, content_id: str = "", **headers: str) -> str:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {content_id}"] if content_id else []
    lines += ["", f"{method} {url} HTTP/1.1", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", json.dumps(body) if body is not None else "", ""])


def change_set(*parts: str) -> str:
    inner = "".join(f"--set\r\n{item}" for item in parts)
    return f"Content-Type: multipart/mixed; boundary=set\r\n\r\n{inner}--set--\r\n"


def send(client: Client, *parts: str, **headers: str) -> requests.Response:
    body = "".join(f"--batch\r\n{item}" for item in parts) + "--batch--\r\n"
    named = {"Content-Type": 'multipart/mixed; boundary="batch"', **{k.replace("_", "-"): v for k, v in headers.items()}}
    return client.session.post(client.root + "$batch", data=body.encode(), headers=named, timeout=30)


def statuses(answer: requests.Response) -> list[int]:
    return [int(number) for number in re.findall(r"HTTP/1\.1 (\d+)", answer.text)]


def test_parts_are_answered_in_order(sales: Client) -> None:
    answer = send(
        sales,
        part("POST", f"{sales.root}accounts", {"name": "Adatum"}),
        part("POST", "/api/data/v9.2/accounts", {"name": "Nod"}),
        part("GET", "accounts?$select=name&$filter=startswith(name,'N')"),
    )
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert (answer.status_code, statuses(answer)) == (200, [204, 204, 200])
    assert '"name":"Nod"' in answer.text and '"name":"Adatum"' not in answer.text


def test_the_first_failure_ends_the_batch_with_400(sales: Client) -> None:
    parts = (part("POST", "accounts", {"name": name}) if name else part("POST", "accounts", {"x": 1}) for name in ("A", "", "C"))
    answer = send(sales, *parts)
    assert (answer.status_code, statuses(answer)) == (400, [204, 400])
    assert "REQ_ID" in answer.text
    assert [row["name"] for row in sales.rows("accounts")] == ["A"]


def test_on_request_it_goes_on_after_a_failure(sales: Client) -> None:
    bad = part("POST", "accounts", {"x": 1})
    answer = send(sales, bad, part("POST", "accounts", {"name": "B"}), Prefer="odata.continue-on-error")
    assert (answer.status_code, statuses(answer)) == (200, [400, 204])


def test_a_change_set_is_one_transaction(sales: Client) -> None:
    good, bad = part("POST", "accounts", {"name": "A"}, content_id="1"), part("POST", "accounts", {"x": 1}, content_id="2")
    answer = send(sales, change_set(good, bad))
    assert (answer.status_code, statuses(answer)) == (400, [400])
    assert sales.rows("accounts") == []
    answer = send(sales, change_set(good, part("POST", "accounts", {"name": "B"}, content_id="2")))
    assert statuses(answer) == [204, 204]
    assert re.findall(r"Content-ID: (\d)", answer.text) == ["1", "2"]


def test_references_stand_for_earlier_rows(sales: Client) -> None:
    answer = send(
        sales,
        change_set(
            part("POST", "contacts", {"lastname": "Byron"}, content_id="c"),
            part("POST", "accounts", {"name": "A", "primarycontactid@odata.bind": "$c"}, content_id="a", Prefer="return=representation"),
            part("PATCH", "$a", {"telephone1": "77"}, content_id="p"),
            part("PUT", "$c/firstname", {"value": "Ada"}, content_id="q"),
        ),
    )
    assert statuses(answer) == [204, 201, 204, 204]
    row = sales.rows("accounts?$expand=primarycontactid($select=fullname)")[0]
    assert (row["telephone1"], row["primarycontactid"]["fullname"]) == ("77", "Ada Byron")


@pytest.mark.parametrize(
    "item",
    [
        part("GET", "accounts", content_id="1"),
        part("POST", "accounts", {"name": "A"}),
        part("PATCH", "$9", {"name": "A"}, content_id="1"),
    ],
)
def test_what_a_change_set_refuses(sales: Client, item: str) -> None:
    answer = send(sales, change_set(item))
    assert (answer.status_code, statuses(answer)) == (400, [400])


def test_lines_must_end_with_cr_lf(sales: Client) -> None:
    body = ("--batch\r\n" + part("POST", "accounts", {"name": "A"}) + "--batch--\r\n").replace("\r\n", "\n")
    answer = sales.session.post(sales.root + "$batch", data=body, headers={"Content-Type": "multipart/mixed; boundary=batch"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "0x80048d19")


def test_no_batch_in_a_batch_and_at_most_a_thousand_operations(sales: Client) -> None:
    assert statuses(send(sales, part("POST", "$batch", {})))[0] == 400
    answer = send(sales, *[part("GET", "WhoAmI")] * 1001)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "0x80060888")


def test_only_multipart_is_taken(sales: Client) -> None:
    assert sales.call("POST", "$batch", {"requests": []}).status_code == 415


def test_each_operation_is_counted(sales: Client, control: Control) -> None:
    control.post("stats/reset", {})
    send(sales, part("GET", "WhoAmI"), change_set(part("POST", "accounts", {"name": "A"}, content_id="1")))
    assert control.get("stats")["sales"] == {"requests": 1, "operations": 2, "by_method": {"GET": 1, "POST": 1}}


def test_part_headers_count_and_the_outer_preference_is_not_inherited(sales: Client) -> None:
    key = sales.add("accounts", {"name": "A"})["accountid"]
    stale = part("PATCH", f"accounts({key})", {"name": "B"}, If_Match='W/"1"')
    assert statuses(send(sales, stale)) == [412]
    answer = send(sales, part("POST", "accounts", {"name": "C"}), Prefer="return=representation")
    assert statuses(answer) == [204]

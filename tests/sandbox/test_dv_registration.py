"""Registering webhooks by the Web API (web-apis.md, section 3, Webhooks)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import Control
from tests.sandbox.receiver import Receiver


def endpoint(sales: Client, receiver: Receiver, **values: Any) -> dict[str, Any]:
    body = {"name": "Sync Admin", "url": receiver.url, "contract": 8, "authtype": 4, "authvalue": "s 1", "messageformat": 2}
    return sales.add("serviceendpoints", body | values)


def step(sales: Client, endpoint_id: str, message: str = "Create", table: str = "account", **values: Any) -> dict[str, Any]:
    told = sales.rows(
        "sdkmessagefilters?$select=sdkmessagefilterid,primaryobjecttypecode&$expand=sdkmessageid($select=name,sdkmessageid)"
        f"&$filter=sdkmessageid/name eq '{message}' and primaryobjecttypecode eq '{table}'"
    )[0]
    body = {
        "name": f"Sync Admin: {message} of {table}",
        "mode": 1,
        "stage": 40,
        "rank": 1,
        "supporteddeployment": 0,
        "asyncautodelete": True,
        "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint_id})",
        "sdkmessageid@odata.bind": f"/sdkmessages({told['sdkmessageid']['sdkmessageid']})",
        "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({told['sdkmessagefilterid']})",
    }
    return sales.add("sdkmessageprocessingsteps", body | values)


def test_a_step_tells_of_its_message_and_table_alone(sales: Client, receiver: Receiver) -> None:
    made = endpoint(sales, receiver)
    step(sales, made["serviceendpointid"])
    assert "authvalue" not in made
    sales.add("contacts", {"lastname": "Byron"})
    key = sales.add("accounts", {"name": "Adatum"})["accountid"]
    sales.call("PATCH", f"accounts({key})", {"telephone1": "77"})
    sales.add("accounts", {"name": "Fabrikam"})
    assert [body["MessageName"] for body in receiver.wait(2)] == ["Create", "Create"]
    assert receiver.paths[0].endswith("?code=s%201")


def test_updates_may_be_narrowed_to_columns(sales: Client, receiver: Receiver) -> None:
    step(sales, endpoint(sales, receiver)["serviceendpointid"], "Update", filteringattributes="name,telephone1")
    key = sales.add("accounts", {"name": "Adatum"})["accountid"]
    sales.call("PATCH", f"accounts({key})", {"fax": "1"})
    sales.call("PATCH", f"accounts({key})", {"telephone1": "77"})
    columns = {one["key"] for one in receiver.wait()[0]["InputParameters"][0]["value"]["Attributes"]}
    assert "telephone1" in columns and len(receiver.bodies) == 1


def test_large_contexts_lose_their_parameters(sales: Client, receiver: Receiver, control: Control) -> None:
    control.post("settings", {"webhook_bytes": 500})
    step(sales, endpoint(sales, receiver)["serviceendpointid"])
    sales.add("accounts", {"name": "Adatum"})
    assert receiver.wait()[0]["InputParameters"] == []
    assert receiver.headers[0]["x-ms-dynamics-msg-size-exceeded"] == "true"


def test_steps_are_listed_and_go_with_their_endpoint(sales: Client, receiver: Receiver) -> None:
    key = endpoint(sales, receiver)["serviceendpointid"]
    step(sales, key)
    assert [row["name"] for row in sales.rows("serviceendpoints?$filter=name eq 'Sync Admin'")] == ["Sync Admin"]
    below = sales.rows(f"serviceendpoints({key})/serviceendpoint_sdkmessageprocessingstep?$select=name,_sdkmessagefilterid_value")
    assert [row["name"] for row in below] == ["Sync Admin: Create of account"]
    assert sales.call("DELETE", f"serviceendpoints({key})").status_code == 204
    assert sales.rows("sdkmessageprocessingsteps") == []


def test_an_endpoint_can_move(sales: Client, receiver: Receiver) -> None:
    made = endpoint(sales, receiver, url="http://127.0.0.1:9/")
    step(sales, made["serviceendpointid"])
    sales.call("PATCH", f"serviceendpoints({made['serviceendpointid']})", {"url": receiver.url})
    sales.add("accounts", {"name": "Adatum"})
    assert receiver.wait()[0]["PrimaryEntityName"] == "account"


@pytest.mark.parametrize("wrong", [{"contract": 1}, {"url": "nowhere"}, {"authtype": 5}, {"colour": "red"}, {"name": ""}])
def test_what_is_no_webhook_is_refused(sales: Client, receiver: Receiver, wrong: dict[str, Any]) -> None:
    body = {"name": "A", "url": receiver.url, "contract": 8, "authtype": 4, "authvalue": "s"}
    assert sales.refusal("POST", "serviceendpoints", body | wrong)[0] == 400


def test_a_step_needs_an_endpoint_and_its_own_message(sales: Client, receiver: Receiver) -> None:
    key = endpoint(sales, receiver)["serviceendpointid"]
    nobody = "/serviceendpoints(00000000-0000-0000-0000-000000000009)"
    update = sales.rows("sdkmessages?$filter=name eq 'Update'")[0]["sdkmessageid"]
    filters = sales.rows("sdkmessagefilters?$filter=primaryobjecttypecode eq 'account'&$expand=sdkmessageid($select=name)")
    create = next(row["sdkmessagefilterid"] for row in filters if row["sdkmessageid"]["name"] == "Create")
    body = {"name": "A", "mode": 1, "stage": 40, "sdkmessageid@odata.bind": f"/sdkmessages({update})"}
    assert sales.refusal("POST", "sdkmessageprocessingsteps", body | {"eventhandler_serviceendpoint@odata.bind": nobody})[0] == 404
    own = {
        "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({key})",
        "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({create})",
    }
    assert sales.refusal("POST", "sdkmessageprocessingsteps", body | own)[0] == 400

"""Choices of Sales columns that administrators change: inserted, renamed, deleted, published."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import SALES, Client
from tests.sandbox.conftest import Control

TERMS = {"EntityLogicalName": "account", "AttributeLogicalName": "paymenttermscode"}
COLUMN = (
    "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='paymenttermscode')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
)


def label(text: str) -> dict[str, Any]:
    return {"Label": {"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]}}


def choices(sales: Client) -> dict[int, str]:
    """What metadata shows."""
    options = sales.get(f"{COLUMN}?$select=LogicalName&$expand=OptionSet").json()["OptionSet"]["Options"]
    return {one["Value"]: one["Label"]["UserLocalizedLabel"]["Label"] for one in options}


def done(sales: Client, action: str, **body: Any) -> Any:
    answer = sales.call("POST", action, body)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def publish(sales: Client, entity: str = "account") -> None:
    done(sales, "PublishXml", ParameterXml=f"<importexportxml><entities><entity>{entity}</entity></entities></importexportxml>")


def test_a_new_option_is_seen_and_taken_once_it_is_published(sales: Client) -> None:
    answer = done(sales, "InsertOptionValue", **TERMS, **label("Net 90"), Value=100_000_007)
    assert answer["NewOptionValue"] == 100_000_007
    assert 100_000_007 not in choices(sales)
    assert sales.refusal("POST", "accounts", {"name": "a", "paymenttermscode": 100_000_007}) == (400, "0x8004431A")
    publish(sales)
    assert choices(sales)[100_000_007] == "Net 90"
    shown = sales.add("accounts", {"name": "a", "paymenttermscode": 100_000_007})
    row = sales.get(f"accounts({shown['accountid']})?$select=paymenttermscode", Prefer='odata.include-annotations="*"').json()
    assert row["paymenttermscode@OData.Community.Display.V1.FormattedValue"] == "Net 90"


def test_without_a_value_the_service_chooses_one_behind_the_prefix_of_the_publisher(sales: Client) -> None:
    values = [done(sales, "InsertOptionValue", **TERMS, **label(text))["NewOptionValue"] for text in ("Net 90", "Net 120")]
    assert values == [100_000_000, 100_000_001]


def test_a_value_that_is_there_is_refused_published_or_not(sales: Client) -> None:
    done(sales, "InsertOptionValue", **TERMS, **label("Net 90"), Value=9)
    for value in (1, 9):
        assert sales.refusal("POST", "InsertOptionValue", {**TERMS, **label("Twice"), "Value": value}) == (400, "0x80040203")


def test_a_label_changes_for_this_column_alone_when_its_table_is_published(sales: Client) -> None:
    done(sales, "UpdateOptionValue", **TERMS, **label("30 days"), Value=1, MergeLabels=True)
    publish(sales, "contact")
    assert choices(sales)[1] == "Net 30"
    publish(sales)
    assert choices(sales)[1] == "30 days"
    invoice = sales.get(f"{COLUMN.replace('account', 'invoice')}?$expand=OptionSet").json()["OptionSet"]["Options"]
    assert invoice[0]["Label"]["UserLocalizedLabel"]["Label"] == "Net 30"


def test_a_deleted_option_is_gone_after_publishing_all(sales: Client) -> None:
    done(sales, "DeleteOptionValue", **TERMS, Value=4)
    assert 4 in choices(sales)
    done(sales, "PublishAllXml")
    assert 4 not in choices(sales)
    assert sales.refusal("POST", "accounts", {"name": "a", "paymenttermscode": 4}) == (400, "0x8004431A")


def test_ordinary_users_may_neither_change_nor_publish(sandbox: Sandbox) -> None:
    someone = Client(sandbox, SALES, client_id="someone")
    assert someone.refusal("POST", "InsertOptionValue", {**TERMS, **label("Mine")}) == (403, "0x80040220")
    assert someone.refusal("POST", "PublishAllXml") == (403, "0x80040220")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("InsertOptionValue", {**TERMS, "Value": 9}),
        ("InsertOptionValue", {**label("a"), "EntityLogicalName": "account", "AttributeLogicalName": "name"}),
        ("InsertOptionValue", {**label("a"), "EntityLogicalName": "account", "AttributeLogicalName": "statuscode"}),
        ("UpdateOptionValue", {**TERMS, **label("a"), "Value": 1}),
        ("UpdateOptionValue", {**TERMS, **label("a"), "Value": 99, "MergeLabels": True}),
        ("DeleteOptionValue", {**TERMS, "Value": 99}),
        ("PublishXml", {"ParameterXml": "<entities"}),
    ],
    ids=["no label", "no choice", "a status", "merge labels not given", "rename what is not there", "delete what is not there", "no XML"],
)
def test_what_makes_no_sense_is_refused(sales: Client, action: str, body: dict[str, Any]) -> None:
    assert sales.refusal("POST", action, body) == (400, "0x80040203")


def test_an_unknown_parameter_is_refused_and_a_table_that_does_not_exist_is_not_found(sales: Client) -> None:
    assert sales.refusal("POST", "DeleteOptionValue", {**TERMS, "Value": 1, "Values": [1]}) == (400, "0x80048d19")
    assert sales.refusal("POST", "DeleteOptionValue", {**TERMS, "EntityLogicalName": "nothing", "Value": 1})[0] == 404


def test_a_reset_brings_back_the_shipped_choices(sales: Client, control: Control) -> None:
    done(sales, "DeleteOptionValue", **TERMS, Value=4)
    publish(sales)
    control.post("reset", {"data": "empty"})
    assert list(choices(sales)) == [1, 2, 3, 4]

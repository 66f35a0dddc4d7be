"""What the systems tell of changes, read as data (web-apis.md sections 3 and 6)."""

from __future__ import annotations

from typing import Any

import pytest

from joblog.told_changes import Told, execution_context, notifications

COMPANY, OTHER, KEY = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "AAAAAAAA-0000-0000-0000-000000000001"


def told(*values: dict[str, Any], company: str = COMPANY) -> Told | None:
    plain = {"clientState": "ours", "changeType": "updated", "subscriptionId": "1"}
    return notifications({"value": [plain | one for one in values]}, company=company, is_ours=lambda state: state == "ours")


@pytest.mark.parametrize("start", ["", "/", "https://api.example.com/v2.0/tenant/Production/"])
def test_a_changed_row_names_its_table(start: str) -> None:
    found = told({"resource": f"{start}api/v2.0/companies({COMPANY})/customers({KEY})"})
    assert found == Told(tables={"customers"})


def test_custom_pages_and_collections_with_a_filter_are_changes() -> None:
    resource = f"api/saleslink/sync/v1.0/companies({COMPANY})/resources?$filter=lastModifiedDateTime%20gt%202026-01-01T00:00:00.000Z"
    assert told({"resource": resource, "changeType": "collection"}) == Told(tables={"resources"})


def test_a_collection_without_filter_hides_deletions() -> None:
    found = told({"resource": f"api/v2.0/companies({COMPANY})/items", "changeType": "collection"})
    assert found == Told(tables={"items"}, unsure={"items"})


def test_deleted_rows_are_named_in_lower_case() -> None:
    found = told({"resource": f"api/v2.0/companies({COMPANY})/items({KEY})", "changeType": "deleted"})
    assert found == Told(tables={"items"}, deleted={"items": {KEY.lower()}})


def test_another_company_and_nonsense_change_nothing() -> None:
    assert told({"resource": f"api/v2.0/companies({OTHER})/items"}, {"resource": "a" * 5000}, {"resource": 7}) == Told()


@pytest.mark.parametrize("document", [None, [], {}, {"value": None}, {"value": []}, {"value": [1, None, {"clientState": "theirs"}, {}]}])
def test_what_does_not_carry_the_secret_tells_nothing(document: Any) -> None:
    assert notifications(document, company=COMPANY, is_ours=lambda state: state == "ours") is None


def test_of_a_mixed_list_only_our_part_counts() -> None:
    ours, theirs = ({"resource": f"api/v2.0/companies({COMPANY})/{name}"} for name in ("items", "customers"))
    assert told(ours, theirs | {"clientState": "theirs"}) == Told(tables={"items"})


def context(**values: Any) -> dict[str, Any]:
    return {"MessageName": "Update", "PrimaryEntityName": "account", "PrimaryEntityId": KEY, "InputParameters": []} | values


def test_an_execution_context_names_its_table() -> None:
    assert execution_context(context(), tables={"account": "accounts"}) == Told(tables={"accounts"})
    assert execution_context(context(), tables={}) == Told()
    deleted = execution_context(context(MessageName="Delete"), tables={"account": "accounts"})
    assert deleted == Told(tables={"accounts"}, deleted={"accounts": {KEY.lower()}})


@pytest.mark.parametrize("document", [None, [], {}, context(PrimaryEntityName="<script>"), context(MessageName="")])
def test_what_is_no_execution_context_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="execution context"):
        execution_context(document, tables={"account": "accounts"})

"""Where the two systems tell of changes: open to the world, and deaf to who does not know the secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from joblog.models import JobQueueEntry, QueueStatus, RunKind, SystemWatch, WatchedTable
from joblog.views import receivers
from mappings.models import Coupling, IntegrationTableMapping, System
from tests.joblog.test_wake_up import make_entry

COMPANY, KEY = "11111111-1111-1111-1111-111111111111", "aaaaaaaa-0000-0000-0000-000000000001"
CUSTOMERS = f"api/v2.0/companies({COMPANY})/customers"
ACCOUNT = {"MessageName": "Update", "PrimaryEntityName": "account", "PrimaryEntityId": KEY, "InputParameters": []}


@pytest.fixture
def entry(mapping: IntegrationTableMapping) -> JobQueueEntry:
    """An idle entry of CUSTOMER, whose tables are watched."""
    System.objects.filter(pk=mapping.business_central_id).update(company_id=COMPANY)
    WatchedTable.objects.create(system=mapping.business_central, name="customers")
    WatchedTable.objects.create(system=mapping.sales, name="accounts", type_name="account")
    return make_entry(mapping)


def told(client: Client, system: System, document: Any, query: str = "") -> int:
    kind = "sales" if system.kind == "sales" else "business-central"
    body = document if isinstance(document, bytes) else json.dumps(document)
    return client.post(f"/changes/{kind}/{system.pk}/{query}", body, content_type="application/json").status_code


def notification(system: System, resource: str = f"{CUSTOMERS}({KEY})", kind: str = "updated", **values: Any) -> dict[str, Any]:
    return {"value": [{"clientState": SystemWatch.of(system).secret, "resource": resource, "changeType": kind} | values]}


def is_awake(entry: JobQueueEntry) -> bool:
    entry.refresh_from_db()
    return entry.status == QueueStatus.READY


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def test_a_notification_of_business_central_wakes(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    assert told(client, mapping.business_central, notification(mapping.business_central)) == 202
    assert is_awake(entry)
    assert WatchedTable.objects.get(name="customers").told_at is not None


def test_a_secret_that_is_no_text_is_none(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    assert SystemWatch.of(mapping.business_central).secret != SystemWatch.of(mapping.sales).secret
    body = b'{"value": [{"clientState": "\\ud83d", "resource": "x"}]}'
    assert told(client, mapping.business_central, body) == 403
    assert told(client, mapping.sales, ACCOUNT, "?code=%ED%A0%BD") == 403


def test_a_webhook_call_of_sales_wakes(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    secret = SystemWatch.of(mapping.sales).secret
    assert told(client, mapping.sales, ACCOUNT, f"?code={secret}") == 202
    assert is_awake(entry)


def test_the_secret_may_come_in_a_header(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    headers = {receivers.SECRET_HEADER: SystemWatch.of(mapping.sales).secret, "x-ms-dynamics-msg-size-exceeded": "true"}
    body = json.dumps({name: value for name, value in ACCOUNT.items() if name != "InputParameters"})
    answer = client.post(f"/changes/sales/{mapping.sales_id}/", body, content_type="application/json", headers=headers)
    assert answer.status_code == 202 and is_awake(entry)


@pytest.mark.parametrize("state", ["", "guess", "gu\u00e9ss"])
def test_without_the_secret_nothing_happens(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping, state: str) -> None:
    SystemWatch.of(mapping.sales)
    forged = notification(mapping.business_central, clientState=state)
    assert told(client, mapping.business_central, forged) == 403
    assert told(client, mapping.sales, ACCOUNT, f"?code={state}") == 403
    assert not is_awake(entry)


def test_the_secret_of_one_system_opens_no_other(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    SystemWatch.of(mapping.sales)
    assert told(client, mapping.sales, ACCOUNT, f"?code={SystemWatch.of(mapping.business_central).secret}") == 403
    assert told(client, mapping.business_central, ACCOUNT, "") == 403


def test_the_handshake_is_answered_with_the_token_as_plain_text(client: Client, mapping: IntegrationTableMapping) -> None:
    SystemWatch.of(mapping.business_central)
    address = f"/changes/business-central/{mapping.business_central_id}/"
    answer = client.post(f"{address}?validationToken=a%3Cb%3E")
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"a<b>", "text/plain; charset=utf-8")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.post(f"{address}?validationToken={'a' * 3000}").status_code == 404


def test_only_posts_to_known_systems_are_taken(client: Client, mapping: IntegrationTableMapping) -> None:
    SystemWatch.of(mapping.business_central)
    assert client.get(f"/changes/business-central/{mapping.business_central_id}/").status_code == 405
    assert client.post(f"/changes/sales/{mapping.business_central_id}/").status_code == 404
    assert client.post("/changes/business-central/999/?validationToken=a").status_code == 404


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[" * 100_000, 400), (b"\xff", 400), (b"[]", 403)])
def test_what_cannot_be_read_is_refused(client: Client, mapping: IntegrationTableMapping, body: bytes, status: int) -> None:
    SystemWatch.of(mapping.business_central)
    assert told(client, mapping.business_central, body) == status
    assert told(client, mapping.sales, body, f"?code={SystemWatch.of(mapping.sales).secret}") == 400


def test_a_body_without_end_is_refused(client: Client, mapping: IntegrationTableMapping) -> None:
    SystemWatch.of(mapping.business_central)
    assert told(client, mapping.business_central, b" " * (4 * 1024 * 1024 + 1)) == 413


def test_a_deleted_record_is_looked_for_by_its_key(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    Coupling.objects.create(mapping=mapping, bc_key=KEY, sales_key=KEY.replace("a", "b"))
    deleted = notification(mapping.business_central, kind="deleted")
    for body in (deleted, deleted, notification(mapping.business_central, f"{CUSTOMERS}({KEY.replace('a', 'c')})", "deleted")):
        told(client, mapping.business_central, body)
    searches = JobQueueEntry.objects.filter(run_kind=RunKind.FIND_DELETED)
    assert [(one.mapping, one.trigger, one.parameters) for one in searches] == [(mapping, "change", {"bc_keys": [KEY]})]


def test_a_deletion_in_sales_joins_the_search_that_waits(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    Coupling.objects.create(mapping=mapping, bc_key=KEY, sales_key=KEY.replace("a", "b"))
    told(client, mapping.business_central, notification(mapping.business_central, kind="deleted"))
    deleted = ACCOUNT | {"MessageName": "Delete", "PrimaryEntityId": KEY.replace("a", "b").upper()}
    told(client, mapping.sales, deleted, f"?code={SystemWatch.of(mapping.sales).secret}")
    assert JobQueueEntry.objects.get(run_kind=RunKind.FIND_DELETED).parameters == {"bc_keys": [KEY], "sales_keys": [KEY.replace("a", "b")]}


def test_a_collection_without_filter_asks_for_all_keys(client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    Coupling.objects.create(mapping=mapping, bc_key=KEY, sales_key=KEY.replace("a", "b"))
    told(client, mapping.business_central, notification(mapping.business_central, kind="deleted"))
    told(client, mapping.business_central, notification(mapping.business_central, CUSTOMERS, "collection"))
    assert JobQueueEntry.objects.get(run_kind=RunKind.FIND_DELETED).parameters == {}


def test_a_call_about_what_is_awake_already_is_cheap(
    client: Client, entry: JobQueueEntry, mapping: IntegrationTableMapping, django_assert_num_queries: Callable[[int], object]
) -> None:
    query = f"?code={SystemWatch.of(mapping.sales).secret}"
    told(client, mapping.sales, ACCOUNT, query)
    with django_assert_num_queries(7):
        told(client, mapping.sales, ACCOUNT, query)

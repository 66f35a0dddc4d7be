"""Deleting rows, and finding out which rows were deleted (web-apis.md sections 3, 4, 6 and 7)."""

import pytest

from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Delete, Outcome

from .conftest import account, customer, new_key


@pytest.fixture
def three(sales, accounts):
    return [one.key for one in sales.insert(accounts, [account("One"), account("Two"), account("Three")])]


def keys_of(connector, table):
    page = connector.read_keys(table)
    keys = list(page.keys)
    while page.next:
        page = connector.read_keys(table, link=page.next)
        keys += page.keys
    return keys, page.delta


def test_accounts_are_deleted_under_their_etag_with_a_result_each(sales, accounts, three):
    found = sales.read_records(accounts, three, [])
    rows = [Delete(three[0], found[three[0]].etag), Delete(three[1], 'W/"1"'), Delete(new_key(), "*"), Delete(three[2], "*")]
    results = sales.delete(accounts, rows)
    assert [one.outcome for one in results] == [Outcome.DONE, Outcome.STALE, Outcome.GONE, Outcome.DONE]
    assert list(sales.read_records(accounts, three, [])) == [three[1]]


def test_customers_are_deleted_under_their_etag_with_a_result_each(business_central, customers):
    keys = [one.key for one in business_central.insert(customers, [customer("One"), customer("Two")])]
    rows = [Delete(keys[0], 'W/"b3RoZXI="'), Delete(keys[1], "*"), Delete(new_key(), "*")]
    results = business_central.delete(customers, rows)
    assert [one.outcome for one in results] == [Outcome.STALE, Outcome.DONE, Outcome.GONE]
    assert list(business_central.read_records(customers, keys, [])) == [keys[0]]


def test_a_delta_tells_what_was_deleted_since(sales, accounts, three):
    keys, delta = keys_of(sales, accounts)
    assert sorted(keys) == sorted(three)
    sales.delete(accounts, [Delete(three[0], "*")])
    page = sales.read_keys(accounts, link=delta)
    assert (page.keys, page.deleted, page.next) == ((), (three[0],), "")
    assert sales.read_keys(accounts, link=page.delta).deleted == ()


def test_a_delta_that_the_system_has_forgotten_is_told_apart(sandbox, sales, accounts, three):
    _, delta = keys_of(sales, accounts)
    sandbox.call("POST", "delta", {"expire": True})
    with pytest.raises(RunError) as caught:
        sales.read_keys(accounts, link=delta)
    assert caught.value.code == "expired"


def test_a_list_of_keys_that_breaks_off_is_no_list(sandbox, sales, accounts, three):
    sandbox.fault("sales", "status", status=503, path="accounts", times=20)
    with pytest.raises(RetryLater):
        sales.read_keys(accounts)

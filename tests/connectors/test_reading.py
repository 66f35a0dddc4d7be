from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Modify, Outcome
from syncadmin.sync.tables import Field, FieldType

from .conftest import account, business_central_of, customer, new_key, sales_of


@pytest.fixture(params=["business_central", "sales"])
def side(request, tables, business_central, sales):
    """(system, connector, table, rows to insert, name field) of either system."""
    if request.param == "sales":
        return request.param, sales, tables.sales["accounts"], [account(f"Account {number}") for number in range(7)], "name"
    return (
        request.param,
        business_central,
        tables.business_central["customers"],
        [customer(f"C{number}") for number in range(7)],
        "displayName",
    )


def put(connector, table, rows):
    results = connector.insert(table, rows)
    assert {one.outcome for one in results} == {Outcome.DONE}
    return [one.key for one in results]


def test_pages_come_in_order_of_the_stamp_and_lose_nothing(side):
    _, connector, table, rows, name = side
    keys = put(connector, table, rows)
    first = connector.read_changes(table, [name], page_size=3)
    seen, link = list(first.records), first.next
    while link:
        page = connector.read_changes(table, [name], link=link, page_size=3)
        assert len(page.records) <= 3
        seen, link = seen + list(page.records), page.next
    assert sorted(one.key for one in seen) == sorted(keys)
    assert [one.modified_at for one in seen] == sorted(one.modified_at for one in seen)
    assert all(one.etag and set(one.values) == {name} for one in seen)


@pytest.mark.rule("5.4.to", "5.4.from")
def test_only_what_has_changed_since_is_read(side):
    _, connector, table, rows, name = side
    put(connector, table, rows)
    newest = max(one.modified_at for one in connector.read_changes(table, []).records)
    assert connector.read_changes(table, [name], since=newest).records
    assert connector.read_changes(table, [name], since=newest + timedelta(seconds=2)).records == ()


@pytest.mark.rule("5.4.to", "5.4.from")
def test_a_filter_holds_together_with_the_window(side):
    _, connector, table, rows, name = side
    put(connector, table, rows)
    condition = f"{name} eq '{rows[1].values[name]}' or {name} eq '{rows[2].values[name]}'"
    old = datetime(2020, 1, 1, tzinfo=UTC)
    found = connector.read_changes(table, [name], condition=condition, since=old).records
    assert {one.values[name] for one in found} == {rows[1].values[name], rows[2].values[name]}
    assert connector.read_changes(table, [name], condition=condition, since=datetime.now(UTC) + timedelta(hours=1)).records == ()


def test_the_clock_of_the_system_comes_along(side, sandbox):
    system, connector, table, _, _ = side
    sandbox.call("POST", "clock", {"system": system, "offset_seconds": -3600})
    late = datetime.now(UTC) - connector.read_changes(table, []).server_time
    sandbox.call("POST", "clock", {"system": system, "offset_seconds": 0})
    assert timedelta(minutes=59) < late < timedelta(minutes=61)


def test_a_thousand_known_keys_are_read_in_one_request(side):
    _, connector, table, rows, name = side
    keys = put(connector, table, rows)
    before = connector.requests
    found = connector.read_records(table, [key.upper() for key in keys], [name])
    assert {key: record.values[name] for key, record in found.items()} == {
        key: row.values[name] for key, row in zip(keys, rows, strict=True)
    }
    assert connector.requests == before + 1


def test_a_key_is_gone_only_when_the_system_says_so_for_that_key(side):
    _, connector, table, rows, name = side
    keys = put(connector, table, rows)
    before = connector.requests
    assert set(connector.read_records(table, [*keys[:2], new_key(), new_key()], [name])) == set(keys[:2])
    assert connector.requests == before + 2


def test_more_keys_than_fit_one_question_go_together_in_one_batch(side):
    _, connector, table, rows, name = side
    keys = put(connector, table, rows)
    before = connector.requests
    found = connector.read_records(table, [*keys, *(new_key() for _ in range(600))], [name], condition=f"{name} ne ''")
    assert set(found) == set(keys)
    assert connector.requests == before + 1


def test_rows_outside_of_a_condition_are_left_out_without_a_second_question(side):
    _, connector, table, rows, name = side
    keys = put(connector, table, rows)
    before = connector.requests
    found = connector.read_records(table, keys, [name], condition=f"{name} eq '{rows[3].values[name]}'")
    assert list(found) == [keys[3]]
    assert connector.requests == before + 1


def test_rows_are_found_by_another_field(side):
    _, connector, table, rows, name = side
    put(connector, table, rows)
    wanted = [rows[0].values[name], "it's nobody", rows[4].values[name], "x" * 1000]
    assert {one.values[name] for one in connector.find_records(table, name, wanted, [name])} == {wanted[0], wanted[2]}
    assert connector.find_records(table, name, [], [name]) == []


def test_rows_are_counted(side):
    _, connector, table, rows, name = side
    put(connector, table, rows)
    assert connector.count(table) == len(rows)
    assert connector.count(table, f"{name} eq '{rows[0].values[name]}'") == 1


def test_a_filter_that_the_system_refuses_is_named_with_its_reason(side):
    _, connector, table, _, _ = side
    for ask in (connector.count, lambda table, condition: connector.read_changes(table, [], condition=condition)):
        with pytest.raises(RunError) as caught:
            ask(table, "nonsense eq 1")
        assert caught.value.code == "bad-filter"
        assert "nonsense" in caught.value.text


def test_a_field_that_the_system_no_longer_has_is_named_with_its_table(side):
    _, connector, table, _, name = side
    removed = Field("removed", FieldType.TEXT)
    changed = type(table).from_json(table.to_json())
    changed.fields["removed"] = removed
    for fields in (["removed", name], ["never known"]):
        with pytest.raises(RunError) as caught:
            (connector.read_changes)(changed, fields, condition=f"{name} ne ''")
        assert caught.value.code == "unknown-field"
        assert fields[0] in caught.value.text
        assert table.name in caught.value.text


def test_a_table_that_the_system_does_not_have_is_named(side):
    _, connector, table, _, _ = side
    other = type(table).from_json(table.to_json() | {"name": "gone"})
    with pytest.raises(RunError) as caught:
        connector.read_changes(other, [])
    assert caught.value.code == "unknown-table"
    with pytest.raises(RunError):
        connector.read_records(other, [new_key()], [])


def test_numbers_keep_their_digits_both_ways(side):
    _, connector, table, rows, _ = side
    limit = {"accounts": "creditlimit", "customers": "creditLimit"}[table.name]
    key = put(connector, table, rows[:1])[0]
    etag = connector.read_records(table, [key], [])[key].etag
    assert connector.modify(table, [Modify(key, etag, {limit: Decimal("12345678.9")})])[0].outcome is Outcome.DONE
    assert connector.read_records(table, [key], [limit])[key].values[limit] == Decimal("12345678.9")


# ---- what passes by itself


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_busy_system_is_asked_again(side, sandbox, status):
    system, connector, table, rows, name = side
    put(connector, table, rows)
    sandbox.fault(system, "status", status=status, method="GET", times=2)
    before = connector.requests
    assert len(connector.read_changes(table, [name]).records) == len(rows)
    assert connector.requests == before + 3


def test_a_system_that_names_a_time_is_asked_again_after_it(side, sandbox):
    system, connector, table, _, _ = side
    sandbox.fault(system, "status", status=429, retry_after=1, method="GET")
    before = datetime.now(UTC)
    connector.read_changes(table, [])
    assert datetime.now(UTC) - before >= timedelta(seconds=1)
    assert connector.throttled == 1


def test_a_broken_connection_is_opened_again_for_a_read(side, sandbox):
    system, connector, table, rows, name = side
    keys = put(connector, table, rows)
    sandbox.fault(system, "disconnect", times=2)
    assert len(connector.read_records(table, [*keys, new_key()], [name])) == len(rows)


def test_a_system_that_stays_busy_is_left_until_later(side, sandbox):
    system, connector, table, _, _ = side
    sandbox.fault(system, "status", status=429, retry_after=300, times=9)
    with pytest.raises(RetryLater) as caught:
        connector.read_changes(table, [])
    assert caught.value.seconds == 300


def test_an_expired_token_is_renewed_in_mid_run(side, sandbox):
    _, connector, table, rows, name = side
    put(connector, table, rows)
    sandbox.call("POST", "tokens", {"expire": True})
    assert len(connector.read_changes(table, [name]).records) == len(rows)


# ---- what a person has to change


@pytest.mark.parametrize("connect", [business_central_of, sales_of])
@pytest.mark.parametrize(
    ("changes", "said"), [({"client_secret": "wrong secret"}, "AADSTS7000215"), ({"client_id": "nobody"}, "AADSTS700016")]
)
def test_a_refused_sign_in_says_why_and_hides_the_secret(sandbox, connect, changes, said):
    with pytest.raises(RunError) as caught:
        connect(sandbox.url, **changes).check()
    assert caught.value.code == "sign-in"
    assert said in caught.value.text
    assert "wrong secret" not in caught.value.text


@pytest.mark.parametrize("connect", [business_central_of, sales_of])
def test_nobody_at_the_address_is_tried_again_later(sandbox, connect):
    with pytest.raises(RetryLater):
        connect(sandbox.url, address="http://127.0.0.1:9").check()


def test_newest_stamps_of_many_tables_cost_one_request_per_route(business_central, sales, sandbox, tables):
    business_central.companies()
    chosen = [tables.business_central[name] for name in ("customers", "items", "currencies")]
    before = sandbox.call("GET", "stats")["business_central"]["requests"]
    assert business_central.newest_stamps(chosen) == [None, None, None]
    business_central.insert(tables.business_central["customers"], [customer("C1")])
    first, *rest = business_central.newest_stamps(chosen)
    assert first is not None and rest == [None, None]
    assert sandbox.call("GET", "stats")["business_central"]["requests"] - before == 6  # company, twice 2 routes, insert
    accounts = tables.sales["accounts"]
    sales.insert(accounts, [account("A")])
    assert sales.newest_stamps([accounts]) == [sales.read_changes(accounts, []).records[-1].modified_at]


def test_a_table_that_is_refused_does_not_hide_the_others(sales, sandbox, tables):
    gone = replace(tables.sales["contacts"], name="nonsense")
    stamp, error = sales.newest_stamps([tables.sales["accounts"], gone])
    assert stamp is None and error.code == "unknown-table"

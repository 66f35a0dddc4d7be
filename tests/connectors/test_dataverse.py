from decimal import Decimal

import pytest

from syncadmin.sandbox.ids import BASE_CURRENCY_ID, BUSINESS_UNIT_ID, INTEGRATION_USER_ID, ORGANIZATION_ID, TEAM_ID
from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Insert, Modify, Outcome
from syncadmin.sync.tables import FieldType

from .conftest import account, new_key, sales_of


def read(connector, table, key, *fields):
    return connector.read_records(table, [key], fields).get(key)


def made(sales, accounts, **values):
    row = account("Graz Works", **values)
    assert sales.insert(accounts, [row])[0].outcome is Outcome.DONE
    return read(sales, accounts, row.key)


def test_the_application_user_is_known(sales):
    found = sales.who_am_i()
    assert (found.user_id, found.business_unit_id, found.organization_id) == (INTEGRATION_USER_ID, BUSINESS_UNIT_ID, ORGANIZATION_ID)


def test_a_check_proves_address_and_sign_in(sales):
    sales.check()


def test_an_address_without_a_web_api_is_wrong(sandbox):
    with pytest.raises(RunError) as caught:
        sales_of(sandbox.url.replace("127.0.0.1", "localhost") + "/x", address=sandbox.url, token_address=sandbox.url + "/nowhere").check()
    assert caught.value.code == "sign-in"


# ---- metadata


def test_only_the_tables_asked_for_are_read_in_two_requests(sales):
    found = sales.tables(["contacts", "nothing"])
    assert set(found) == {"contacts"}
    assert sales.requests == 2


def test_fields_have_types_lengths_options_and_labels(accounts):
    fields = accounts.fields
    assert (accounts.key, accounts.modified_on, accounts.number, accounts.caption) == ("accountid", "modifiedon", "accountnumber", "name")
    assert (fields["name"].type, fields["name"].max_length) == (FieldType.TEXT, 160)
    assert (fields["creditlimit"].type, fields["creditlimit"].scale) == (FieldType.DECIMAL, 2)
    assert (3, "Customer") in fields["customertypecode"].options
    assert fields["statecode"].options == ((0, "Active"), (1, "Inactive"))
    assert fields["creditonhold"].type is FieldType.BOOLEAN
    assert (fields["modifiedon"].on_insert, fields["statecode"].on_insert, fields["statecode"].on_update) == (False, False, True)


def test_lookups_know_where_they_lead_and_how_they_are_bound(tables):
    contacts, accounts = tables.sales["contacts"], tables.sales["accounts"]
    assert contacts.fields["parentcustomerid"].targets == (
        ("accounts", "parentcustomerid_account"),
        ("contacts", "parentcustomerid_contact"),
    )
    assert accounts.fields["primarycontactid"].property_name == "_primarycontactid_value"
    assert set(accounts.fields["ownerid"].targets) == {("systemusers", "ownerid"), ("teams", "ownerid")}


# ---- inserting


def test_a_page_of_inserts_is_one_request_and_keeps_its_keys(sales, accounts):
    rows = [account(f"Account {number}", creditlimit=Decimal("1.10")) for number in range(1000)]
    results = sales.insert(accounts, rows)
    assert [(one.outcome, one.key) for one in results] == [(Outcome.DONE, row.key) for row in rows]
    assert sales.requests == 1
    assert read(sales, accounts, rows[7].key, "creditlimit").values["creditlimit"] == Decimal("1.10")


def test_a_key_that_the_system_chose_is_told(sales, accounts):
    result = sales.insert(accounts, [Insert("", {"name": "x"})])[0]
    assert read(sales, accounts, result.key, "name").values["name"] == "x"


def test_one_bad_row_among_many_is_found_and_the_others_are_made(sales, accounts):
    rows = [account(f"Account {number}") for number in range(200)]
    rows[77] = account("x" * 161)
    results = sales.insert(accounts, rows)
    assert [place for place, one in enumerate(results) if one.outcome is not Outcome.DONE] == [77]
    assert (results[77].outcome, results[77].code, results[77].fields) == (Outcome.REFUSED, "too-long", ("name",))
    assert sales.requests < 12
    assert sales.count(accounts) == 199


def test_many_bad_rows_are_soon_asked_one_by_one(sales, accounts):
    rows = [account("x" * (161 if number % 3 == 0 else 5)) for number in range(900)]
    results = sales.insert(accounts, rows)
    assert [one.outcome for one in results].count(Outcome.REFUSED) == 300
    assert sales.requests < 25
    assert sales.count(accounts) == 600


def test_a_chosen_key_that_is_taken_exists(sales, accounts):
    first = account("x")
    sales.insert(accounts, [first])
    outcomes = [one.outcome for one in sales.insert(accounts, [account("y"), first, Insert(new_key(), {"nonsense": 1})])]
    assert outcomes == [Outcome.DONE, Outcome.EXISTS, Outcome.REFUSED]


def test_an_insert_whose_answer_was_lost_is_unknown_and_never_sent_again(sales, accounts, sandbox):
    sandbox.fault("sales", "apply-then-disconnect", method="POST")
    assert [one.outcome for one in sales.insert(accounts, [account("x"), account("y")])] == [Outcome.UNKNOWN] * 2
    assert sales.requests == 1
    assert sales.count(accounts) == 2


def test_an_insert_that_ends_in_a_failure_is_unknown(sales, accounts, sandbox):
    sandbox.fault("sales", "status", status=502, method="POST")
    assert sales.insert(accounts, [account("x")])[0].outcome is Outcome.UNKNOWN
    assert sales.requests == 1


def test_throttled_inserts_are_sent_again_since_nothing_was_done(sales, accounts, sandbox):
    sandbox.fault("sales", "status", status=429, retry_after=1, method="POST")
    assert sales.insert(accounts, [account("x")])[0].outcome is Outcome.DONE
    assert sales.count(accounts) == 1


def test_lookups_are_bound_in_both_ways_of_inserting(sales, accounts):
    currency = {"transactioncurrencyid": BASE_CURRENCY_ID, "ownerid": f"teams/{TEAM_ID}", "primarycontactid": None}
    good, bad = account("x", **currency), account("x" * 161, **currency)
    assert [one.outcome for one in sales.insert(accounts, [good, bad])] == [Outcome.DONE, Outcome.REFUSED]
    values = read(sales, accounts, good.key, "transactioncurrencyid", "ownerid").values
    assert values == {"transactioncurrencyid": BASE_CURRENCY_ID, "ownerid": TEAM_ID}


def test_a_lookup_to_a_missing_row_is_refused(sales, accounts):
    result = sales.insert(accounts, [account("x", primarycontactid=new_key())])[0]
    assert (result.outcome, result.code) == (Outcome.REFUSED, "not-found-reference")


# ---- modifying


def test_a_change_brings_the_new_version(sales, accounts):
    before = made(sales, accounts)
    result = sales.modify(accounts, [Modify(before.key, before.etag, {"telephone1": "7", "creditlimit": Decimal("2.50")})])[0]
    now = read(sales, accounts, before.key, "telephone1", "creditlimit")
    assert (result.outcome, result.etag, result.modified_at) == (Outcome.DONE, now.etag, now.modified_at)
    assert now.values == {"telephone1": "7", "creditlimit": Decimal("2.50")}
    assert result.etag != before.etag


def test_a_thousand_changes_take_a_few_requests_and_keep_their_order(sales, accounts):
    rows = [account(f"Account {number}") for number in range(1000)]
    sales.insert(accounts, rows)
    before = sales.requests
    results = sales.modify(accounts, [Modify(row.key, "*", {"fax": str(place)}) for place, row in enumerate(rows)])
    assert [one.key for one in results] == [row.key for row in rows]
    assert {one.outcome for one in results} == {Outcome.DONE}
    assert sales.requests <= before + 4


def test_a_change_of_an_old_version_is_stale_and_of_a_missing_row_gone(sales, accounts):
    before = made(sales, accounts)
    sales.modify(accounts, [Modify(before.key, before.etag, {"fax": "1"})])
    rows = [Modify(before.key, before.etag, {"fax": "2"}), Modify(new_key(), "*", {"fax": "2"}), Modify(new_key(), 'W/"1"', {"fax": "2"})]
    results = sales.modify(accounts, [*rows, Modify(before.key, "*", {"fax": "3"})])
    assert [one.outcome for one in results] == [Outcome.STALE, Outcome.GONE, Outcome.GONE, Outcome.DONE]
    assert read(sales, accounts, before.key, "fax").values["fax"] == "3"
    assert sales.count(accounts) == 1


def test_a_lookup_is_changed_and_cleared(sales, accounts, tables):
    contacts = tables.sales["contacts"]
    person = Insert(new_key(), {"lastname": "Muster"})
    sales.insert(contacts, [person])
    row = made(sales, accounts, primarycontactid=person.key)
    assert read(sales, accounts, row.key, "primarycontactid").values["primarycontactid"] == person.key
    assert sales.modify(accounts, [Modify(row.key, row.etag, {"primarycontactid": None})])[0].outcome is Outcome.DONE
    assert read(sales, accounts, row.key, "primarycontactid").values["primarycontactid"] is None


def test_a_lookup_to_a_missing_row_is_not_a_missing_row(sales, accounts):
    row = made(sales, accounts)
    result = sales.modify(accounts, [Modify(row.key, row.etag, {"primarycontactid": new_key()})])[0]
    assert (result.outcome, result.code) == (Outcome.REFUSED, "not-found-reference")


def test_an_option_that_does_not_exist_is_refused(sales, accounts):
    row = made(sales, accounts)
    result = sales.modify(accounts, [Modify(row.key, row.etag, {"customertypecode": 99})])[0]
    assert (result.outcome, result.code) == (Outcome.REFUSED, "unknown-option")


def test_changes_are_sent_again_while_the_system_is_busy(sales, accounts, sandbox):
    row = made(sales, accounts)
    sandbox.fault("sales", "status", status=503, retry_after=1, method="POST")
    assert sales.modify(accounts, [Modify(row.key, row.etag, {"fax": "1"})])[0].outcome is Outcome.DONE


def test_changes_that_stay_throttled_wait(sales, accounts, sandbox):
    row = made(sales, accounts)
    sandbox.fault("sales", "status", status=429, retry_after=120, method="POST")
    with pytest.raises(RetryLater) as caught:
        sales.modify(accounts, [Modify(row.key, row.etag, {"fax": "1"})])
    assert caught.value.seconds == 120


def test_a_change_whose_answer_was_lost_is_unknown(sales, accounts, sandbox):
    row = made(sales, accounts)
    sandbox.fault("sales", "apply-then-disconnect", method="POST")
    assert sales.modify(accounts, [Modify(row.key, row.etag, {"fax": "1"})])[0].outcome is Outcome.UNKNOWN
    assert read(sales, accounts, row.key, "fax").values["fax"] == "1"


# ---- reading


def test_rows_are_found_by_lookup_by_option_and_by_awkward_texts(sales, accounts):
    names = ["O'Neill", 'Say "hi"', "a,b [c] 100% & d+e", "back\\slash", "plain"]
    sales.insert(accounts, [account(name, customertypecode=3) for name in names])
    sales.insert(accounts, [account("other", transactioncurrencyid=BASE_CURRENCY_ID)])
    assert {one.values["name"] for one in sales.find_records(accounts, "name", names, ["name"])} == set(names)
    assert len(sales.find_records(accounts, "customertypecode", ["3", "4"], [])) == len(names)
    assert "other" in {one.values["name"] for one in sales.find_records(accounts, "transactioncurrencyid", [BASE_CURRENCY_ID], ["name"])}


def test_counting_does_not_end_where_the_system_stops_counting(sales, accounts):
    for _ in range(6):
        sales.insert(accounts, [account("x") for _ in range(1000)])
    assert sales.count(accounts, "name eq 'x'") == 6000

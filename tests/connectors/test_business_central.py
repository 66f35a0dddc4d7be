from decimal import Decimal

import pytest

from syncadmin.sandbox.server import Sandbox
from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Insert, Modify, Outcome
from syncadmin.sync.tables import Field, FieldType

from .conftest import business_central_of, customer, new_key


def read(connector, table, key, *fields):
    return connector.read_records(table, [key], fields).get(key)


def test_companies_are_listed_and_the_local_currency_known(business_central):
    assert "CRONUS" in [company.name for company in business_central.companies()]
    assert business_central.local_currency() == "USD"


def test_a_check_proves_address_sign_in_and_company(business_central):
    business_central.check()


@pytest.mark.parametrize("changes", [{"company": "NOBODY"}, {"company_id": "11111111-1111-1111-1111-111111111111"}])
def test_an_unknown_company_is_named_with_those_there_are(sandbox, changes):
    with pytest.raises(RunError) as caught:
        business_central_of(sandbox.url, **changes).check()
    assert caught.value.code == "unknown-company"
    assert "CRONUS" in caught.value.text


def test_a_company_that_went_away_ends_the_run(sandbox, customers):
    connector = business_central_of(sandbox.url, company_id="11111111-1111-1111-1111-111111111111")
    with pytest.raises(RunError) as caught:
        connector.read_changes(customers, [])
    assert caught.value.code == "unknown-company"


def test_an_unknown_environment_is_a_wrong_address(sandbox):
    with pytest.raises(RunError) as caught:
        business_central_of(sandbox.url, environment="nowhere").check()
    assert caught.value.code == "address"


# ---- metadata


def test_tables_are_listed_with_what_people_call_them(business_central, sales):
    assert business_central.table_labels()["salespeoplePurchasers"] == "Salesperson Purchaser"
    assert sales.table_labels()["transactioncurrencies"] == "Currency"
    assert sales.requests == 1


def test_tables_come_from_both_routes_and_the_custom_one_wins(tables):
    found = tables.business_central
    assert (found["customers"].route, found["currencies"].route) == ("custom", "v2.0")
    assert {"contactName", "displayName"} <= set(found["customers"].fields)
    assert (found["customers"].chosen_keys, found["currencies"].chosen_keys) == (True, False)


def test_fields_have_types_lengths_options_and_labels(customers):
    fields = customers.fields
    assert (fields["number"].type, fields["number"].max_length) == (FieldType.CODE, 20)
    assert (fields["addressLine1"].type, fields["addressLine1"].label) == (FieldType.TEXT, "Address Line 1")
    assert ("_x0020_", "") in fields["blocked"].options
    assert fields["creditLimit"].type is FieldType.DECIMAL
    assert not fields["lastModifiedDateTime"].on_update


def test_only_the_tables_asked_for_are_given(business_central):
    assert set(business_central.tables(["customers", "nothing"])) == {"customers"}


def test_lines_have_no_stamp(tables):
    assert tables.business_central["salesInvoiceLines"].modified_on == ""


# ---- inserting


def test_new_rows_keep_their_chosen_key_and_come_back_whole(business_central, customers):
    rows = [customer(f"C{number}", creditLimit=Decimal("1.10")) for number in range(3)]
    results = business_central.insert(customers, rows)
    assert [(one.outcome, one.key) for one in results] == [(Outcome.DONE, row.key) for row in rows]
    assert all(one.etag and one.modified_at for one in results)
    assert [one.values["number"] for one in results] == ["C0", "C1", "C2"]
    assert results[0].values["creditLimit"] == Decimal("1.10")


def test_where_the_system_chooses_the_key_it_is_told(business_central, tables):
    result = business_central.insert(tables.business_central["currencies"], [Insert("", {"code": "EUR", "displayName": "Euro"})])[0]
    assert result.outcome is Outcome.DONE
    assert read(business_central, tables.business_central["currencies"], result.key, "code").values["code"] == "EUR"


def test_each_row_answers_for_itself(business_central, customers):
    rows = [customer("C1"), customer("C2", displayName="x" * 101), Insert(new_key(), {"number": "C3"}), customer("C1"), customer("C4")]
    results = business_central.insert(customers, [*rows, Insert(new_key(), {"nonsense": "x"})])
    assert [one.outcome.value for one in results] == ["done", "refused", "refused", "exists", "done", "refused"]
    assert (results[1].code, results[1].fields) == ("too-long", ("displayName",))
    assert (results[3].code, results[5].code, results[5].fields) == ("duplicate", "unknown-field", ("nonsense",))
    assert not any(one.passing for one in results)


def test_a_chosen_key_that_is_taken_exists(business_central, customers):
    first = customer("C1")
    business_central.insert(customers, [first])
    assert business_central.insert(customers, [Insert(first.key, {"number": "C2", "displayName": "x"})])[0].outcome is Outcome.EXISTS


def test_a_thousand_rows_go_in_ten_requests(business_central, customers):
    before = business_central.requests
    results = business_central.insert(customers, [customer(f"C{number:04}") for number in range(1000)])
    assert [one.values["number"] for one in results] == [f"C{number:04}" for number in range(1000)]
    assert business_central.requests <= before + 11


def test_an_insert_whose_answer_was_lost_is_unknown_and_never_sent_again(business_central, customers, sandbox):
    business_central.count(customers)
    sandbox.fault("business_central", "apply-then-disconnect", method="POST")
    rows = [customer("C1"), customer("C2")]
    before = business_central.requests
    assert [one.outcome for one in business_central.insert(customers, rows)] == [Outcome.UNKNOWN] * 2
    assert business_central.requests == before + 1
    assert business_central.count(customers) == 2


def test_one_lost_batch_does_not_hide_the_others(business_central, customers, sandbox):
    business_central.count(customers)
    sandbox.fault("business_central", "disconnect", method="POST", times=1)
    results = business_central.insert(customers, [customer(f"C{number:04}") for number in range(300)])
    assert [one.outcome for one in results].count(Outcome.UNKNOWN) == 100
    assert business_central.count(customers) == 200


def test_throttled_inserts_are_sent_again_since_nothing_was_done(business_central, customers, sandbox):
    business_central.count(customers)
    sandbox.fault("business_central", "status", status=429, method="POST", times=2)
    assert business_central.insert(customers, [customer("C1")])[0].outcome is Outcome.DONE
    assert business_central.count(customers) == 1


def test_inserts_that_stay_throttled_wait(business_central, customers, sandbox):
    business_central.count(customers)
    sandbox.fault("business_central", "status", status=429, retry_after=120, method="POST", times=1)
    with pytest.raises(RetryLater) as caught:
        business_central.insert(customers, [customer("C1")])
    assert caught.value.seconds == 120


def test_one_throttled_batch_does_not_hide_the_others(business_central, customers, sandbox):
    business_central.count(customers)
    sandbox.fault("business_central", "status", status=429, retry_after=120, method="POST", times=1)
    results = business_central.insert(customers, [customer(f"C{number:04}") for number in range(200)])
    busy = [one for one in results if one.outcome is Outcome.REFUSED]
    assert (len(busy), {(one.code, one.passing) for one in busy}) == (100, {("busy", True)})


# ---- modifying


def test_a_change_brings_the_new_version(business_central, customers):
    made = business_central.insert(customers, [customer("C1")])[0]
    result = business_central.modify(customers, [Modify(made.key, made.etag, {"city": "Graz"})])[0]
    assert (result.outcome, result.values["city"]) == (Outcome.DONE, "Graz")
    now = read(business_central, customers, made.key, "city")
    assert (now.etag, now.modified_at) == (result.etag, result.modified_at)
    assert result.etag != made.etag


def test_none_empties_a_field(business_central, customers):
    made = business_central.insert(customers, [customer("C1", city="Graz", creditLimit=5, blocked="All")])[0]
    emptied = business_central.modify(customers, [Modify(made.key, "*", {"city": None, "creditLimit": None, "blocked": None})])[0]
    assert emptied.outcome is Outcome.DONE
    values = read(business_central, customers, made.key, "city", "creditLimit", "blocked").values
    assert (values["city"], values["creditLimit"], values["blocked"]) == ("", 0, "_x0020_")


def test_a_change_of_an_old_version_is_stale_and_of_a_missing_row_gone(business_central, customers):
    made = business_central.insert(customers, [customer("C1")])[0]
    business_central.modify(customers, [Modify(made.key, made.etag, {"city": "Graz"})])
    rows = [
        Modify(made.key, made.etag, {"city": "Linz"}),
        Modify(new_key(), "*", {"city": "Linz"}),
        Modify(made.key, "*", {"city": "Wels"}),
    ]
    results = business_central.modify(customers, rows)
    assert [one.outcome for one in results] == [Outcome.STALE, Outcome.GONE, Outcome.DONE]
    assert read(business_central, customers, made.key, "city").values["city"] == "Wels"


def test_a_read_only_field_is_named(business_central, customers):
    made = business_central.insert(customers, [customer("C1")])[0]
    result = business_central.modify(customers, [Modify(made.key, made.etag, {"balanceDue": Decimal(5)})])[0]
    assert (result.outcome, result.code, result.fields) == (Outcome.REFUSED, "read-only", ("balanceDue",))


def test_an_option_that_does_not_exist_is_refused(business_central, customers):
    made = business_central.insert(customers, [customer("C1")])[0]
    result = business_central.modify(customers, [Modify(made.key, made.etag, {"blocked": "Sometimes"})])[0]
    assert (result.outcome, result.code) == (Outcome.REFUSED, "unknown-option")


@pytest.mark.rule("2.3.validate")
def test_a_value_of_no_related_row_is_refused(business_central, customers):
    made = business_central.insert(customers, [customer("C1")])[0]
    result = business_central.modify(customers, [Modify(made.key, made.etag, {"salespersonCode": "NOBODY"})])[0]
    assert (result.outcome, result.code) == (Outcome.REFUSED, "not-found-reference")


def test_changes_are_sent_again_while_the_system_is_busy(business_central, customers, sandbox):
    made = business_central.insert(customers, [customer("C1")])[0]
    sandbox.fault("business_central", "status", status=503, method="POST", times=2)
    assert business_central.modify(customers, [Modify(made.key, made.etag, {"city": "Graz"})])[0].outcome is Outcome.DONE


def test_a_change_whose_answer_was_lost_is_unknown(business_central, customers, sandbox):
    made = business_central.insert(customers, [customer("C1")])[0]
    sandbox.fault("business_central", "apply-then-disconnect", method="POST")
    assert business_central.modify(customers, [Modify(made.key, made.etag, {"city": "Graz"})])[0].outcome is Outcome.UNKNOWN
    assert read(business_central, customers, made.key, "city").values["city"] == "Graz"


def test_many_keys_of_a_removed_field_are_one_error(business_central, customers):
    customers.fields["removed"] = Field("removed", FieldType.TEXT)
    try:
        with pytest.raises(RunError) as caught:
            business_central.read_records(customers, [new_key() for _ in range(300)], ["removed"])
    finally:
        del customers.fields["removed"]
    assert caught.value.code == "unknown-field"


def test_without_the_custom_pages_everything_comes_from_the_standard_ones():
    with Sandbox(port=0, data="empty", custom_pages=False) as server:
        connector = business_central_of(server.url)
        found = connector.tables()
        assert (found["customers"].route, found["customers"].chosen_keys) == ("v2.0", False)
        assert "contactName" not in found["customers"].fields
        result = connector.insert(found["customers"], [customer("C1")])[0]
        assert read(connector, found["customers"], result.key, "number").values["number"] == "C1"
        connector.close()


def test_lines_of_a_document_keep_their_order_and_are_read_by_it(business_central, tables):
    invoices, lines = tables.business_central["salesInvoices"], tables.business_central["salesInvoiceLines"]
    buyer = business_central.insert(tables.business_central["customers"], [customer("C1")])[0]
    invoice = business_central.insert(invoices, [Insert(new_key(), {"customerId": buyer.key})])[0]
    rows = [Insert("", {"documentId": invoice.key, "lineType": "Comment", "description": f"{place:03}"}) for place in range(250)]
    results = business_central.insert(lines, rows)
    sequences = [one.values["sequence"] for one in results]
    assert sequences == sorted(sequences)
    page = business_central.read_changes(lines, ["description"], condition=f"documentId eq {invoice.key}")
    assert {one.values["description"] for one in page.records} == {f"{place:03}" for place in range(250)}
    assert len(business_central.find_records(lines, "documentId", [invoice.key], [])) == 250

"""Option sets of Sales columns as tables: read, written into all columns that share them, published."""

import json

import pytest

from syncadmin.connectors.option_sets import is_option_set, option_set_table
from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.records import Delete, Insert, Modify, Outcome
from tests.connectors.conftest import sales_of
from tests.connectors.scripted import message, scripted

ACCOUNT, INVOICE = ("account", "paymenttermscode"), ("invoice", "paymenttermscode")
TERMS = option_set_table("accounts.paymenttermscode", "Account: Payment Terms", [ACCOUNT, INVOICE])
OF_INVOICES = option_set_table("invoices.paymenttermscode", "Invoice: Payment Terms", [INVOICE])
NEW = Insert("123456789", {"label": "Net 90"})
SHIPPED = {"1": "Net 30", "2": "2% 10, Net 30", "3": "Net 45", "4": "Net 60"}


def labels(connector, table=TERMS):
    return {one.key: one.values["label"] for one in connector.read_changes(table, []).records}


def test_options_are_records_whose_key_is_their_value(sales):
    page = sales.read_changes(TERMS, ["label"])
    assert {one.key: one.values for one in page.records}["3"] == {"value": 3, "label": "Net 45"}
    assert (page.next, page.server_time is None, is_option_set(TERMS)) == ("", False, True)


def test_the_set_is_read_with_one_request(sales):
    before = sales.requests
    found = sales.read_records(TERMS, ["1", "9", "not-a-value"], ["label"])
    assert (list(found), sales.requests - before) == (["1"], 1)
    assert [one.key for one in sales.find_records(TERMS, "label", ["net 60"], [])] == ["4"]
    assert (sales.count(TERMS), list(sales.read_keys(TERMS).keys)) == (4, ["1", "2", "3", "4"])


def test_a_new_option_comes_into_every_column_and_is_published(sales):
    result = sales.insert(TERMS, [NEW])[0]
    assert (result.outcome, result.key, result.values["label"]) == (Outcome.DONE, "123456789", "Net 90")
    assert labels(sales) == SHIPPED | {"123456789": "Net 90"} == labels(sales, OF_INVOICES)


def test_many_options_are_written_with_five_requests(sales):
    before = sales.requests
    sales.insert(TERMS, [Insert(str(200_000_000 + number), {"label": f"Net {number}"}) for number in range(50)])
    assert sales.requests - before == 4  # both columns in one batch; the second column, the first column, and publishing
    assert len(labels(sales)) == 54


def test_a_changed_label_reaches_every_column_also_one_that_lacks_the_option(sales):
    sales.delete(OF_INVOICES, [Delete("2", "*")])
    results = sales.modify(TERMS, [Modify("1", "*", {"label": "30 days"}), Modify("2", "*", {"label": "10 days"})])
    assert [one.outcome for one in results] == [Outcome.DONE, Outcome.DONE]
    for table in (TERMS, OF_INVOICES):
        assert {key: labels(sales, table)[key] for key in ("1", "2")} == {"1": "30 days", "2": "10 days"}


def test_what_has_its_label_already_is_not_written_again(sales, sandbox):
    sales.read_changes(TERMS, [])
    sandbox.call("POST", "stats/reset")
    assert sales.modify(TERMS, [Modify("1", "*", {"label": "Net 30"})])[0].outcome is Outcome.DONE
    assert sandbox.operations("sales") == 2  # both columns were read


def test_an_option_that_is_gone_is_told_so(sales):
    assert sales.delete(TERMS, [Delete("4", "*"), Delete("9", "*")])[0].outcome is Outcome.DONE
    assert sales.modify(TERMS, [Modify("4", "*", {"label": "x"})])[0].outcome is Outcome.GONE
    assert sales.delete(TERMS, [Delete("4", "*")])[0].outcome is Outcome.GONE
    assert "4" not in labels(sales) | labels(sales, OF_INVOICES)


def test_an_option_that_a_lost_run_has_inserted_and_not_published_is_done(sales, sandbox):
    sandbox.fault("sales", "status", path="PublishXml", status=400, times=1)
    with pytest.raises(RunError):
        sales.insert(TERMS, [NEW])
    other = sales_of(sandbox.url)
    assert "123456789" not in labels(other)
    assert other.insert(TERMS, [NEW])[0].outcome is Outcome.DONE
    assert labels(other)["123456789"] == "Net 90"
    other.close()


def test_somebody_elses_option_is_left_alone(sales):
    result = sales.insert(TERMS, [Insert("1", {"label": "Mine"})])[0]
    assert (result.outcome, result.code) == (Outcome.REFUSED, "duplicate")
    assert labels(sales) == SHIPPED


@pytest.mark.parametrize("batch", [0, 1], ids=["the first column is still to do", "all columns are done"])
def test_after_a_lost_answer_reading_tells_what_arrived(sales, sandbox, batch):
    sandbox.fault("sales", "apply-then-disconnect", method="POST", path=r"\$batch", after=1 + batch)
    assert sales.insert(TERMS, [NEW])[0].outcome is Outcome.UNKNOWN
    assert ("123456789" in sales.read_records(TERMS, ["123456789"], [])) is bool(batch)
    assert sales.insert(TERMS, [NEW])[0].outcome is Outcome.DONE
    assert labels(sales)["123456789"] == labels(sales, OF_INVOICES)["123456789"] == "Net 90"


def test_publishing_is_repeated_while_another_one_is_running(sales, sandbox):
    sandbox.fault("sales", "status", path="PublishXml", status=429, code="0x80071151", retry_after=0, times=2)
    assert sales.insert(TERMS, [NEW])[0].outcome is Outcome.DONE
    sandbox.fault("sales", "status", path="PublishXml", status=429, code="0x80071151", retry_after=30, times=3)
    with pytest.raises(RetryLater):
        sales.modify(TERMS, [Modify("1", "*", {"label": "30 days"})])
    sandbox.call("DELETE", "faults")
    assert labels(sales)["1"] == "30 days"  # the reading has published it first


def test_a_user_who_may_not_customize_is_refused_record_by_record(sandbox):
    someone = sales_of(sandbox.url, client_id="someone")
    result = someone.insert(TERMS, [NEW])[0]
    assert (result.outcome, result.code) == (Outcome.REFUSED, "permission")
    assert "prvWriteAttribute" in result.text
    someone.close()


def test_what_cannot_be_asked_for_is_refused(sales):
    with pytest.raises(RunError, match="cannot be filtered") as refused:
        sales.read_changes(TERMS, [], condition="value gt 1")
    assert refused.value.code == "bad-filter"
    with pytest.raises(RunError, match="does not have the table"):
        sales.read_changes(option_set_table("accounts.nonsense", "Nonsense", [("account", "nonsense")]), [])


def test_options_have_no_stamps(sales, tables):
    stamps = sales.newest_stamps([TERMS, tables.sales["transactioncurrencies"]])
    assert (stamps[0], stamps[1] is None) == (None, False)


def test_a_global_option_set_is_changed_and_published_by_its_name():
    option = {"Value": 1, "Label": {"UserLocalizedLabel": {"Label": "Netto 30", "LanguageCode": 1031}}}
    column = {
        "LogicalName": "paymenttermscode",
        "OptionSet": None,
        "GlobalOptionSet": {"Name": "terms", "IsGlobal": True, "Options": [option]},
    }
    part = "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--b--"
    token = message(200, '{"access_token": "t", "expires_in": 3600}')
    answers = [token, message(200, json.dumps(column)), message(200, part, kind="multipart/mixed; boundary=b"), message(204)]
    with scripted(*answers) as server:
        connector = sales_of(server.url)
        table = option_set_table("accounts.paymenttermscode", "Terms", [ACCOUNT])
        assert connector.modify(table, [Modify("1", "*", {"label": "30 Tage"})])[0].outcome is Outcome.DONE
        connector.close()
    sent, published = (body.decode() for _, _, _, body in server.asked[2:])
    assert "/api/data/v9.2/UpdateOptionValue" in sent and '"OptionSetName": "terms"' in sent.replace('":"', '": "')
    assert '"LanguageCode":1031' in sent and "EntityLogicalName" not in sent
    assert "<importexportxml><optionsets><optionset>terms</optionset></optionsets></importexportxml>" in published

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from syncadmin.connectors.http import Answer
from syncadmin.connectors.odata import address, both, fault_of, moment_literal, moment_or_none, text_literal, to_json


def test_query_options_are_encoded_and_empty_ones_left_out():
    found = address("http://x/accounts", {"$select": "name", "$filter": "name eq 'A&B + C#1 100%'", "$orderby": ""})
    assert found == "http://x/accounts?$select=name&$filter=name%20eq%20'A%26B%20%2B%20C%231%20100%25'"


def test_conditions_are_joined_in_parentheses():
    assert both("a eq 1 or a eq 2", "", "b ge 3") == "(a eq 1 or a eq 2) and (b ge 3)"
    assert both("", "b ge 3") == "b ge 3"
    assert both("", " ") == ""


def test_an_apostrophe_in_a_text_is_doubled():
    assert text_literal("O'Neill") == "'O''Neill'"


def test_moments_are_written_in_utc_and_never_later_than_they_are():
    at = datetime(2026, 1, 31, 10, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert moment_literal(at, "seconds") == "2026-01-31T08:00:00Z"
    assert moment_literal(at, "milliseconds") == "2026-01-31T08:00:00.999Z"


def test_the_empty_stamp_is_none():
    assert moment_or_none("0001-01-01T00:00:00Z") is None
    assert moment_or_none(None) is None
    assert moment_or_none("2026-08-19T06:32:44.293Z") == datetime(2026, 8, 19, 6, 32, 44, 293_000, tzinfo=UTC)


def test_decimals_keep_every_digit_in_json():
    text = to_json({"a": Decimal("0.10000000000000000001"), "b": [Decimal("1E+3"), None, True, 7, 'say "é"']})
    assert text == '{"a":0.10000000000000000001,"b":[1000,null,true,7,"say \\"\\u00e9\\""]}'


def test_an_error_loses_its_correlation_id():
    message = "The Customer does not exist.  CorrelationId:  6e1a7e2e-2f57-4a7d-9a58-5d0f4b7a1c11."
    fault = fault_of(Answer(404, {}, {"error": {"code": "Internal_RecordNotFound", "message": message}}))
    assert (fault.code, fault.words) == ("Internal_RecordNotFound", "The Customer does not exist.")


def test_an_answer_without_an_error_object_still_says_something():
    assert fault_of(Answer(502, {}, None, b"<html>")).words == "HTTP 502"


def test_the_property_that_does_not_exist_is_found_in_the_words():
    message = "Could not find a property named 'fax2' on type 'Microsoft.Dynamics.CRM.account'."
    assert fault_of(Answer(400, {}, {"error": {"code": "0x0", "message": message}})).unknown_property == "fax2"

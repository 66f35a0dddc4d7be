"""From a source value to the destination's value (engine.md sections 2 and 3, A14)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Direction, Record
from syncadmin.sync.tables import Field, FieldType
from syncadmin.sync.transfer import KEEP, new_value, wanted_references
from syncadmin.sync.transform import Rule, RuleType
from tests.sync.world import FROM, TO, make_plan, rule, text

TERMS = (("NET30", 1), ("NET60", 2))
LOCAL = "aaaaaaaa-0000-0000-0000-000000000001"
EURO = "aaaaaaaa-0000-0000-0000-000000000002"
TRANSFORMATIONS = {
    "UPPERCASE": Rule(code="UPPERCASE", type=RuleType.UPPERCASE),
    "NO BLANKS": Rule(code="NO BLANKS", type=RuleType.REPLACE, parameters={"find": " "}),
}
PLAN = make_plan(local_currency_key=LOCAL, transformations=TRANSFORMATIONS)


def value(one: FieldRule, source: Any, direction: Direction = TO, known: dict[tuple[str, str], str] | None = None) -> Any:
    return new_value(PLAN, one, direction, source, known or {})


def error(one: FieldRule, source: Any, direction: Direction = TO) -> RecordError:
    with pytest.raises(RecordError) as caught:
        value(one, source, direction)
    return caught.value


@pytest.mark.rule("A14.error")
def test_a_text_that_does_not_fit_is_an_error_with_both_lengths() -> None:
    failed = error(rule("name", "name"), "x" * 70)
    assert (failed.code, failed.fields) == ("too-long", ("name",))
    assert "70" in failed.text
    assert "60" in failed.text


@pytest.mark.rule("A14.truncate")
def test_a_field_mapping_may_truncate() -> None:
    one = rule("name", "name", truncate=True)
    assert value(one, "x" * 70) == "x" * 60
    assert value(one, "x" * 59 + " yz") == "x" * 59


@pytest.mark.rule("A14.error", "A14.truncate")
def test_an_emoji_takes_two_characters_as_both_systems_count() -> None:
    assert "has 62 characters" in error(rule("name", "name"), "🙂" * 31).text
    assert value(rule("name", "name"), "🙂" * 30) == "🙂" * 30
    assert value(rule("name", "name", truncate=True), "x" + "🙂" * 31) == "x" + "🙂" * 29


def test_a_number_beyond_all_numbers_fails_its_record_alone() -> None:
    one = FieldRule(bc=text("amount"), sales=Field("amount", FieldType.DECIMAL, "Amount", scale=10))
    assert error(one, "1e999999").code == "bad-value"
    assert value(one, "1e30") == Decimal("1e30")


def test_a_sign_that_only_looks_like_a_digit_is_no_option() -> None:
    option = Field("terms", FieldType.OPTION, "Terms")
    assert value(FieldRule(bc=None, sales=option, constant="²"), None) == "²"


@pytest.mark.rule("A14.truncate")
def test_a_truncated_text_equals_the_long_one() -> None:
    one = rule("name", "name", truncate=True)
    long = "x" * 59 + " yz"
    assert one.equal(PLAN_BC, long, "x" * 59)
    assert not rule("name", "name").equal(PLAN_BC, long, "x" * 59)


def test_numbers_are_rounded_to_what_the_destination_holds() -> None:
    assert value(rule("credit", "limit"), Decimal("2.345")) == Decimal("2.35")


@pytest.mark.rule("2.3.types")
def test_types_are_converted() -> None:
    dated = FieldRule(bc=Field("due", FieldType.DATE), sales=Field("due", FieldType.MOMENT))
    counted = FieldRule(bc=Field("n", FieldType.DECIMAL), sales=text("n"))
    assert value(dated, "2026-03-01") == "2026-03-01T00:00:00.000Z"
    assert value(dated, "2026-03-01T00:00:00.000Z", FROM) == "2026-03-01"
    assert (value(counted, Decimal("1.5")), value(counted, "1.50", FROM)) == ("1.5", Decimal("1.5"))
    assert value(rule("number", "accountnumber"), "c1", FROM) == "C1"


def test_a_text_that_is_no_number_is_an_error() -> None:
    counted = FieldRule(bc=Field("n", FieldType.DECIMAL, label="Amount"), sales=text("n"))
    failed = error(counted, "many", FROM)
    assert (failed.code, failed.fields) == ("bad-value", ("n",))
    assert "many" in failed.text


@pytest.mark.rule("3.to-coupled", "3.from-coupled", "3.to-blank", "2.3.lookup-first")
def test_a_coupled_reference_becomes_the_key_of_its_partner() -> None:
    one = rule("currency", "currencyid", lookup="CURRENCY")
    assert value(one, "EUR", TO, {("CURRENCY", "EUR"): EURO}) == EURO
    assert value(one, EURO, FROM, {("CURRENCY", EURO): "EUR"}) == "EUR"
    assert value(one, None) is None


@pytest.mark.rule("3.to-uncoupled")
def test_an_uncoupled_reference_is_an_error_that_says_what_to_do() -> None:
    failed = error(rule("currency", "currencyid", lookup="CURRENCY"), "EUR")
    assert (failed.code, failed.fields) == ("not-coupled", ("currency",))
    assert "EUR" in failed.text
    assert "CURRENCY" in failed.text


def test_an_uncoupled_reference_may_clear_the_field() -> None:
    assert value(rule("currency", "currencyid", lookup="CURRENCY", clear_on_failed=True), "EUR") is None


@pytest.mark.rule("A13.currency", "3.to-currency", "3.from-currency")
def test_a_blank_currency_is_the_local_one() -> None:
    one = rule("currency", "currencyid", lookup="CURRENCY", local_currency="USD")
    assert value(one, None) == LOCAL
    assert value(one, LOCAL, FROM) is None
    assert one.read(PLAN_BC, Record("1", {"currency": "USD"})) is None


def test_without_the_local_currency_in_sales_the_record_fails() -> None:
    one = rule("currency", "currencyid", lookup="CURRENCY", local_currency="USD")
    with pytest.raises(RecordError, match="USD"):
        new_value(make_plan(), one, TO, None, {})


@pytest.mark.rule("2.3.not-null")
def test_not_null_keeps_what_the_destination_has() -> None:
    assert value(rule("currency", "currencyid", lookup="CURRENCY", not_null=True), None) is KEEP


@pytest.mark.rule("3.option-to", "3.option-from")
def test_options_go_by_their_pairs() -> None:
    one = rule("city", "kind", options=TERMS, option_mapping="PAYMENT TERMS")
    assert (value(one, "NET60"), value(one, 1, FROM), value(one, None)) == (2, "NET30", None)


@pytest.mark.rule("3.option-to-uncoupled")
@pytest.mark.parametrize(("direction", "source"), [(TO, "NET90"), (FROM, 9)])
def test_an_option_without_pair_is_an_error(direction: Direction, source: Any) -> None:
    one = rule("city", "kind", options=TERMS, option_mapping="PAYMENT TERMS")
    failed = error(one, source, direction)
    assert failed.code == "unknown-option"
    assert "PAYMENT TERMS" in failed.text
    assert value(rule("city", "kind", options=TERMS, clear_on_failed=True), source, direction) is None


def test_of_several_codes_with_one_value_the_first_comes_back_and_all_are_equal() -> None:
    one = rule("city", "kind", options=(("NET30", 1), ("CM", 1), ("NET60", 2)))
    assert (value(one, "CM"), value(one, 1, FROM)) == (1, "NET30")
    assert one.equal(PLAN_BC, "NET30", "CM")
    assert not one.equal(PLAN_BC, "NET30", "NET60")
    assert not one.equal(PLAN_BC, "NEW", "OTHER")


def test_an_option_that_the_destination_does_not_have_is_an_error() -> None:
    assert error(rule("city", "kind"), "5").code == "unknown-option"


@pytest.mark.rule("2.3.option-constant")
@pytest.mark.parametrize(("constant", "expected"), [("2", 2), ("Vendor", 2), ("vendor", 2), ("", None)])
def test_a_constant_names_an_option_by_value_or_label(constant: str, expected: Any) -> None:
    assert value(rule("", "kind", constant=constant), None) == expected


@pytest.mark.rule("2.3.constant")
def test_a_constant_has_the_type_of_its_field() -> None:
    assert value(rule("", "limit", constant="1.50"), None) == Decimal("1.5")
    assert value(rule("blocked", "", constant="yes"), None, FROM) is True


@pytest.mark.rule("2.3.transformations")
def test_a_transformation_works_in_its_own_direction() -> None:
    one = rule("name", "name", transformation="UPPERCASE", transformation_direction=TO.value)
    assert (value(one, "abc"), value(one, "abc", FROM)) == ("ABC", "abc")


def test_an_unknown_transformation_is_an_error_of_the_record() -> None:
    assert error(rule("name", "name", transformation="MAGIC"), "abc").code == "unknown-transformation"


def test_a_text_that_a_transformation_cannot_take_is_an_error_that_names_the_field() -> None:
    plan = make_plan(transformations={"ROUND": Rule(code="ROUND", type=RuleType.ROUND, parameters={"precision": "1", "direction": "="})})
    with pytest.raises(RecordError, match=r"^Name: The transformation rule ROUND cannot take many") as caught:
        new_value(plan, rule("name", "name", transformation="ROUND"), TO, "many", {})
    assert (caught.value.code, caught.value.fields) == ("bad-value", ("name",))


@pytest.mark.rule("2.3.transformations")
def test_a_transformation_comes_before_what_is_looked_up() -> None:
    terms = rule("city", "kind", options=TERMS, option_mapping="PAYMENT TERMS", transformation="NO BLANKS")
    currency = rule("currency", "currencyid", lookup="CURRENCY", transformation="NO BLANKS")
    assert value(terms, "NET 30") == 1
    assert value(currency, "E U R", TO, {("CURRENCY", "EUR"): EURO}) == EURO
    assert wanted_references(replace(PLAN, rules=(currency,)), TO, [Record("1", {"currency": "E U R"})]) == {("CURRENCY", "EUR")}


def test_a_transformation_may_give_an_option_by_its_label() -> None:
    one = rule("city", "kind", transformation="NO BLANKS")
    assert (value(one, "Ven dor"), value(one, " ")) == (2, None)
    assert value(one, 1, FROM) == "Customer"


def test_references_are_collected_for_a_whole_page() -> None:
    plan = make_plan(rule("currency", "currencyid", lookup="CURRENCY"))
    records = [Record(str(n), {"currency": code}) for n, code in enumerate(["EUR", "", "EUR", "USD"])]
    assert wanted_references(plan, TO, records) == {("CURRENCY", "EUR"), ("CURRENCY", "USD")}


PLAN_BC = TO.source


@pytest.mark.rule("22.text")
@pytest.mark.parametrize(("source", "sent"), [(Decimal("1234.5"), "1234,5"), (Decimal(7), "7"), (None, None)])
def test_a_value_that_is_no_text_is_formatted_before_it_is_transformed(source: Decimal | None, sent: str | None) -> None:
    comma = Rule(code="COMMA", type=RuleType.REPLACE, parameters={"find": ".", "replace": ","})
    own = rule("credit", "note", transformation="COMMA")
    assert new_value(make_plan(own, transformations={"COMMA": comma}), own, TO, source, {}) == sent

"""Transformation rules: text in, text out (engine.md section 22)."""

from __future__ import annotations

import pytest

from syncadmin.sync.errors import RecordError
from syncadmin.sync.transform import IfBlank, Rule, RuleType, apply, check, steps


def given(kind: RuleType, text: str, **parameters: str) -> str:
    return apply({"RULE": Rule(code="RULE", type=kind, parameters=parameters)}, "RULE", text)


def wrong(kind: RuleType, **parameters: str) -> list[str]:
    """Names of the parameters that are not accepted."""
    return list(check(Rule(code="RULE", type=kind, parameters=parameters)))


def refused(kind: RuleType, text: str, **parameters: str) -> str:
    with pytest.raises(RecordError) as caught:
        given(kind, text, **parameters)
    assert caught.value.code == "bad-value"
    return caught.value.text


def chained(*pairs: tuple[str, RuleType]) -> dict[str, Rule]:
    codes = [code for code, _ in pairs]
    return {code: Rule(code=code, type=kind, next=follower) for (code, kind), follower in zip(pairs, [*codes[1:], ""], strict=True)}


# ---- text


@pytest.mark.rule("22.uppercase", "22.lowercase", "22.title-case", "22.trim", "22.alphanumeric")
@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (RuleType.UPPERCASE, "straße ø", "STRASSE Ø"),
        (RuleType.LOWERCASE, "ÆBLE Co", "æble co"),
        (RuleType.TRIM, "  a b ", "a b"),
        (RuleType.TITLE_CASE, "JEAN-LUC o'neil 2nd", "Jean-Luc O'neil 2Nd"),
        (RuleType.ALPHANUMERIC_ONLY, "+45 86-12 (ø)", "458612ø"),
    ],
)
def test_texts_are_changed(kind: RuleType, text: str, expected: str) -> None:
    assert given(kind, text) == expected


@pytest.mark.rule("22.substring", "22.between")
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"start_position": "4", "length": "3"}, "def"),
        ({"start_position": "7", "length": "9"}, "gh"),
        ({"start_position": "3"}, "cdefgh"),
        ({"start_position": "20", "length": "1"}, ""),
        ({"starting_text": "b", "ending_text": "e"}, "cd"),
        ({"starting_text": "f"}, "gh"),
        ({"ending_text": "c"}, "ab"),
        ({"starting_text": "x", "ending_text": "e"}, ""),
        ({"starting_text": "b", "ending_text": "x"}, ""),
    ],
)
def test_a_part_is_cut_out_by_position_or_between_two_texts(parameters: dict[str, str], expected: str) -> None:
    assert given(RuleType.SUBSTRING, "abcdefgh", **parameters) == expected


@pytest.mark.rule("22.between")
@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, ["start_position"]),
        ({"start_position": "0", "length": "x"}, ["start_position", "length"]),
        ({"length": "3"}, ["start_position"]),
        ({"start_position": "1", "starting_text": "a"}, ["starting_text"]),
        ({"start_position": "1", "find": "a"}, ["find"]),
    ],
)
def test_a_part_needs_positions_or_texts(parameters: dict[str, str], names: list[str]) -> None:
    assert wrong(RuleType.SUBSTRING, **parameters) == names


@pytest.mark.rule("22.replace")
def test_every_occurrence_is_replaced() -> None:
    assert given(RuleType.REPLACE, "a.b.c", find=".", replace="-") == "a-b-c"
    assert given(RuleType.REPLACE, "NOTPROVIDED", find="NOTPROVIDED", replace="") == ""
    assert wrong(RuleType.REPLACE, find="", replace="x") == ["find"]


# ---- regular expressions


@pytest.mark.rule("22.regex-match")
def test_the_first_match_is_taken() -> None:
    assert given(RuleType.PATTERN_MATCH, "call 8612 or 8613", pattern=r"\d{4}") == "8612"
    assert given(RuleType.PATTERN_MATCH, "none", pattern=r"\d{4}") == ""


@pytest.mark.rule("22.regex-replace")
def test_groups_are_named_as_in_net() -> None:
    swap = {"pattern": r"^(?<last>\w+), (\w+)$", "replace": r"$2 ${last} \1 $$"}
    assert given(RuleType.PATTERN_REPLACE, "Hansen, Ida", **swap) == r"Ida Hansen \1 $"
    assert wrong(RuleType.PATTERN_REPLACE, pattern="(a)", replace="$2") == ["replace"]
    assert wrong(RuleType.PATTERN_REPLACE, pattern="(a)", replace="$1") == []


def test_a_pattern_that_is_none_is_refused() -> None:
    assert wrong(RuleType.PATTERN_MATCH, pattern="(") == ["pattern"]
    assert wrong(RuleType.PATTERN_MATCH) == ["pattern"]


def test_a_very_long_text_is_not_searched() -> None:
    assert "500" in refused(RuleType.PATTERN_MATCH, "x" * 501, pattern="x")


# ---- numbers


@pytest.mark.rule("22.decimal")
@pytest.mark.parametrize(
    ("culture", "text", "expected"),
    [
        ("da-DK", "1.234.567,50", "1234567.50"),
        ("da-DK", "-12", "-12"),
        ("en-US", "+1,234.5", "1234.5"),
        ("fr-FR", "1\u202f234,5", "1234.5"),
        ("de-CH", "1’234.5", "1234.5"),
        ("", "1234.5", "1234.5"),
    ],
)
def test_a_number_is_read_as_the_culture_writes_it(culture: str, text: str, expected: str) -> None:
    assert given(RuleType.DECIMAL, text, culture=culture) == expected


@pytest.mark.parametrize("text", ["1.5", "1,2,3", "12.34,5", "many", "1 kg"])
def test_a_number_of_another_culture_is_refused_rather_than_misread(text: str) -> None:
    assert "1.234,50" in refused(RuleType.DECIMAL, text, culture="da-DK")


@pytest.mark.rule("22.round")
@pytest.mark.parametrize(
    ("text", "precision", "direction", "expected"),
    [
        ("1234.56789", "100", "=", "1200"),
        ("1234.56789", "0.001", "<", "1234.567"),
        ("1234.56789", "0.001", ">", "1234.568"),
        ("-1234.56789", "0.001", "<", "-1234.567"),
        ("-1234.56789", "0.001", ">", "-1234.568"),
        ("0.125", "0.05", "=", "0.15"),
        ("99999999999999999999.5", "1", "=", "100000000000000000000"),
    ],
)
def test_numbers_are_rounded_as_business_central_does(text: str, precision: str, direction: str, expected: str) -> None:
    assert given(RuleType.ROUND, text, precision=precision, direction=direction) == expected


def test_rounding_needs_a_number_a_precision_and_a_direction() -> None:
    assert "no number" in refused(RuleType.ROUND, "a", precision="1", direction="=")
    assert "no number" in refused(RuleType.ROUND, "NaN", precision="1", direction="=")
    assert wrong(RuleType.ROUND, precision="0", direction="?") == ["direction", "precision"]
    assert wrong(RuleType.ROUND, precision="1e99", direction="=") == ["precision"]


# ---- dates


@pytest.mark.rule("22.date")
@pytest.mark.parametrize(
    ("text", "wanted", "culture", "expected"),
    [
        ("20260331", "yyyyMMdd", "", "2026-03-31"),
        ("3/31/2026", "", "en-US", "2026-03-31"),
        ("3/31/26", "", "en-US", "2026-03-31"),
        ("31-03-2026", "", "da-DK", "2026-03-31"),
        ("31.3.99", "", "de-DE", "1999-03-31"),
        ("2026-03-31", "", "en-US", "2026-03-31"),
        ("31. marts 2026", "d. MMMM yyyy", "da-DK", "2026-03-31"),
        ("31-okt-2026", "dd-MMM-yyyy", "de-DE", "2026-10-31"),
        ("uge 31/03/26", "'uge' dd/MM/yy", "da-DK", "2026-03-31"),
    ],
)
def test_a_date_is_read_by_format_and_culture(text: str, wanted: str, culture: str, expected: str) -> None:
    assert given(RuleType.DATE, text, format=wanted, culture=culture) == expected


@pytest.mark.parametrize("text", ["20260230", "2026331", "today", "20263103"])
def test_what_is_no_date_is_refused(text: str) -> None:
    refused(RuleType.DATE, text, format="yyyyMMdd", culture="")


def test_a_date_of_another_culture_is_refused() -> None:
    assert "d-M-yyyy" in refused(RuleType.DATE, "3/31/2026", culture="da-DK")
    refused(RuleType.DATE, "1 jui 2026", format="d MMM yyyy", culture="fr-FR")  # juin or juillet


@pytest.mark.rule("22.date-time")
@pytest.mark.parametrize(
    ("text", "wanted", "culture", "expected"),
    [
        ("20260331235959", "yyyyMMddHHmmss", "", "2026-03-31T23:59:59.000Z"),
        ("3/31/2026 11:59 PM", "", "en-US", "2026-03-31T23:59:00.000Z"),
        ("3/31/2026 12:01 am", "", "en-US", "2026-03-31T00:01:00.000Z"),
        ("31-03-2026 23.59", "", "da-DK", "2026-03-31T23:59:00.000Z"),
        ("2026-03-31 10:00 +02:00", "yyyy-MM-dd HH:mm zzz", "", "2026-03-31T08:00:00.000Z"),
        ("2026-03-31T10:00:00.123Z", "yyyy-MM-dd'T'HH:mm:ss.fffK", "", "2026-03-31T10:00:00.123Z"),
    ],
)
def test_a_date_and_time_becomes_a_moment_in_utc(text: str, wanted: str, culture: str, expected: str) -> None:
    assert given(RuleType.DATE_TIME, text, format=wanted, culture=culture) == expected


def test_a_format_needs_year_month_and_day() -> None:
    assert wrong(RuleType.DATE, format="yyyyMM", culture="") == ["format"]
    assert wrong(RuleType.DATE, format="yyyy-MM-dd dd", culture="") == ["format"]
    assert wrong(RuleType.DATE, format="", culture="xx-XX") == ["culture"]
    assert wrong(RuleType.DATE, format="dddd d MMMM yyyy", culture="da-DK") == []


@pytest.mark.rule("22.extract")
@pytest.mark.parametrize(
    ("part", "expected"), [("Day", "3"), ("Day of Week", "7"), ("Week", "53"), ("Month", "1"), ("Quarter", "1"), ("Year", "2027")]
)
def test_a_part_of_a_date_is_taken(part: str, expected: str) -> None:
    assert given(RuleType.EXTRACT_FROM_DATE, "2027-01-03", part=part) == expected


@pytest.mark.rule("22.unix")
def test_a_moment_becomes_seconds_since_1970() -> None:
    assert given(RuleType.UNIX_TIMESTAMP, "2026-03-31T10:00:00.900Z") == "1774951200"
    assert given(RuleType.UNIX_TIMESTAMP, "1970-01-02") == "86400"
    assert "no date" in refused(RuleType.UNIX_TIMESTAMP, "noon")


# ---- looked up, custom


@pytest.mark.rule("22.lookup")
@pytest.mark.parametrize(
    ("if_blank", "text", "expected"),
    [
        (IfBlank.TARGET, " net 30", "Net 30 days"),
        (IfBlank.TARGET, "COD", ""),
        (IfBlank.TARGET, "OTHER", ""),
        (IfBlank.ORIGINAL, "COD", "COD"),
        (IfBlank.ORIGINAL, "OTHER", "OTHER"),
    ],
)
def test_a_value_is_looked_up_in_the_pairs(if_blank: IfBlank, text: str, expected: str) -> None:
    rule = Rule(code="L", type=RuleType.FIELD_LOOKUP, parameters={"if_blank": if_blank}, pairs={"net 30": "Net 30 days", "cod": ""})
    assert apply({"L": rule}, "L", text) == expected


def test_a_look_up_has_to_say_where() -> None:
    assert wrong(RuleType.FIELD_LOOKUP, table="paymentTerms") == ["system", "source_field", "target_field", "if_blank"]


@pytest.mark.rule("22.custom")
def test_a_custom_rule_calls_its_function() -> None:
    rule = Rule(code="C", type=RuleType.CUSTOM, parameters={"name": "mirror"}, function=lambda text: text[::-1])
    assert apply({"C": rule}, "C", "abc") == "cba"
    assert "mirror is not installed" in refused(RuleType.CUSTOM, "abc", name="mirror")


# ---- chains


@pytest.mark.rule("22.chain")
def test_the_next_rule_takes_what_the_rule_gave() -> None:
    rules = chained(("TRIM", RuleType.TRIM), ("LETTERS", RuleType.ALPHANUMERIC_ONLY), ("CAPITAL", RuleType.UPPERCASE))
    assert apply(rules, "TRIM", " a-b ") == "AB"
    assert [(step.code, step.text) for step in steps(rules, "TRIM", " a-b ")] == [("TRIM", "a-b"), ("LETTERS", "ab"), ("CAPITAL", "AB")]


def test_nothing_is_left_as_it_is() -> None:
    rules = chained(("LETTERS", RuleType.ALPHANUMERIC_ONLY), ("STAMP", RuleType.UNIX_TIMESTAMP))
    assert (apply(rules, "LETTERS", ""), apply(rules, "LETTERS", "--")) == ("", "")


def test_a_circle_and_a_missing_rule_are_errors() -> None:
    rules = chained(("A", RuleType.TRIM), ("B", RuleType.TRIM))
    circle = rules | {"B": Rule(code="B", type=RuleType.TRIM, next="A")}
    for wrong_rules, reason in ((circle, "A → B → A run in a circle"), ({"A": rules["A"]}, "no transformation rule B")):
        with pytest.raises(RecordError, match=reason) as caught:
            apply(wrong_rules, "A", "x")
        assert caught.value.code == "unknown-transformation"

"""Match-based coupling: criteria, groups, and a verdict for each record (engine.md section 14, A6)."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sync.criteria import Criterion, criteria_of, wanted_lookups
from syncadmin.sync.matching import Match, Matcher, Verdict
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Record
from syncadmin.sync.tables import Field, FieldType
from syncadmin.sync.transform import Rule, RuleType
from tests.sync.world import BC, FROM, SALES, make_plan, rule, table

COUPLE, NO_MATCH, AMBIGUOUS, TAKEN = Verdict.COUPLE, Verdict.NO_MATCH, Verdict.AMBIGUOUS, Verdict.TAKEN


def by(bc: str, sales: str, priority: int = 0, **options: Any) -> FieldRule:
    return rule(bc, sales, match_priority=priority, **options)


def plan_by(*rules: FieldRule, **options: Any) -> TablePlan:
    return make_plan(rules=rules, **options)


NAME, PHONE, CITY = by("name", "name"), by("phone", "telephone"), by("city", "town")


def people(*rows: dict[str, Any]) -> list[Record]:
    """Customers c1, c2, ..."""
    return [Record(f"c{place}", row) for place, row in enumerate(rows, 1)]


def accounts(*rows: dict[str, Any]) -> list[Record]:
    """Accounts a1, a2, ..."""
    return [Record(f"a{place}", row) for place, row in enumerate(rows, 1)]


def matched(
    plan: TablePlan,
    customers: list[Record],
    offered: list[Record],
    *,
    taken: dict[str, str] | None = None,
    references: dict[tuple[str, str], str] | None = None,
    more: tuple[Criterion, ...] = (),
) -> list[Match]:
    matcher = Matcher(plan, [*criteria_of(plan)[0], *more])
    matcher.add(offered, references or {})
    return matcher.decide([matcher.search(one, references or {}) for one in customers], taken or {})


def pairs(matches: list[Match]) -> list[str]:
    """The partner of each, or the verdict."""
    return [match.candidates[0].key if match.verdict is COUPLE else match.verdict.value for match in matches]


# ---- one criterion


@pytest.mark.rule("14.4.one")
def test_a_record_is_coupled_with_the_only_one_of_the_same_name() -> None:
    found = matched(plan_by(NAME), people({"name": "Adatum"}, {"name": "Contoso"}), accounts({"name": "Contoso"}, {"name": "Adatum"}))
    assert pairs(found) == ["a2", "a1"]
    assert found[0].text == "Matched by Name (Adatum)."


@pytest.mark.rule("14.3.case")
def test_letter_case_and_trailing_blanks_do_not_matter() -> None:
    assert pairs(matched(plan_by(NAME), people({"name": "ADATUM"}), accounts({"name": "Adatum "}))) == ["a1"]


@pytest.mark.rule("14.3.case")
def test_letter_case_matters_where_the_field_mapping_says_so() -> None:
    plan = plan_by(by("name", "name", case_sensitive=True))
    assert pairs(matched(plan, people({"name": "ADATUM"}, {"name": "Adatum"}), accounts({"name": "Adatum"}))) == ["no-match", "a1"]


def test_numbers_compare_to_the_digits_that_both_fields_hold() -> None:
    found = matched(plan_by(by("credit", "limit")), people({"credit": 1.5}, {"credit": 2}), accounts({"limit": "1.500"}, {"limit": 3}))
    assert pairs(found) == ["a1", "no-match"]


def test_a_number_that_was_never_set_in_sales_is_zero() -> None:
    plan = plan_by(NAME, by("credit", "limit"))
    assert pairs(matched(plan, people({"name": "Adatum", "credit": 0}), accounts({"name": "Adatum", "limit": None}))) == ["a1"]


def test_a_day_matches_the_midnight_of_that_day() -> None:
    bc, sales = table(BC, Field("city", FieldType.DATE)), table(SALES, Field("town", FieldType.MOMENT))
    plan = make_plan(bc=bc, sales=sales, rules=(by("city", "town", bc_table=bc, sales_table=sales),))
    assert pairs(matched(plan, people({"city": "2026-03-01"}), accounts({"town": "2026-03-01T00:00:00Z"}))) == ["a1"]


# ---- several criteria


@pytest.mark.rule("14.3.and")
def test_all_criteria_of_a_priority_must_agree() -> None:
    offered = accounts({"name": "Adatum", "town": "Ulm"}, {"name": "Adatum", "town": "Bonn"})
    assert pairs(matched(plan_by(NAME, CITY), people({"name": "Adatum", "city": "Bonn"}), offered)) == ["a2"]
    assert pairs(matched(plan_by(NAME, CITY), people({"name": "Adatum", "city": "Kiel"}), offered)) == ["no-match"]


@pytest.mark.rule("14.3.blank")
def test_a_blank_value_is_left_out() -> None:
    assert pairs(matched(plan_by(NAME, CITY), people({"name": "Adatum", "city": ""}), accounts({"name": "Adatum", "town": "Ulm"}))) == [
        "a1"
    ]


@pytest.mark.rule("14.3.all-blank")
def test_a_record_that_is_blank_in_all_criteria_matches_nothing() -> None:
    (match,) = matched(plan_by(NAME, CITY), people({"name": "", "city": " "}), accounts({"name": "", "town": None}))
    assert (match.verdict, match.certain, match.text) == (NO_MATCH, True, "Name and City are blank.")


@pytest.mark.rule("A6.independent", "14.3.order")
def test_priorities_are_tried_in_order_and_do_not_narrow_each_other() -> None:
    plan = plan_by(by("phone", "telephone", 5), by("name", "name", 0))
    offered = accounts({"name": "Adatum", "telephone": "1"}, {"name": "Other", "telephone": "2"})
    assert pairs(matched(plan, people({"name": "Adatum", "phone": "2"}), offered)) == ["a1"]
    assert pairs(matched(plan, people({"name": "Unknown", "phone": "2"}), offered)) == ["a2"]


@pytest.mark.rule("14.4.next")
def test_an_ambiguous_priority_leaves_it_to_the_next_one() -> None:
    plan = plan_by(NAME, by("phone", "telephone", 1))
    offered = accounts({"name": "Adatum", "telephone": "1"}, {"name": "Adatum", "telephone": "2"})
    assert pairs(matched(plan, people({"name": "Adatum", "phone": "2"}), offered)) == ["a2"]


# ---- reasons


def test_no_match_says_by_what_was_searched() -> None:
    plan = plan_by(NAME, by("phone", "telephone", 1), by("city", "town", 2))
    (match,) = matched(plan, people({"name": "Adatum", "phone": "1"}), [])
    assert (match.verdict, match.text) == (NO_MATCH, "No Account record matches by Name (Adatum), nor by Phone (1). City is blank.")


def test_an_ambiguous_record_gets_no_partner_and_names_all_that_match() -> None:
    offered = accounts({"accountnumber": "1", "name": "Adatum"}, {"accountnumber": "2", "name": "ADATUM"})
    (match,) = matched(plan_by(NAME), people({"name": "Adatum"}), offered)
    assert (match.verdict, [one.key for one in match.candidates]) == (AMBIGUOUS, ["a1", "a2"])
    assert match.text == "2 Account records match by Name (Adatum): 1 Adatum, 2 ADATUM."


def test_ambiguous_in_one_priority_is_the_reason_even_if_another_one_finds_nothing() -> None:
    plan = plan_by(NAME, by("phone", "telephone", 1))
    offered = accounts({"name": "Adatum"}, {"name": "Adatum"})
    assert pairs(matched(plan, people({"name": "Adatum", "phone": "9"}), offered)) == ["ambiguous"]


def test_a_coupled_record_counts_among_those_that_match() -> None:
    offered = accounts({"name": "Adatum"}, {"name": "Adatum"})
    assert pairs(matched(plan_by(NAME), people({"name": "Adatum"}), offered, taken={"a1": "10 Somebody"})) == ["ambiguous"]


def test_a_record_whose_only_match_is_coupled_already_is_told_to_whom() -> None:
    (match,) = matched(plan_by(NAME), people({"name": "Adatum"}), accounts({"name": "Adatum"}), taken={"a1": "10 Somebody"})
    assert (match.verdict, match.candidates[0].key) == (TAKEN, "a1")
    assert match.text == "Adatum matches by Name (Adatum), but is already coupled to 10 Somebody."


@pytest.mark.rule("14.5.first")
def test_of_two_records_with_one_match_the_first_gets_it() -> None:
    customers = people({"number": "10", "name": "Adatum"}, {"number": "20", "name": "adatum"})
    first, second = matched(plan_by(NAME), customers, accounts({"name": "Adatum"}))
    assert (first.verdict, second.verdict) == (COUPLE, TAKEN)
    assert second.text.endswith("already coupled to 10 Adatum.")


@pytest.mark.rule("14.4.next")
def test_the_loser_still_gets_what_its_next_priority_finds() -> None:
    plan = plan_by(NAME, by("phone", "telephone", 1))
    offered = accounts({"name": "Adatum"}, {"name": "Other", "telephone": "2"})
    assert pairs(matched(plan, people({"name": "Adatum"}, {"name": "Adatum", "phone": "2"}), offered)) == ["a1", "a2"]


def test_one_that_was_changed_while_it_was_read_counts_once_and_as_it_was_last() -> None:
    offered = [Record("a1", {"name": "Adatum"}), Record("a2", {"name": "Contoso"}), Record("a1", {"name": "Adatum Inc."})]
    assert pairs(matched(plan_by(NAME), people({"name": "Adatum"}, {"name": "Adatum Inc."}), offered)) == ["no-match", "a1"]


# ---- values that mean something else on the other side


LOOKUP = by("currency", "currencyid", lookup="CURRENCY", local_currency="USD")
EUR = "11111111-1111-1111-1111-111111111111"
USD = "22222222-2222-2222-2222-222222222222"


def test_a_reference_matches_the_record_that_it_is_coupled_to() -> None:
    customers = people({"currency": "EUR"})
    plan = plan_by(LOOKUP, local_currency_key=USD)
    assert wanted_lookups(plan, customers) == {("CURRENCY", "EUR")}
    offered = accounts({"currencyid": USD}, {"currencyid": EUR.upper()})
    assert pairs(matched(plan, customers, offered, references={("CURRENCY", "EUR"): EUR})) == ["a2"]


def test_a_reference_that_is_not_coupled_matches_nothing_and_says_so() -> None:
    plan = plan_by(NAME, by("currency", "currencyid", lookup="CURRENCY", clear_on_failed=True))
    (match,) = matched(plan, people({"name": "Adatum", "currency": "EUR"}), accounts({"name": "Adatum"}))
    assert (match.verdict, match.certain) == (NO_MATCH, False)
    assert "EUR is not coupled" in match.text


def test_a_blank_currency_is_the_local_one_on_both_sides() -> None:
    plan = plan_by(NAME, LOOKUP, local_currency_key=USD)
    offered = accounts({"name": "One", "currencyid": USD}, {"name": "Two", "currencyid": None}, {"name": "Three", "currencyid": EUR})
    customers = people({"name": "One", "currency": ""}, {"name": "Two", "currency": "USD"}, {"name": "Three", "currency": ""})
    assert pairs(matched(plan, customers, offered)) == ["a1", "a2", "no-match"]


def test_a_mapped_option_matches_its_value() -> None:
    plan = plan_by(by("rating", "kind", options=(("CUST", 1), ("VEND", 2)), option_mapping="KINDS"))
    assert pairs(matched(plan, people({"rating": "VEND"}, {"rating": "?"}), accounts({"kind": 1}, {"kind": 2}))) == ["a2", "no-match"]


def test_a_transformation_counts_in_the_direction_in_which_it_runs() -> None:
    rules = {"BARE": Rule(code="BARE", type=RuleType.ALPHANUMERIC_ONLY)}
    to_sales = plan_by(by("name", "name", transformation="BARE"), transformations=rules)
    from_sales = plan_by(by("name", "name", transformation="BARE", direction=FROM.value), transformations=rules)
    assert pairs(matched(to_sales, people({"name": "A-1"}), accounts({"name": "A1"}))) == ["a1"]
    assert pairs(matched(from_sales, people({"name": "A1"}), accounts({"name": "A-1"}))) == ["a1"]


def test_a_text_that_is_cut_on_its_way_matches_what_it_is_cut_to() -> None:
    long, cut = "x" * 80, "x" * 60
    assert pairs(matched(plan_by(by("name", "name", truncate=True)), people({"name": long}), accounts({"name": cut}))) == ["a1"]
    assert pairs(matched(plan_by(NAME), people({"name": long}), accounts({"name": cut}))) == ["no-match"]


def test_a_table_can_compute_what_is_expected() -> None:
    computed = Criterion(
        label="Code",
        bc=(table(BC).fields["number"],),
        sales=table(SALES).fields["name"],
        expected=lambda record, _: f"NAV {record.values['number']}",
        found=lambda record: record.values["name"],
    )
    found = matched(plan_by(), people({"number": "PCS"}), accounts({"name": "PCS"}, {"name": "nav pcs"}), more=(computed,))
    assert (pairs(found), found[0].text) == (["a2"], "Matched by Code (PCS).")


# ---- from Sales to Business Central: the same records agree


def matched_back(plan: TablePlan, accounts: list[Record], customers: list[Record]) -> list[Match]:
    matcher = Matcher(plan, criteria_of(plan)[0], SALES)
    matcher.add(customers, {})
    return matcher.decide([matcher.search(one, {}) for one in accounts], {})


def test_a_record_of_sales_finds_the_only_customer_of_its_name() -> None:
    (found,) = matched_back(plan_by(NAME), accounts({"name": "CONTOSO"}), people({"name": "Adatum"}, {"name": "Contoso"}))
    assert (found.candidates[0].key, found.text) == ("c2", "Matched by Name (CONTOSO).")


def test_what_is_blank_in_business_central_is_left_out_in_both_directions() -> None:
    customers = people({"name": "Adatum", "city": ""}, {"name": "Contoso", "city": "Ulm"}, {"name": "", "city": ""})
    offered = accounts({"name": "Adatum", "town": "Bonn"}, {"name": "Contoso", "town": "Bonn"}, {"name": "", "town": ""})
    assert pairs(matched_back(plan_by(NAME, CITY), offered, customers)) == ["c1", "no-match", "no-match"]


def test_reasons_name_the_records_of_the_side_that_was_searched() -> None:
    found = matched_back(plan_by(NAME), accounts({"name": "A"}, {"name": "B"}, {"name": None}), people({"name": "B"}, {"name": "B"}))
    assert [one.text for one in found] == [
        "No Customer record matches by Name (A).",
        "2 Customer records match by Name (B): B, B.",
        "Name is blank.",
    ]


def test_a_pair_that_holds_one_way_only_is_left_to_a_person() -> None:
    plan = plan_by(NAME)
    matcher = Matcher(plan, criteria_of(plan)[0], SALES)
    matcher.add(people({"name": "Adatum"}), {})
    (found,) = matcher.decide([matcher.search(accounts({"name": "Adatum"})[0], {})], {}, {("a1", "c1")})
    assert (found.verdict, found.text) == (AMBIGUOUS, "Adatum matches by Name (Adatum), but matches other Account records as well.")


def test_a_candidate_that_cannot_be_compared_matches_nothing() -> None:
    plan = plan_by(NAME, by("currency", "currencyid", lookup="CURRENCY"))
    (found,) = matched_back(plan, accounts({"name": "Adatum", "currencyid": EUR}), people({"name": "Adatum", "currency": "EUR"}))
    assert found.verdict is NO_MATCH


# ---- what can be compared


@pytest.mark.rule("14.2.not-eligible")
def test_constants_and_fields_of_different_types_are_no_criteria() -> None:
    plan = plan_by(NAME, by("", "note", constant="x"), by("credit", "note"), by("currency", "currencyid"), rule("city", "town"))
    criteria, left_out = criteria_of(plan)
    assert [one.label for one in criteria] == ["Name"]
    assert [one.pair for one in left_out] == ["|note", "credit|note", "currency|currencyid"]


@pytest.mark.rule("14.2.fields")
def test_only_what_is_compared_or_names_the_record_is_read() -> None:
    matcher = Matcher(plan_by(CITY, rule("rating", "stars")), criteria_of(plan_by(CITY))[0])
    assert matcher.fields(BC) == ["city", "number", "name"]
    assert matcher.fields(SALES) == ["town", "accountnumber", "name"]

"""Filters as conditions and back: nothing is lost, and what is more than conditions stays text."""

import pytest

from mappings.defaults import default_setup
from mappings.filter_text import Condition, clauses_of, text_of
from mappings.filter_words import Row, Unfit, clauses_from, field_choices, in_words, rows_of
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Field, FieldType, Table

BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
FIELDS = (
    Field("name", FieldType.TEXT, "Account Name"),
    Field("number", FieldType.CODE, "Number"),
    Field("statecode", FieldType.OPTION, "Status", options=((0, "Active"), (1, "Inactive"))),
    Field("kind", FieldType.OPTION, "Kind", options=(("Customer_x0020_Price_x0020_Group", "Customer Price Group"), ("All", "All"))),
    Field("owner", FieldType.LOOKUP, "Owner", read_as="_owner_value"),
    Field("company", FieldType.LOOKUP, "Company", read_as="_bcbi_companyid_value"),
    Field("limit", FieldType.DECIMAL, "Credit Limit"),
    Field("isdisabled", FieldType.BOOLEAN, "Disabled", options=((1, "Off"), (0, "On"))),
    Field("born", FieldType.DATE, "Born"),
    Field("at", FieldType.MOMENT, "Modified"),
    Field("stars", FieldType.OPTION, "Stars", options=((1, "2"), (2, "3"), (3, "1"), (4, "Other"), (5, "Other"))),
)
TABLE = Table("accounts", "Account", "id", "at", fields={one.name: one for one in FIELDS})
DEFAULTS = [one[side]["filter"] for one in default_setup()["mappings"] for side in ("business_central", "sales") if one[side]["filter"]]


@pytest.mark.parametrize("text", DEFAULTS)
def test_every_default_filter_is_conditions_and_comes_back_as_it_was(text):
    clauses = clauses_of(text)
    assert clauses
    again = text_of(clauses)
    assert clauses_of(again) == clauses
    assert again in (text, text.removeprefix("(").removesuffix(")"))


@pytest.mark.parametrize(
    "text",
    [
        "not contains(name,'x')",
        "(a eq 1 and b eq 2) or c eq 3",
        "contains(name,'x') eq true",
        "Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=['1'])",
        "tolower(name) eq 'x'",
        "a eq 1 and",
        "a eq 1)",
        "a like 'b'",
        "name eq 'open",
        "a in ('1','2')",
        "contacts/any(o:o/name eq 'x')",
        "a eq b(1)",
        "contains(name,5)",
    ],
)
def test_more_than_conditions_stays_text(text):
    assert clauses_of(text) is None


def test_brackets_that_change_nothing_are_left_out():
    assert text_of(clauses_of("((a eq 1) and (b eq 2 or b eq 3))") or ()) == "a eq 1 and (b eq 2 or b eq 3)"
    assert text_of(clauses_of("(a eq 1 or (b eq 2 or c eq 3))") or ()) == "a eq 1 or b eq 2 or c eq 3"


def test_an_empty_filter_has_no_conditions():
    assert clauses_of("  ") == ()
    assert text_of(()) == ""


def test_words_in_quotes_are_no_operators():
    assert clauses_of("name eq 'rock and roll or (so)''s'") == ((Condition("name", "eq", "'rock and roll or (so)''s'"),),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("statecode eq 0", "Status is Active"),
        ("name ne 'O''Hara'", "Account Name is not O'Hara"),
        ("startswith(name,'A') and limit ge 500", "Account Name begins with A and Credit Limit is at least 500"),
        ("_owner_value eq null", "Owner is empty"),
        ("isdisabled eq false", "Disabled is No"),
        (
            "statecode eq 0 and (_bcbi_companyid_value eq {companyId} or _bcbi_companyid_value eq null)",
            "Status is Active and (Company is this company or Company is empty)",
        ),
        ("kind eq 'Customer Price Group' or kind eq 'All'", "Kind is Customer Price Group or Kind is All"),
        ("primary/id ne null", "primary/id is not empty"),
        ("at gt 2026-01-31T08:00:00Z", "Modified is more than 2026-01-31T08:00:00Z"),
        ("stars eq 1 or stars eq 2 or stars eq 3", "Stars is 2 or Stars is 3 or Stars is 1"),
        ("stars eq 4 or stars eq 5", "Stars is Other or Stars is 5"),
    ],
)
def test_a_filter_reads_as_a_sentence_and_is_written_again_as_it_was(text, words):
    clauses = clauses_of(text) or ()
    assert in_words(clauses, TABLE) == words
    assert text_of(clauses_from(rows_of(clauses, TABLE), TABLE, SALES)) == text


@pytest.mark.parametrize(
    ("row", "side", "text"),
    [
        (Row("name", "eq", "O'Hara"), SALES, "name eq 'O''Hara'"),
        (Row("statecode", "eq", "inactive"), SALES, "statecode eq 1"),
        (Row("kind", "eq", "Customer_x0020_Price_x0020_Group"), BC, "kind eq 'Customer Price Group'"),
        (Row("isdisabled", "ne", "yes"), SALES, "isdisabled ne true"),
        (Row("born", "lt", "2026-01-31"), BC, "born lt 2026-01-31"),
        (Row("name", "empty", ""), BC, "name eq ''"),
        (Row("kind", "empty", ""), BC, "kind eq ' '"),
        (Row("name", "filled", ""), SALES, "name ne null"),
        (Row("_owner_value", "empty", ""), BC, "_owner_value eq 00000000-0000-0000-0000-000000000000"),
        (Row("number", "contains", "10"), BC, "contains(number,'10')"),
        (Row("_bcbi_companyid_value", "eq", "this company"), SALES, "_bcbi_companyid_value eq {companyId}"),
    ],
)
def test_a_line_of_the_builder_becomes_the_text_of_its_system(row, side, text):
    assert text_of(clauses_from([row], TABLE, side)) == text


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Row("limit", "gt", "much"), "Credit Limit is a decimal, and “much” is none."),
        (Row("statecode", "eq", "asleep"), "Status has no option “asleep”. It has: Active, Inactive."),
        (Row("name", "eq", " "), "Account Name is what?"),
        (Row("limit", "contains", "5"), "Credit Limit is no text"),
        (Row("name", "like", "5"), "Choose how Account Name is compared."),
        (Row("limit", "empty", ""), "Credit Limit is never empty in Business Central."),
    ],
)
def test_a_line_that_makes_no_condition_says_why(row, reason):
    with pytest.raises(Unfit, match=reason.replace("?", "\\?").replace(".", "\\.")):
        clauses_from([row], TABLE, BC)


def test_business_central_takes_or_for_one_field_only():
    rows = [Row("name", "eq", "A"), Row("number", "eq", "B", either=True)]
    with pytest.raises(Unfit, match="one and the same field only, not between Account Name or Number"):
        clauses_from(rows, TABLE, BC)
    assert text_of(clauses_from(rows, TABLE, SALES)) == "name eq 'A' or number eq 'B'"


def test_the_fields_to_choose_from_hold_those_that_the_filter_names():
    choices = dict(field_choices(TABLE, clauses_of("parent/id ne null and name eq 'x'") or ()))
    assert choices["_owner_value"] == "Owner (owner)"
    assert choices["parent/id"] == "parent/id"
    assert "owner" not in choices

"""The grammar of $filter."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncadmin.sandbox.expression import Call, Comparison, FilterSyntaxError, Lambda, Literal, Logical, Membership, Path, parse_filter


def test_and_binds_closer_than_or() -> None:
    tree = parse_filter("a eq 1 or b eq 2 and c eq 3")
    assert isinstance(tree, Logical) and tree.operator == "or"
    assert isinstance(tree.parts[1], Logical) and tree.parts[1].operator == "and"


def test_brackets_change_the_order() -> None:
    tree = parse_filter("(a eq 1 or b eq 2) and not (c eq null)")
    assert isinstance(tree, Logical)
    assert [part.operator for part in tree.parts] == ["or", "not"]


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("'it''s'", Literal("string", "it's")),
        ("5A6D3F0E-2b47-4c1c-9f0a-6f2f1f9d7c11", Literal("guid", "5a6d3f0e-2b47-4c1c-9f0a-6f2f1f9d7c11")),
        ("-12.50", Literal("number", Decimal("-12.50"))),
        ("2026-01-31", Literal("date", "2026-01-31")),
        ("2026-01-31T08:00:00.123Z", Literal("moment", "2026-01-31T08:00:00.123Z")),
        ("true", Literal("boolean", True)),
        ("null", Literal("null", None)),
        ("Microsoft.NAV.contactType'Person'", Literal("enum", "Person")),
    ],
)
def test_literals(text: str, literal: Literal) -> None:
    assert parse_filter(f"a eq {text}") == Comparison("eq", Path(("a",)), literal)


def test_functions_and_related_rows() -> None:
    assert parse_filter("contains(customer/name,'x')") == Call("contains", (Path(("customer", "name")), Literal("string", "x")))


def test_named_arguments_with_lists() -> None:
    tree = parse_filter("""Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=["a","b"])""")
    assert tree.named["PropertyName"] == Literal("string", "name")
    assert [item.value for item in tree.named["PropertyValues"]] == ["a", "b"]


def test_lambda_and_membership() -> None:
    assert parse_filter("lines/any(l:l/price gt 5)").kind == "any"
    assert isinstance(parse_filter("lines/any()"), Lambda)
    assert isinstance(parse_filter("code in ('A','B')"), Membership)


def test_parameter_aliases_stand_for_their_values() -> None:
    assert parse_filter("a eq @p1", {"@p1": "'x'"}) == Comparison("eq", Path(("a",)), Literal("string", "x"))
    with pytest.raises(FilterSyntaxError, match="@p2"):
        parse_filter("a eq @p2", {"@p1": "'x'"})


@pytest.mark.parametrize("text", ["a eq", "a eq 'x", "(a eq 1", "a eq 1 b", "a ~ 1"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(FilterSyntaxError):
        parse_filter(text)

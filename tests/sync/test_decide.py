"""The decision table, field by field and three ways (engine.md A1, A14, A19, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncadmin.sync.conflicts import Conflict, conflict_text
from syncadmin.sync.couplings import CouplingState, Ends
from syncadmin.sync.decide import Decision, Kind, Policy, decide_existing, decide_insert, source_unchanged
from syncadmin.sync.plan import BIDIRECTIONAL, TablePlan, Template, UpdatePolicy
from syncadmin.sync.records import Change, Direction, Record
from syncadmin.sync.tables import Field, FieldType
from tests.sync.world import BC, FROM, SALES, TO, make_plan, rule, table, text

THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHONES = {"phone|telephone": ("1", "1")}


def plan_of(*rules: Any, **options: Any) -> TablePlan:
    return make_plan(**{"rules": tuple(rules), **options})


def coupled(baseline: Mapping[str, tuple[Any, Any]] | None = None, *, synchronized_at: datetime | None = None) -> CouplingState:
    return CouplingState(1, Ends("b", modified_at=synchronized_at), Ends("s", modified_at=synchronized_at), baseline=baseline or {})


def decide(
    plan: TablePlan,
    bc: dict[str, Any],
    sales: dict[str, Any],
    coupling: CouplingState,
    *,
    direction: Direction = TO,
    policy: Policy | None = None,
    bc_at: datetime | None = None,
    sales_at: datetime | None = None,
) -> Decision:
    left, right = Record("b", bc, "1", bc_at), Record("s", sales, "1", sales_at)
    source, destination = (left, right) if direction is TO else (right, left)
    return decide_existing(plan, direction, source, destination, coupling, {}, policy or Policy())


PHONE = plan_of(rule("phone", "telephone"))


@pytest.mark.rule("A1.one-side", "A1.both-equal", "A1.both-differ")
@pytest.mark.parametrize(
    ("bc", "sales", "kind", "values"),
    [
        ("1", "1", Kind.UNCHANGED, {}),
        ("2", "1", Kind.MODIFY, {"telephone": "2"}),
        ("1", "2", Kind.UNCHANGED, {}),
        ("2", "2", Kind.UNCHANGED, {}),
        ("2", "3", Kind.FAIL, {}),
        ("", "1", Kind.MODIFY, {"telephone": None}),
    ],
)
def test_what_changed_since_the_baseline_flows(bc: str, sales: str, kind: Kind, values: dict[str, Any]) -> None:
    decision = decide(PHONE, {"phone": bc}, {"telephone": sales}, coupled(PHONES))
    assert (decision.kind, decision.values) == (kind, values)


@pytest.mark.rule("A1.both-equal")
def test_the_same_change_on_both_sides_is_remembered() -> None:
    decision = decide(PHONE, {"phone": "2"}, {"telephone": "2"}, coupled(PHONES))
    assert decision.baseline == {"phone|telephone": ("2", "2")}


def test_a_change_of_the_other_side_keeps_its_baseline_until_it_flows() -> None:
    decision = decide(PHONE, {"phone": "1"}, {"telephone": "2"}, coupled(PHONES))
    assert decision.baseline == PHONES
    assert not decision.settled


@pytest.mark.rule("A1.none")
def test_a_conflict_lists_baseline_and_both_values() -> None:
    decision = decide(PHONE, {"phone": "2"}, {"telephone": "3"}, coupled(PHONES))
    assert (decision.code, decision.fields) == ("conflict", ("phone",))
    shown = decision.conflicts[0].to_json()
    assert (shown["baseline_bc"], shown["baseline_sales"], shown["bc"], shown["sales"]) == ("1", "1", "2", "3")
    assert all(value in decision.text for value in ("Phone", "“1”", "“2”", "“3”"))


@pytest.mark.rule("A1.others-flow")
def test_fields_without_conflict_flow_beside_one() -> None:
    plan = plan_of(rule("phone", "telephone"), rule("city", "town"))
    baseline = PHONES | {"city|town": ("Ulm", "Ulm")}
    decision = decide(plan, {"phone": "2", "city": "Bonn"}, {"telephone": "3", "town": "Ulm"}, coupled(baseline))
    assert (decision.kind, decision.values) == (Kind.FAIL, {"town": "Bonn"})
    assert decision.baseline == PHONES | {"city|town": ("Bonn", "Bonn")}


@pytest.mark.rule("A1.send", "A1.get", "7.send-to", "7.send-from", "7.get-to", "7.get-from")
@pytest.mark.parametrize(
    ("policy", "direction", "kind", "values"),
    [
        (UpdatePolicy.SEND, TO, Kind.MODIFY, {"telephone": "2"}),
        (UpdatePolicy.SEND, FROM, Kind.SKIP, {}),
        (UpdatePolicy.GET, TO, Kind.SKIP, {}),
        (UpdatePolicy.GET, FROM, Kind.MODIFY, {"phone": "3"}),
    ],
)
def test_the_policy_names_a_winner(policy: UpdatePolicy, direction: Direction, kind: Kind, values: dict[str, Any]) -> None:
    plan = plan_of(rule("phone", "telephone"), update_policy=policy)
    decision = decide(plan, {"phone": "2"}, {"telephone": "3"}, coupled(PHONES), direction=direction)
    assert (decision.kind, decision.values) == (kind, values)


@pytest.mark.rule("A4.winner")
def test_a_winner_named_by_a_person_goes_before_the_policy() -> None:
    plan = plan_of(rule("phone", "telephone"), update_policy=UpdatePolicy.GET)
    decision = decide(plan, {"phone": "2"}, {"telephone": "3"}, coupled(PHONES), policy=Policy(winner=BC))
    assert decision.values == {"telephone": "2"}


def test_a_winner_does_not_overwrite_what_only_the_other_side_changed() -> None:
    decision = decide(PHONE, {"phone": "1"}, {"telephone": "3"}, coupled(PHONES), policy=Policy(winner=BC))
    assert decision.kind is Kind.UNCHANGED


def test_an_unconditional_run_overwrites_what_differs() -> None:
    decision = decide(PHONE, {"phone": "1"}, {"telephone": "3"}, coupled(PHONES), policy=Policy(unconditional=True))
    assert decision.changes == (Change("telephone", "3", "1"),)


@pytest.mark.rule("A1.no-baseline", "7.no-baseline-both")
@pytest.mark.parametrize(
    ("bc_newer", "sales_newer", "kind"),
    [(False, False, Kind.UNCHANGED), (True, False, Kind.MODIFY), (False, True, Kind.UNCHANGED), (True, True, Kind.FAIL)],
)
def test_without_a_baseline_the_stamps_decide(bc_newer: bool, sales_newer: bool, kind: Kind) -> None:
    later = THEN + timedelta(minutes=1)
    bc_at, sales_at = (later if bc_newer else THEN), (later if sales_newer else THEN)
    decision = decide(PHONE, {"phone": "2"}, {"telephone": "3"}, coupled(synchronized_at=THEN), bc_at=bc_at, sales_at=sales_at)
    assert decision.kind is kind


def test_a_conflict_of_records_that_were_never_synchronized_says_so() -> None:
    text = conflict_text([Conflict("phone", "telephone", "Phone", None, None, "1", None, compared=False)])
    assert text == (
        "Both sides differ, and were never synchronized. Phone: “1” in Business Central and blank in Dynamics 365 Sales. "
        "Decide which value stays."
    )


@pytest.mark.rule("A1.no-baseline", "7.no-baseline-both")
def test_coupled_records_that_were_never_synchronized_conflict_only_where_they_differ() -> None:
    plan = plan_of(rule("phone", "telephone"), rule("city", "town"))
    decision = decide(plan, {"phone": "2", "city": "Ulm"}, {"telephone": "3", "town": "Ulm"}, coupled(), bc_at=THEN, sales_at=THEN)
    assert decision.fields == ("phone",)
    assert decision.baseline == {"city|town": ("Ulm", "Ulm")}


@pytest.mark.rule("A1.one-way", "7.one-way-fields")
def test_a_one_way_field_follows_its_source_and_never_conflicts() -> None:
    plan = plan_of(rule("credit", "limit", direction=TO.value))
    decision = decide(plan, {"credit": 5}, {"limit": 9}, coupled({"credit|limit": ("4", "4")}))
    assert decision.values == {"limit": 5}
    assert decide(plan, {"credit": 5}, {"limit": 9}, coupled(), direction=FROM).kind is Kind.UNCHANGED


@pytest.mark.rule("7.bidirectional-only")
def test_a_two_way_field_of_a_one_way_mapping_is_one_way() -> None:
    plan = plan_of(rule("phone", "telephone"), bidirectional=False)
    assert decide(plan, {"phone": "2"}, {"telephone": "3"}, coupled(PHONES)).values == {"telephone": "2"}


@pytest.mark.rule("A19.insert-only")
def test_what_is_taken_only_on_insert_is_not_compared_later() -> None:
    only_new = table(SALES, text("note", on_update=False))
    plan = plan_of(rule("rating", "note", sales_table=only_new), sales=only_new)
    assert decide_insert(plan, TO, Record("b", {"rating": "A"}), {}).values == {"note": "A"}
    assert decide(plan, {"rating": "B"}, {"note": "A"}, coupled({"rating|note": ("A", "A")})).kind is Kind.UNCHANGED


@pytest.mark.rule("A19.update-only")
def test_what_is_taken_only_on_update_follows_the_insert() -> None:
    later = table(SALES, text("note", on_insert=False))
    plan = plan_of(rule("phone", "telephone"), rule("rating", "note", sales_table=later), sales=later)
    decision = decide_insert(plan, TO, Record("b", {"phone": "1", "rating": "A"}), {})
    assert (decision.values, decision.later) == ({"telephone": "1"}, {"note": "A"})
    assert decision.baseline["rating|note"] == (None, None)
    assert decision.later_baseline == {"rating|note": ("A", "A")}


@pytest.mark.rule("2.3.order")
def test_a_later_row_wins_the_field_for_good() -> None:
    plan = plan_of(rule("city", "town", direction=TO.value), rule("rating", "town", direction=TO.value))
    created = decide_insert(plan, TO, Record("b", {"city": "Ulm", "rating": "A"}), {})
    assert created.values == {"town": "A"}
    assert created.baseline == {"city|town": ("Ulm", "A"), "rating|town": ("A", "A")}
    again = decide(plan, {"city": "Bonn", "rating": "A"}, {"town": "A"}, coupled(created.baseline))
    assert (again.kind, again.changes) == (Kind.UNCHANGED, ())
    changed = decide(plan, {"city": "Bonn", "rating": "B"}, {"town": "A"}, coupled(created.baseline))
    assert changed.changes == (Change("town", "A", "B"),)


@pytest.mark.rule("2.3.constant", "2.3.insert", "2.3.modify", "2.3.option-constant")
def test_constants_are_written_where_they_differ() -> None:
    plan = plan_of(rule("phone", "telephone"), rule("", "kind", constant="Vendor", direction=TO.value))
    assert decide_insert(plan, TO, Record("b", {"phone": "1"}), {}).values == {"telephone": "1", "kind": 2}
    assert decide(plan, {"phone": "1"}, {"telephone": "1", "kind": 1}, coupled(PHONES)).values == {"kind": 2}


def test_a_changed_constant_makes_a_record_due() -> None:
    plan = plan_of(rule("phone", "telephone"), rule("", "kind", constant="Vendor", direction=TO.value))
    state = coupled(decide(plan, {"phone": "1"}, {"telephone": "1", "kind": 2}, coupled(PHONES)).baseline)
    record = Record("b", {"phone": "1"})
    assert source_unchanged(plan, TO, record, state)
    other = plan_of(rule("phone", "telephone"), rule("", "kind", constant="Customer", direction=TO.value))
    assert not source_unchanged(other, TO, record, state)


@pytest.mark.rule("A5.sent", "A5.win", "10.wins")
def test_template_values_win_over_mapped_ones() -> None:
    template = Template("DOMESTIC", {"town": "Berlin", "note": "new"}, (("city", "=", "Ulm"),))
    plan = plan_of(rule("city", "town"), templates={SALES: (template,)})
    decision = decide_insert(plan, TO, Record("b", {"city": "Ulm"}), {})
    assert (decision.values, decision.template) == ({"town": "Berlin", "note": "new"}, "DOMESTIC")
    assert decision.baseline == {"city|town": ("Ulm", "Berlin")}
    assert decide_insert(plan, TO, Record("b", {"city": "Bonn"}), {}).values == {"town": "Bonn"}


@pytest.mark.rule("10.missing")
@pytest.mark.parametrize("template", [Template("T", {"limit": "much"}), Template("T", {}, (("nowhere", "=", "x"),))])
def test_a_template_that_cannot_be_used_fails_the_record(template: Template) -> None:
    decision = decide_insert(plan_of(rule("city", "town"), templates={SALES: (template,)}), TO, Record("b", {"city": "Ulm"}), {})
    assert (decision.kind, decision.code) == (Kind.FAIL, "template")


def test_one_bad_field_fails_the_record_and_names_all_bad_ones() -> None:
    plan = plan_of(rule("name", "name"), rule("currency", "currencyid", lookup="CURRENCY"), rule("city", "town"))
    source = {"name": "x" * 70, "currency": "EUR", "city": "Bonn"}
    decision = decide(plan, source, {"name": "", "town": "Ulm"}, coupled(), bc_at=THEN)
    assert (decision.kind, decision.code, decision.fields) == (Kind.FAIL, "too-long", ("name", "currency"))
    assert not decision.values


@pytest.mark.rule("2.3.not-null")
def test_not_null_leaves_the_destination_alone_and_is_no_difference() -> None:
    plan = plan_of(rule("currency", "currencyid", lookup="CURRENCY", not_null=True))
    owner = "aaaaaaaa-0000-0000-0000-000000000002"
    decision = decide(plan, {"currency": ""}, {"currencyid": owner}, coupled(), bc_at=THEN, sales_at=THEN)
    assert (decision.kind, decision.values) == (Kind.UNCHANGED, {})
    assert decision.baseline == {"currency|currencyid": (None, owner)}


def test_an_unset_number_in_sales_is_zero_in_business_central() -> None:
    plan = plan_of(rule("credit", "limit", direction=BIDIRECTIONAL))
    assert decide(plan, {"credit": 0}, {"limit": None}, coupled(), bc_at=THEN, sales_at=THEN).kind is Kind.UNCHANGED
    assert decide(plan, {"credit": 5}, {"limit": None}, coupled({"credit|limit": ("5", "5")}), direction=FROM).values == {"credit": None}


@pytest.mark.rule("A13.numbers")
def test_precision_is_no_change() -> None:
    plan = plan_of(rule("credit", "limit"), sales=table(SALES, Field("limit", FieldType.DECIMAL, scale=1)))
    plan = plan_of(rule("credit", "limit", sales_table=plan.sales), sales=plan.sales)
    baseline = {"credit|limit": ("1.23", "1.2")}
    assert decide(plan, {"credit": Decimal("1.24")}, {"limit": Decimal("1.3")}, coupled(baseline)).kind is Kind.UNCHANGED


@pytest.mark.rule("A17.echo")
def test_a_source_equal_to_its_baseline_is_unchanged_by_etag_or_value() -> None:
    state = coupled(PHONES)
    assert source_unchanged(PHONE, TO, Record("b", {"phone": "1"}), state)
    assert not source_unchanged(PHONE, TO, Record("b", {"phone": "2"}), state)
    seen = CouplingState(1, Ends("b", etag="7"), Ends("s"), baseline=PHONES)
    assert source_unchanged(PHONE, TO, Record("b", {"phone": "2"}, "7"), seen)


def test_a_newly_mapped_field_makes_every_record_due() -> None:
    plan = plan_of(rule("phone", "telephone"), rule("city", "town"))
    assert not source_unchanged(plan, TO, Record("b", {"phone": "1", "city": "Ulm"}, "7"), coupled(PHONES))


def test_a_field_that_only_flows_back_is_left_unsettled_until_it_has() -> None:
    plan = plan_of(rule("phone", "telephone"), rule("rating", "stars", direction=FROM.value))
    baseline = PHONES | {"rating|stars": ("A", "A")}
    bc = {"phone": "1", "rating": "A"}
    assert decide(plan, bc, {"telephone": "1", "stars": "A"}, coupled(baseline)).settled
    assert not decide(plan, bc, {"telephone": "1", "stars": "B"}, coupled(baseline)).settled


def test_a_baseline_of_another_type_counts_as_none() -> None:
    plan = plan_of(rule("credit", "limit"))
    decision = decide(plan, {"credit": 5}, {"limit": 5}, coupled({"credit|limit": ("old text", "old text")}))
    assert (decision.kind, decision.baseline) == (Kind.UNCHANGED, {"credit|limit": ("5", "5")})

"""Transformation rules, and what field mappings name, in a file with the configuration."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from mappings.exchange import Import, mapping_to_json
from mappings.exchange_transformations import circle, transformation_to_json, transformations_to_json
from mappings.models import IntegrationTableMapping, OptionMapping, System, TransformationRule

pytestmark = pytest.mark.django_db


def read(**data: Any) -> Import:
    plan = Import()
    plan.read(data)
    return plan


def imported(**data: Any) -> list[str]:
    """The steps that were carried out."""
    plan = read(**data)
    assert plan.errors == []
    plan.apply()
    return plan.steps


def rule(code: str, next_rule: str = "", **values: Any) -> dict[str, Any]:
    return {"code": code, "description": "", "type": "Trim", "parameters": {}, "next_rule": next_rule} | values


def test_what_was_exported_changes_nothing() -> None:
    assert imported(transformation_rules=transformations_to_json()) == []


def test_new_rules_come_with_their_chains_in_any_order() -> None:
    steps = imported(transformation_rules=[rule("FIRST", "SECOND"), rule("SECOND", "TRIM")])
    assert steps == ["transformation rule SECOND: new", "transformation rule FIRST: new"]
    first = TransformationRule.objects.get(code="FIRST")
    assert first.next_rule is not None and first.next_rule.next_rule == TransformationRule.objects.get(code="TRIM")


def test_a_rule_that_is_there_is_changed_and_told_how() -> None:
    described = transformation_to_json(TransformationRule.objects.get(code="TRIM")) | {"description": "Bare"}
    assert imported(transformation_rules=[described]) == ["transformation rule TRIM: change description"]
    assert imported(transformation_rules=[{"code": "TRIM", "next_rule": "UPPERCASE"}]) == ["transformation rule TRIM: change next_rule"]
    after = TransformationRule.objects.get(code="TRIM")
    assert (after.description, str(after.next_rule)) == ("Bare", "UPPERCASE")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([rule("A", "B"), rule("B", "A")], "A → B → A run in a circle"),
        ([rule("A", "NOWHERE")], "there is no transformation rule NOWHERE"),
        ([rule("A", type="Magic")], "type: Value 'Magic' is not a valid choice."),
        ([rule("A", type="Replace")], "parameters: Find: Say what is replaced."),
        ([rule("A", parameters={"find": 1})], "parameters: Parameters are texts by name."),
        ([rule("A", colour="red")], "unknown key colour"),
        ([rule("small")], "capital letters"),
    ],
)
def test_a_mistake_is_told_with_the_rule(rows: list[dict[str, Any]], reason: str) -> None:
    errors = " ".join(read(transformation_rules=rows).errors)
    assert reason in errors
    assert f"transformation rule {rows[-1]['code']}" in errors


def test_a_circle_is_found_wherever_the_walk_begins() -> None:
    following = {"A": "B", "B": "C", "C": "B", "D": ""}
    assert (circle(following, "A"), circle(following, "D"), circle(following, "")) == (["A", "B", "C", "B"], [], [])


def test_field_mappings_may_name_what_the_same_file_brings(company: Any) -> None:
    mapping = mapping_to_json(IntegrationTableMapping.objects.get(name="CUSTOMER"))
    OptionMapping.objects.all().delete()
    mapping["fields"][0]["transformation_rule"] = "NEW RULE"
    wrong = read(mappings=[mapping]).errors
    assert any("transformation_rule: there is no transformation rule NEW RULE" in error for error in wrong)
    assert any("option_mapping: there is no option mapping PAYMENT TERMS" in error for error in wrong)
    names = {field["option_mapping"] for field in mapping["fields"]} - {""}
    pairs = [{"name": name, "code": "A", "value": 1, "label": ""} for name in names]
    imported(mappings=[mapping], option_mappings=pairs, transformation_rules=[rule("NEW RULE")])
    after = IntegrationTableMapping.objects.get(name="CUSTOMER").field_mappings.all()[0]
    assert after.transformation_rule == "NEW RULE"


def test_what_a_changed_look_up_had_read_is_forgotten(company: Any) -> None:
    lookup = {"system": "sales", "table": "a", "source_field": "b", "target_field": "c", "if_blank": "Target"}
    row = TransformationRule.objects.create(code="L", type="Field Lookup", parameters=lookup)
    row.looked_up.create(system=System.objects.get(kind="sales"), pairs={"a": "b"}, read_at=timezone.now())
    imported(transformation_rules=[transformation_to_json(row) | {"parameters": lookup | {"table": "d"}}])
    assert not row.looked_up.exists()

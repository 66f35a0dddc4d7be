"""Transformation rules in runs: what Field Lookups look up, and functions of other packages. The sandbox answers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mappings.models import IntegrationFieldMapping, IntegrationTableMapping, LookedUpPairs, System, TransformationRule
from mappings.plans import build_plan
from mappings.transformations import custom_functions, engine_rule, looked_up_pairs, refresh_lookups
from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.transform import apply
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
LOOKUP = {
    "system": "business_central", "table": "paymentTerms", "source_field": "code", "target_field": "displayName", "if_blank": "Target"
}  # fmt: skip


@pytest.fixture
def terms(company: People) -> None:
    add_terms(company, "M8D", "Month + 8 days")
    add_terms(company, "COD", "Cash on delivery")


def add_terms(people: People, code: str, name: str) -> None:
    """Payment terms are served by API v2.0 alone."""
    custom, people.bc_root = people.bc_root, f"{people.url}/v2.0/sandbox/demo/api/v2.0"
    people.create_bc("paymentTerms", code=code, displayName=name)
    people.bc_root = custom


@pytest.fixture
def named_terms(terms: None) -> TransformationRule:
    return TransformationRule.objects.create(code="TERMS NAME", type="Field Lookup", parameters=LOOKUP)


def use(mapping: IntegrationTableMapping, code: str, **names: str) -> IntegrationFieldMapping:
    """The field mapping of these names, with the transformation to Sales."""
    row = mapping.field_mappings.get(**names)
    row.transformation_rule, row.transformation_direction = code, "ToIntegrationTable"
    row.save()
    return row


@pytest.mark.rule("22.shipped")
def test_the_shipped_rules_are_there_and_work(db: None) -> None:
    rows = {row.code: row for row in TransformationRule.objects.all()}
    assert len(rows) == 13
    for row in rows.values():
        row.full_clean()
    rules = {code: engine_rule(row) for code, row in rows.items()}
    given = {"FOURTH_TO_SIXTH_CHAR": "abcdefgh", "YYYYMMDD_DATE": "20260331", "DK_DECIMAL_FORMAT": "1.234,50", "NOTPROVIDED": "NOTPROVIDED"}
    assert [apply(rules, code, text) for code, text in given.items()] == ["def", "2026-03-31", "1234.50", ""]


@pytest.mark.rule("22.chain")
def test_a_run_applies_a_chain_and_sends_what_it_gave(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    TransformationRule.objects.filter(code="TRIM").update(next_rule=TransformationRule.objects.get(code="UPPERCASE"))
    use(customer, "TRIM", field="displayName")
    people.create_bc("customers", displayName="Harbour Lights ")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert [row["name"] for row in people.rows_sales("accounts")] == ["HARBOUR LIGHTS"]


def test_a_text_that_a_rule_cannot_take_fails_its_record_alone(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    TransformationRule.objects.create(code="WHOLE", type="Round", parameters={"precision": "1", "direction": "="})
    use(customer, "WHOLE", field="addressLine2")
    people.create_bc("customers", displayName="One", addressLine2="12.6")
    people.create_bc("customers", displayName="Two", addressLine2="Back door")
    code, told = command("synchronize", "CUSTOMER", "--direction", "to")
    assert (code, told["jobs"][0]["inserted"], told["jobs"][0]["failed"]) == (1, 1, 1)
    assert [row["address1_line2"] for row in people.rows_sales("accounts")] == ["13"]
    _, log = command("synchlog", "--errors")
    assert "Round" not in json.dumps(log)
    assert [(entry["code"], "WHOLE cannot take Back door" in entry["message"]) for entry in log["entries"]] == [("bad-value", True)]


@pytest.mark.rule("22.lookup")
def test_a_field_lookup_sends_what_it_found(
    customer: IntegrationTableMapping, named_terms: TransformationRule, people: People, command: Command
) -> None:
    use(customer, "TERMS NAME", field="addressLine2")
    people.create_bc("customers", displayName="One", addressLine2="cod")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert [row["address1_line2"] for row in people.rows_sales("accounts")] == ["Cash on delivery"]


def test_every_run_looks_up_anew(
    customer: IntegrationTableMapping, named_terms: TransformationRule, people: People, command: Command
) -> None:
    use(customer, "TERMS NAME", field="addressLine2")
    command("synchronize", "CUSTOMER")
    add_terms(people, "NEW", "Whenever")
    people.create_bc("customers", displayName="One", addressLine2="NEW")
    command("synchronize", "CUSTOMER")
    assert [row["address1_line2"] for row in people.rows_sales("accounts")] == ["Whenever"]


def test_looking_at_a_record_reads_only_what_was_never_read(customer: IntegrationTableMapping, named_terms: TransformationRule) -> None:
    use(customer, "TERMS NAME", field="addressLine2")
    refresh_lookups(customer)
    assert build_plan(customer).transformations["TERMS NAME"].pairs["m8d"] == "Month + 8 days"
    System.objects.update(address="http://127.0.0.1:9", token_address="http://127.0.0.1:9/token")
    refresh_lookups(IntegrationTableMapping.objects.get(pk=customer.pk))
    LookedUpPairs.objects.all().delete()
    with pytest.raises(RetryLater):
        refresh_lookups(IntegrationTableMapping.objects.get(pk=customer.pk))


def test_a_rule_that_follows_is_looked_up_as_well(customer: IntegrationTableMapping, named_terms: TransformationRule) -> None:
    TransformationRule.objects.filter(code="TRIM").update(next_rule=named_terms)
    use(customer, "TRIM", field="addressLine2")
    refresh_lookups(customer)
    assert LookedUpPairs.objects.get().rule == named_terms


def test_without_rules_nothing_is_asked(customer: IntegrationTableMapping, people: People, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        refresh_lookups(customer)
    assert build_plan(customer).transformations == {}
    assert people.stats()["business_central"]["requests"] == 0


@pytest.mark.parametrize(("parameters", "code"), [({"table": "noSuch"}, "unknown-table"), ({"target_field": "noSuch"}, "unknown-field")])
def test_what_the_system_does_not_have_stops_the_run_with_the_reason(terms: None, parameters: dict[str, str], code: str) -> None:
    with pytest.raises(RunError, match="noSuch") as caught:
        looked_up_pairs(LOOKUP | parameters, System.objects.get(kind="business_central"))
    assert caught.value.code == code


@pytest.mark.rule("22.custom")
def test_a_package_beside_the_product_offers_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "house_rules.py").write_text("def mirror(text):\n    return text[::-1]\n")
    about = tmp_path / "house_rules-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: house-rules\nVersion: 1.0\n")
    entries = "mirror = house_rules:mirror\ngone = house_rules:gone"
    (about / "entry_points.txt").write_text(f"[sync_admin.transformations]\n{entries}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert custom_functions() == ["gone", "mirror"]
    mirror, gone = (engine_rule(TransformationRule(code="C", type="Custom", parameters={"name": name})) for name in ("mirror", "gone"))
    assert apply({"C": mirror}, "C", "abc") == "cba"
    assert gone.function is None

"""Transformation Rules: the list, and deleting."""

import pytest

from mappings.models import ConfigurationChange, TransformationRule

PAGE = "/transformation-rules/"


@pytest.fixture
def used(mapping):
    """CUSTOMER uses TRIM, which goes on with UPPERCASE."""
    TransformationRule.objects.filter(code="TRIM").update(next_rule=TransformationRule.objects.get(code="UPPERCASE"))
    mapping.field_mappings.update(transformation_rule="TRIM")


def key(code):
    return TransformationRule.objects.get(code=code).pk


def codes(answer):
    return [row.code for row in answer.context["table"].page.object_list.data]


def test_the_list_shows_parameters_chain_and_uses(reader, used):
    shown = reader.get(PAGE, {"search": "FOURTH"}).content.decode()
    assert "Start Position: 4, Length: 3" in shown
    shown = reader.get(PAGE, {"search": "TRIM"}).content.decode()
    assert "UPPERCASE" in shown
    assert f'href="{PAGE}{key("TRIM")}/#used-by" aria-label="2 field mappings"' in shown


def test_the_list_is_filtered(reader, used):
    assert codes(reader.get(PAGE, {"type": "Date Formatting"})) == ["US_DATE_FORMAT", "YYYYMMDD_DATE"]
    assert codes(reader.get(PAGE, {"used": "on"})) == ["TRIM"]


def test_what_is_not_used_is_deleted_and_kept_in_the_change_log(administrator, db):
    answer = administrator.post(PAGE, {"rule": [key("LOWERCASE"), key("TITLECASE")], "delete": "yes"}, follow=True)
    assert "LOWERCASE, TITLECASE were deleted." in answer.content.decode()
    assert TransformationRule.objects.count() == 11
    assert ConfigurationChange.objects.get(name="LOWERCASE").before["type"] == "Lowercase"


@pytest.mark.rule("2.1.used", "22.used")
def test_what_is_used_stays_and_its_uses_are_named(administrator, used):
    answer = administrator.post(PAGE, {"rule": [key("TRIM"), key("UPPERCASE")], "delete": "yes"}, follow=True)
    shown = answer.content.decode()
    assert "TRIM was not deleted: it is used by CUSTOMER (displayName), CUSTOMER (city)." in shown
    assert "UPPERCASE was not deleted: it is used by the rule TRIM." in shown
    assert TransformationRule.objects.count() == 13


def test_a_reader_deletes_nothing(reader, db):
    assert reader.post(PAGE, {"rule": key("TRIM"), "delete": "yes"}).status_code == 403
    assert "+ New" not in reader.get(PAGE).content.decode()


def test_more_rules_need_no_more_queries(reader, used, django_assert_num_queries):
    reader.get(PAGE)
    with django_assert_num_queries(QUERIES):
        reader.get(PAGE)
    for number in range(30):
        TransformationRule.objects.create(code=f"R{number}", type="Trim", next_rule_id=key("TRIM"))
    with django_assert_num_queries(QUERIES):
        reader.get(PAGE)


QUERIES = 8  # session, person, 2 x permissions, count, rules with their uses, systems of the top bar, pause

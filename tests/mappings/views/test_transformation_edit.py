"""One transformation rule: saved, chained, and tried on a sample."""

import pytest
from django.urls import reverse

from mappings.models import ConfigurationChange, LookedUpPairs, System, TransformationRule

NEW = "/transformation-rules/new/"
TRY = "/transformation-rules/try/"


@pytest.fixture
def rule(db):
    return TransformationRule.objects.get(code="TRIM")


@pytest.fixture
def page(rule):
    return reverse("mappings:transformation-edit", args=[rule.pk])


@pytest.fixture
def save(administrator, posted):
    """Sends the form of a page that was just opened with changes."""

    def send(address, **changes):
        return administrator.post(address, posted(administrator.get(address).context["form"], **changes))

    return send


def errors(answer):
    return {name: " ".join(texts) for name, texts in answer.context["form"].errors.items()}


def test_a_new_rule_is_saved_and_kept(save):
    answer = save(NEW, code="no dots", type="Replace", parameter_find=".", parameter_replace=" ")
    made = TransformationRule.objects.get(code="NO DOTS")
    assert answer["Location"] == reverse("mappings:transformation-edit", args=[made.pk])
    assert made.parameters == {"find": ".", "replace": " "}
    change = ConfigurationChange.objects.get()
    assert (change.kind, change.name, change.what, change.before) == ("transformation rule", "NO DOTS", "New", None)


def test_a_change_raises_the_versions_of_the_mappings_that_it_reaches(save, page, rule, mapping):
    chained = TransformationRule.objects.create(code="FIRST", type="Uppercase", next_rule=rule)
    mapping.field_mappings.update(transformation_rule=chained.code)
    save(page, description="Bare")
    mapping.refresh_from_db()
    assert mapping.version == 2
    kept = ConfigurationChange.objects.get(kind="mapping")
    assert (kept.name, kept.what) == ("CUSTOMER", "Transformation rule TRIM: Description")


@pytest.mark.rule("22.type")
def test_another_type_clears_the_parameters(save, administrator):
    address = reverse("mappings:transformation-edit", args=[TransformationRule.objects.get(code="FOURTH_TO_SIXTH_CHAR").pk])
    assert "parameter_start_position" in administrator.get(address).context["form"].fields
    assert "parameter_find" in administrator.get(address, {"type": "Replace"}).context["form"].fields
    save(address, type="Uppercase")
    assert TransformationRule.objects.get(code="FOURTH_TO_SIXTH_CHAR").parameters == {}


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"code": "TRIM", "type": "Trim"}, "code", "exists already"),
        ({"code": "A:B", "type": "Trim"}, "code", "capital letters"),
        ({"code": "A", "type": "Magic"}, "type", "not one of the available choices"),
        ({"code": "A", "type": "Replace"}, "parameter_find", "Say what is replaced."),
        ({"code": "A", "type": "Regular Expression - Match", "parameter_pattern": "(a+)+"}, "parameter_pattern", "for ever"),
        ({"code": "A", "type": "Regular Expression - Match", "parameter_pattern": "("}, "parameter_pattern", "no regular expression"),
        ({"code": "A", "type": "Substring", "parameter_start_position": "0"}, "parameter_start_position", "greater than or equal to 1"),
        ({"code": "A", "type": "Decimal Formatting", "parameter_culture": "xx"}, "parameter_culture", "not one of the available"),
        ({"code": "A", "type": "Custom"}, "parameter_name", "Choose a function."),
        ({"code": "A", "type": "Trim", "seen": "old"}, "__all__", "Somebody else has changed this rule"),
    ],
)
def test_what_cannot_work_is_refused_at_its_field(save, changes, field, reason):
    answer = save(NEW, **changes)
    assert reason in errors(answer)[field]
    assert TransformationRule.objects.count() == 13


def test_a_chain_cannot_run_in_a_circle(save, page, rule):
    other = TransformationRule.objects.get(code="UPPERCASE")
    other.next_rule = rule
    other.save()
    assert "TRIM → UPPERCASE → TRIM" in errors(save(page, next_rule=other.pk))["next_rule"]


def test_nothing_changed_is_nothing_saved(save, page):
    assert save(page)["Location"] == page
    assert not ConfigurationChange.objects.exists()


def test_what_a_look_up_had_read_is_forgotten_when_the_rule_changes(save, page, rule, systems):
    LookedUpPairs.objects.create(rule=rule, system=systems[0], pairs={"a": "b"}, read_at="2026-01-01T00:00:00Z")
    save(page, description="Another")
    assert not LookedUpPairs.objects.exists()


def test_the_page_names_what_uses_the_rule(reader, page, rule, mapping):
    TransformationRule.objects.create(code="FIRST", type="Uppercase", next_rule=rule)
    mapping.field_mappings.filter(field="city").update(transformation_rule="TRIM")
    shown = reader.get(page).content.decode()
    assert "city → address1_city" in shown
    assert "FIRST" in shown


@pytest.mark.rule("22.sample")
def test_a_rule_that_is_not_saved_is_tried_with_those_that_follow(administrator, rule):
    query = {"type": "Replace", "parameter_find": "-", "parameter_replace": " ", "next_rule": rule.pk, "sample": "-a-b-"}
    done = administrator.get(TRY, query).context["steps"]
    assert [(step.code, step.text) for step in done] == [("NEW RULE", " a b "), ("TRIM", "a b")]
    assert TransformationRule.objects.count() == 13


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"sample": "x"}, "Choose a type first."),
        ({"sample": "x", "type": "Replace"}, "Find Value: Say what is replaced."),
        ({"sample": "x", "type": "Unixtimestamp"}, "cannot take x"),
        ({"sample": "x", "type": "Field Lookup", "parameter_system": "sales", "parameter_if_blank": "Target"}, "Say where"),
    ],
)
def test_what_cannot_be_tried_says_why(administrator, query, reason):
    assert reason in administrator.get(TRY, query).content.decode()


def test_a_look_up_is_tried_live_and_says_when_the_system_cannot_be_asked(administrator, systems):
    System.objects.update(token_address="http://127.0.0.1:9/token")
    names = {"system": "sales", "table": "accounts", "source_field": "name", "target_field": "city", "if_blank": "Target"}
    query = {f"parameter_{name}": value for name, value in names.items()} | {"type": "Field Lookup", "sample": "x"}
    assert "Not possible" in administrator.get(TRY, query).content.decode()
    System.objects.update(enabled=False)
    assert "No system of this kind is set up" in administrator.get(TRY, query).content.decode()


def test_a_reader_tries_rules_and_changes_none(reader, page, rule):
    shown = reader.get(page).content.decode()
    assert ">Save<" not in shown
    assert [step.text for step in reader.get(TRY, {"rule": rule.pk, "sample": " a "}).context["steps"]] == ["a"]
    assert reader.post(page, {}).status_code == 403
    assert reader.post(NEW, {}).status_code == 403


def test_the_field_mappings_offer_the_rules(administrator, mapping, known_tables):
    TransformationRule.objects.create(code="OUR RULE", type="Trim")
    shown = administrator.get(reverse("mappings:field-list", args=[mapping.pk])).content.decode()
    assert '<option value="OUR RULE">' in shown

"""Templates for new records: the list and a template's page."""

import pytest

from mappings.models import ConfigTemplate, ConfigurationChange, IntegrationTableMapping

LIST = "/templates/"


@pytest.fixture
def customers(company):
    return IntegrationTableMapping.objects.get(name="CUSTOMER")


def page_of(template):
    return f"{LIST}{template.pk}/"


def sent_of(forms, **changes):
    """What the browser sends for the page of a template as it was opened."""
    data = {name: forms.form.get_initial_for_field(own, name) for name, own in forms.form.fields.items()}
    for _, _, formset in forms.lists:
        data |= {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
        for form in formset.forms:
            data |= {f"{form.prefix}-{name}": form.get_initial_for_field(own, name) for name, own in form.fields.items()}
    data |= {name.replace("__", "-"): value for name, value in changes.items()}
    return {name: "" if value is None else value for name, value in data.items()}


def opened(browser, address):
    return browser.get(address).context["forms"]


def test_the_list_tells_what_new_records_get_in_words(reader, customers):
    page = reader.get(LIST).content.decode()
    assert "Relationship Type: Customer" in page
    assert "every record" in page


def test_the_list_asks_no_query_per_row(reader, customers, django_assert_num_queries):
    reader.get(LIST)
    with django_assert_num_queries(QUERIES):
        reader.get(LIST)
    for number in range(20):
        customers.templates.create(side="sales", code=f"T{number}", defaults={"description": "x"})
    with django_assert_num_queries(QUERIES):
        reader.get(LIST)


# session, person, 2 x permissions, count, templates, tables, top bar, pause
QUERIES = 9


def test_a_new_template_begins_with_its_mapping_and_side(administrator, customers):
    page = administrator.get(f"{LIST}new/", {"mapping": customers.pk})
    assert page.context["choose"].initial["mapping"] == str(customers.pk)
    address = f"{LIST}new/?mapping={customers.pk}&side=sales"
    assert opened(administrator, address).form.initial["priority"] == 1


def test_a_template_is_added_with_conditions_and_values_by_their_labels(administrator, customers):
    address = f"{LIST}new/?mapping={customers.pk}&side=sales"
    sent = sent_of(
        opened(administrator, address), code="ULM", priority=0, condition__0__field="city", condition__0__operator="=",
        condition__0__value="Ulm", default__0__field="customertypecode", default__0__value="Prospect",
    )  # fmt: skip
    made = administrator.post(address, sent)["Location"]
    template = ConfigTemplate.objects.get(code="ULM")
    assert made == page_of(template)
    assert template.conditions == [{"field": "city", "operator": "=", "value": "Ulm"}]
    assert template.defaults == {"customertypecode": 8}
    assert ConfigurationChange.objects.get(what="Template ULM added").version == 2


def test_what_is_shown_is_saved_again_as_it_was(administrator, customers):
    template = customers.templates.create(
        side="business_central", code="BOTH", priority=3, conditions=[{"field": "statecode", "operator": "<>", "value": 1}],
        defaults={"city": "Ulm", "creditLimit": "12.5"}, dimensions=[{"dimension": "DEPARTMENT", "value": "SALES", "posting": "Same Code"}],
    )  # fmt: skip
    before = {name: getattr(template, name) for name in ("conditions", "defaults", "dimensions", "priority")}
    answer = administrator.post(page_of(template), sent_of(opened(administrator, page_of(template))))
    assert answer.status_code == 302
    template.refresh_from_db()
    assert {name: getattr(template, name) for name in before} == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"default__1__field": "statecode", "default__1__value": "asleep"}, "has no option “asleep”"),
        ({"default__1__field": "creditlimit", "default__1__value": "much"}, "is a decimal, and “much” is none."),
        ({"default__1__field": "name", "default__1__value": " "}, "Give the value that Account Name gets."),
        ({"condition__0__field": "creditLimit", "condition__0__value": "much"}, "“much” is none."),
        ({"seen_version": 99}, "changed by somebody else"),
        ({"code": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(administrator, customers, changes, reason):
    template = customers.templates.get(side="sales")
    page = administrator.post(page_of(template), sent_of(opened(administrator, page_of(template)), **changes))
    assert reason in page.content.decode()
    assert IntegrationTableMapping.objects.get(pk=customers.pk).version == 1


def test_a_code_is_used_once_per_side(administrator, customers):
    first = customers.templates.get(side="sales")
    second = customers.templates.create(side="sales", code="TWO")
    page = administrator.post(page_of(second), sent_of(opened(administrator, page_of(second)), code=first.code.lower()))
    assert "has another template" in page.content.decode()


def test_default_dimensions_are_for_business_central_and_judged(administrator, customers):
    template = customers.templates.get(side="business_central")
    forms = opened(administrator, page_of(template))
    wrong = {"dimension__0__dimension": "AREA", "dimension__0__value": "40", "dimension__0__posting": "No Code"}
    assert "No Code goes without a value" in administrator.post(page_of(template), sent_of(forms, **wrong)).content.decode()
    assert administrator.post(page_of(template), sent_of(forms, **wrong | {"dimension__0__posting": ""})).status_code == 302
    template.refresh_from_db()
    assert template.dimensions == [{"dimension": "AREA", "value": "40", "posting": ""}]
    assert opened(administrator, page_of(customers.templates.get(side="sales"))).dimensions is None


def test_templates_are_deleted_and_kept_in_the_versions(administrator, customers):
    template = customers.templates.get(side="sales")
    answer = administrator.post(LIST, {"template": template.pk, "delete": "yes"}, follow=True)
    assert f"{template.code} was deleted." in answer.content.decode()
    change = ConfigurationChange.objects.get(what=f"Template {template.code} deleted")
    assert [one["code"] for one in change.before["templates"]] != [one["code"] for one in change.after["templates"]]


def test_a_reader_sees_a_template_and_cannot_change_it(reader, customers):
    template = customers.templates.get(side="sales")
    assert opened(reader, page_of(template)).form.fields["code"].disabled
    assert reader.post(page_of(template), {}).status_code == 403


def test_a_template_of_a_table_that_was_never_read_is_shown_by_its_names(administrator, mapping):
    template = mapping.templates.create(side="sales", code="OLD", defaults={"customertypecode": 3})
    assert "customertypecode: 3" in administrator.get(LIST).content.decode()
    assert opened(administrator, page_of(template)).defaults.forms[0].initial == {"field": "customertypecode", "value": "3"}


@pytest.mark.parametrize(("line", "what"), [("default", "field"), ("condition", "field"), ("dimension", "dimension")])
def test_a_value_without_its_field_is_not_lost_silently(administrator, customers, line, what):
    template = customers.templates.get(side="business_central")
    forms = opened(administrator, page_of(template))
    (formset,) = (one for _, _, one in forms.lists if one.prefix == line)
    spare = formset.forms[-1].prefix
    answer = administrator.post(page_of(template), sent_of(forms) | {f"{spare}-value": "AARHUS"})
    assert f"Say which {what} this value is for, or empty the value." in answer.content.decode()

"""Use Default Synchronization Setup: its preview tells what it does, and it does what it told. Over HTTP."""

import pytest

from joblog.models import JobQueueEntry
from mappings.default_preview import preview_default_setup
from mappings.models import ConfigTemplate, ConfigurationChange, IntegrationFieldMapping, IntegrationTableMapping, System

PAGE, APPLY = "/default-setup/", "/default-setup/apply/"


@pytest.fixture
def systems(company):
    return System.objects.get(kind="business_central"), System.objects.get(kind="sales")


@pytest.fixture
def customer_mapping(systems):
    return IntegrationTableMapping.objects.get(name="CUSTOMER")


def sent(systems, *names, rows):
    business_central, sales = systems
    seen = {f"seen-{row.name}": row.seen for row in rows}
    return {"company": business_central.pk, "sales": sales.pk, "mapping": names, **seen}


def test_after_the_set_up_nothing_would_change(systems):
    assert [row.name for row in preview_default_setup(*systems) if row.changes or row.left_out] == []


def test_the_preview_tells_what_was_changed_added_and_taken_away(systems, customer_mapping):
    customer_mapping.field_mappings.filter(field="city").update(direction="ToIntegrationTable")
    customer_mapping.field_mappings.filter(field="displayName").delete()
    IntegrationFieldMapping.objects.create(mapping=customer_mapping, field="number", integration_field="telephone1", user_defined=True)
    (row,) = preview_default_setup(*systems, names=["CUSTOMER"])
    assert row.added == ("displayName / name",)
    assert row.changed == ("city / address1_city",)
    assert row.removed == ("number / telephone1",)
    line = next(one for one in row.lines if one.name.endswith("Direction"))
    assert (line.before, line.after) == ("To Sales", "Bidirectional")


def test_looking_at_the_preview_changes_nothing(administrator, customer_mapping):
    customer_mapping.description = "Ours"
    customer_mapping.save()
    page = administrator.get(PAGE)
    assert "1 of 14 mappings would change" in page.content.decode()
    customer_mapping.refresh_from_db()
    assert (customer_mapping.description, customer_mapping.version) == ("Ours", 1)


def test_what_was_shown_is_done_and_kept_in_the_change_log(administrator, systems, customer_mapping):
    customer_mapping.field_mappings.filter(field="city").delete()
    rows = preview_default_setup(*systems)
    assert administrator.post(APPLY, sent(systems, "CUSTOMER", rows=rows))["Location"] == "/mappings/"
    (after,) = preview_default_setup(*systems, names=["CUSTOMER"])
    assert not after.changes
    assert ConfigurationChange.objects.get(what__startswith="Use Default", version=2).name == "CUSTOMER"


def test_only_the_ticked_mappings_are_set_up(administrator, systems, customer_mapping):
    IntegrationTableMapping.objects.update(description="Ours")
    administrator.post(APPLY, sent(systems, "CUSTOMER", rows=preview_default_setup(*systems)))
    assert "Ours" not in IntegrationTableMapping.objects.get(name="CUSTOMER").description
    assert IntegrationTableMapping.objects.get(name="CURRENCY").description == "Ours"


def test_the_figures_of_customers_get_their_entry_with_the_mapping_of_customers(administrator, systems, customer_mapping):
    JobQueueEntry.objects.filter(mapping=None).delete()
    rows = preview_default_setup(*systems)
    administrator.post(APPLY, sent(systems, "CURRENCY", rows=rows))
    assert not JobQueueEntry.objects.filter(run_kind="statistics").exists()
    administrator.post(APPLY, sent(systems, "CUSTOMER", rows=rows))
    assert JobQueueEntry.objects.get(run_kind="statistics").recurring


def test_templates_come_back_with_their_mapping(administrator, systems, customer_mapping):
    before = list(customer_mapping.templates.values_list("code", "defaults"))
    ConfigTemplate.objects.all().delete()
    administrator.post(APPLY, sent(systems, "CUSTOMER", rows=preview_default_setup(*systems)))
    assert list(customer_mapping.templates.values_list("code", "defaults")) == before != []


def test_what_has_moved_since_it_was_shown_is_shown_again(administrator, systems, customer_mapping):
    rows = preview_default_setup(*systems)
    customer_mapping.field_mappings.filter(field="city").delete()
    answer = administrator.post(APPLY, sent(systems, "CUSTOMER", rows=rows), follow=True)
    assert "not what you have seen any more" in answer.content.decode()
    assert not customer_mapping.field_mappings.filter(field="city").exists()


def test_a_missing_entry_is_made_and_no_other(administrator, systems, customer_mapping):
    JobQueueEntry.objects.all().delete()
    administrator.post(APPLY, sent(systems, "CUSTOMER", rows=preview_default_setup(*systems)))
    assert [entry.mapping for entry in JobQueueEntry.objects.exclude(run_kind="statistics")] == [customer_mapping]


def test_mappings_are_not_set_up_without_their_entries(administrator, systems, customer_mapping, no_entry_is_saved):
    IntegrationTableMapping.objects.update(description="Ours")
    JobQueueEntry.objects.all().delete()
    with pytest.raises(no_entry_is_saved):
        administrator.post(APPLY, sent(systems, "CUSTOMER", rows=preview_default_setup(*systems)))
    assert IntegrationTableMapping.objects.get(name="CUSTOMER").description == "Ours"


def test_an_entry_that_somebody_has_made_twice_is_left_alone(administrator, systems, customer_mapping):
    entry = JobQueueEntry.objects.get(mapping=customer_mapping)
    entry.pk = None
    entry.save()
    assert administrator.post(APPLY, sent(systems, "CUSTOMER", rows=preview_default_setup(*systems)))["Location"] == "/mappings/"
    assert JobQueueEntry.objects.filter(mapping=customer_mapping).count() == 2


def test_nothing_ticked_changes_nothing(administrator, systems, customer_mapping):
    answer = administrator.post(APPLY, sent(systems, rows=[]), follow=True)
    assert "select a mapping first" in answer.content.decode()


def test_a_system_that_does_not_answer_is_named(administrator, systems):
    System.objects.filter(kind="sales").update(enabled=False)
    assert "is switched off" in administrator.get(PAGE).content.decode()


def test_a_mapping_is_looked_at_alone(administrator, customer_mapping):
    rows = administrator.get(PAGE, {"mapping": "CUSTOMER"}).context["rows"]
    assert [row.name for row in rows] == ["CUSTOMER"]


def test_a_mapping_that_somebody_added_is_left_alone(administrator, customer_mapping):
    assert "VENDOR: no default mapping is called so." in administrator.get(PAGE, {"mapping": "VENDOR"}).content.decode()


def test_without_systems_it_says_where_to_begin(administrator):
    assert "No system is connected yet. Connect Business Central and Dynamics 365 Sales first." in administrator.get(PAGE).content.decode()


def test_the_preview_asks_no_query_per_mapping(administrator, systems, django_assert_num_queries):
    administrator.get(PAGE)
    with django_assert_num_queries(QUERIES):
        administrator.get(PAGE)
    IntegrationTableMapping.objects.filter(name__in=["SALESPEOPLE", "CURRENCY", "CONTACT"]).delete()
    with django_assert_num_queries(QUERIES):
        administrator.get(PAGE)


# session, person, 2 x permissions, 2 x systems, traffic of both, mappings with fields and templates (3), mappings, top bar, pause
QUERIES = 14

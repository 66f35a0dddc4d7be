"""The New Table Mapping guide, step by step against the sandbox over HTTP."""

import pytest

from joblog.models import JobQueueEntry
from mappings.companies import OWN_OR_NONE
from mappings.models import ConfigTemplate, ConfigurationChange, IntegrationTableMapping, System, SystemTable

NEW, CREATE = "/mappings/new/", "/mappings/create/"


def step(name):
    return f"{NEW}{name}/"


@pytest.fixture
def vendors(demo_company, administrator):
    """An administrator whose guide stands at the fields of vendors and accounts."""
    administrator.post(step("systems"), systems_of("VENDOR"))
    administrator.post(step("tables"), {"table": "vendors", "integration_table": "accounts", "direction": "ToIntegrationTable"})
    return administrator


def systems_of(name):
    business_central, sales = System.objects.get(kind="business_central"), System.objects.get(kind="sales")
    return {"name": name, "description": "", "business_central": business_central.pk, "sales": sales.pk}


def sent_of(forms, **changes):
    """What the browser sends for a set of forms as it was shown."""
    data = {f"{forms.prefix}-{name}": value for name, value in forms.management_form.initial.items()}
    for form in forms.forms:
        for name, own in form.fields.items():
            value = form.get_initial_for_field(own, name)
            if value not in (None, False, ""):
                data[f"{form.prefix}-{name}"] = value
    data |= {f"{forms.prefix}-{name}": value for name, value in changes.items()}
    return {name: value for name, value in data.items() if value is not None}


def pairs(browser, **changes):
    return sent_of(browser.get(step("fields")).context["forms"], **changes)


def as_vendor(browser):
    """The proposed pairs, and a constant that makes the account a vendor."""
    place = browser.get(step("fields")).context["forms"].initial_form_count()
    constant = {"use": "on", "integration_field": "customertypecode", "constant_value": "Vendor", "direction": "ToIntegrationTable"}
    return pairs(browser, **{f"{place}-{name}": value for name, value in constant.items()})


RULES = {
    "update_conflict_resolution": "None", "deletion_conflict_resolution": "None", "table_filter": "", "integration_table_filter": "",
    "default-TOTAL_FORMS": 1, "default-INITIAL_FORMS": 0, "default-0-field": "sales:description", "default-0-value": "From a vendor",
}  # fmt: skip


def everything_saved():
    return {
        model: model.objects.count() for model in (IntegrationTableMapping, JobQueueEntry, ConfigTemplate, ConfigurationChange, SystemTable)
    }


def test_the_guide_begins_with_the_systems(company, administrator):
    assert administrator.get(NEW)["Location"] == step("systems")
    assert administrator.get(step("preview"))["Location"] == step("systems")


def test_the_tables_are_those_that_the_systems_have(vendors):
    known = vendors.get(step("tables")).context["known"]
    assert ("vendors", "Vendor") in known["business_central"]
    assert ("accounts", "Account") in known["sales"]


def test_a_table_is_named_by_its_label_too_and_an_unknown_one_refused(vendors):
    sent = {"table": "vendor", "integration_table": "planets", "direction": "ToIntegrationTable"}
    form = vendors.post(step("tables"), sent).context["form"]
    assert form.errors == {"integration_table": ["Dynamics 365 Sales has no table planets."]}


def test_pairs_are_proposed_and_judged(vendors):
    forms = vendors.get(step("fields")).context["forms"].forms
    proposed = {(form.initial["field"], form.initial["integration_field"]) for form in forms if form.initial}
    assert proposed == {("number", "accountnumber"), ("displayName", "name")}
    assert [form.remarks for form in forms if form.initial] == [[], []]


def test_key_and_time_of_change_are_found_in_the_metadata(vendors):
    page = vendors.get(step("fields")).content.decode()
    assert all(f"<code>{name}</code>" in page for name in ("id", "lastModifiedDateTime", "accountid", "modifiedon"))


def test_a_pair_that_cannot_run_keeps_the_guide_there(vendors):
    place = 2
    wrong = {"use": "on", "field": "displayName", "integration_field": "ownerid", "direction": "ToIntegrationTable"}
    page = vendors.post(step("fields"), pairs(vendors, **{f"{place}-{name}": value for name, value in wrong.items()}))
    assert "1 ticked pair cannot run" in page.content.decode()
    assert "A reference needs the lookup mapping" in page.content.decode()


def test_checking_keeps_the_pairs_and_adds_lines(vendors):
    answer = vendors.post(step("fields"), as_vendor(vendors) | {"go": "check"})
    assert answer["Location"] == step("fields")
    forms = vendors.get(step("fields")).context["forms"]
    assert forms.initial_form_count() == 3
    assert forms.total_form_count() == 6


def test_going_back_loses_nothing_of_what_was_typed(vendors):
    answer = vendors.post(
        step("fields"), pairs(vendors, **{"2-constant_value": "half", "0-use": None, "1-use": None, "go": "x"}) | {"go": "back"}
    )
    assert answer["Location"] == step("tables")
    page = vendors.get(step("fields")).content.decode()
    assert 'value="half"' in page
    assert "Tick at least one pair of fields." in page
    assert vendors.get(step("systems")).context["form"].initial["name"] == "VENDOR"


def test_other_tables_propose_their_own_fields(vendors):
    vendors.post(step("fields"), as_vendor(vendors))
    vendors.post(step("tables"), {"table": "currencies", "integration_table": "transactioncurrencies", "direction": "ToIntegrationTable"})
    forms = vendors.get(step("fields")).context["forms"].forms
    assert ("code", "isocurrencycode") in {(form.initial.get("field"), form.initial.get("integration_field")) for form in forms}


def test_cancel_leaves_nothing(vendors):
    before = everything_saved()
    vendors.post(step("fields"), as_vendor(vendors))
    answer = vendors.post(step("rules"), {"go": "cancel"}, follow=True)
    assert "The new mapping was given up. Nothing was saved." in answer.content.decode()
    assert everything_saved() == before
    assert vendors.get(NEW)["Location"] == step("systems")


def test_a_filter_that_its_system_refuses_keeps_the_guide_there(vendors):
    vendors.post(step("fields"), as_vendor(vendors))
    form = vendors.post(step("rules"), RULES | {"table_filter": "colour eq 'red'"}).context["form"]
    assert "colour" in form.errors["table_filter"][0]


def test_a_template_value_is_checked(vendors):
    vendors.post(step("fields"), as_vendor(vendors))
    page = vendors.post(step("rules"), RULES | {"default-0-field": "sales:statecode", "default-0-value": "asleep"})
    assert "has no option “asleep”" in page.content.decode()


@pytest.fixture
def at_preview(vendors):
    vendors.post(step("fields"), as_vendor(vendors))
    assert vendors.post(step("rules"), RULES)["Location"] == step("preview")
    return vendors


def test_the_preview_shows_a_real_record_before_anything_is_saved(at_preview, people):
    before = everything_saved()
    names = {row["number"]: row["displayName"] for row in people.rows_standard("vendors")}
    (sample,) = at_preview.get(step("preview")).context["samples"]
    becomes = {row.becomes_field: row.becomes for row in sample.rows}
    assert (becomes["name"], becomes["customertypecode"]) == (names[becomes["accountnumber"]], "Vendor")
    assert sample.given == (("Description", "From a vendor"),)
    assert everything_saved() == before


def test_another_record_is_tried_by_its_number(at_preview, people):
    vendor = people.rows_standard("vendors")[-1]
    (sample,) = at_preview.get(step("preview"), {"record": vendor["number"]}).context["samples"]
    assert sample.title == f"{vendor['number']} {vendor['displayName']}"
    (sample,) = at_preview.get(step("preview"), {"record": "nobody"}).context["samples"]
    assert "has no such record" in sample.problem


def test_the_mapping_is_made_with_its_fields_template_and_an_entry_on_hold(at_preview):
    answer = at_preview.post(CREATE)
    mapping = IntegrationTableMapping.objects.get(name="VENDOR")
    assert answer["Location"] == f"/mappings/{mapping.pk}/"
    assert (mapping.user_defined, mapping.integration_uid_field, mapping.synch_only_coupled) == (True, "accountid", False)
    rows = mapping.field_mappings.values_list("field", "integration_field", "status", "user_defined")
    assert list(rows) == [
        ("number", "accountnumber", "Enabled", True), ("displayName", "name", "Enabled", True), ("", "customertypecode", "Enabled", True),
    ]  # fmt: skip
    assert mapping.templates.get().defaults == {"description": "From a vendor"}
    assert mapping.job_queue_entries.get().status == "On Hold"
    assert ConfigurationChange.objects.get(name="VENDOR").what == "New Table Mapping"
    assert at_preview.get(NEW)["Location"] == step("systems")


def test_a_mapping_is_never_made_without_its_entry(at_preview, no_entry_is_saved):
    with pytest.raises(no_entry_is_saved):
        at_preview.post(CREATE)
    assert not IntegrationTableMapping.objects.filter(name="VENDOR").exists()
    assert not ConfigurationChange.objects.filter(name="VENDOR").exists()


def test_both_directions_are_shown_for_a_mapping_that_goes_both_ways(demo_company, administrator):
    administrator.post(step("systems"), systems_of("CUSTOMER 2"))
    administrator.post(step("tables"), {"table": "customers", "integration_table": "accounts", "direction": "Bidirectional"})
    assert administrator.post(step("fields"), pairs(administrator))["Location"] == step("rules")
    administrator.post(step("rules"), RULES | {"default-0-field": "", "default-0-value": ""})
    samples = administrator.get(step("preview")).context["samples"]
    assert [sample.way for sample in samples] == ["ToIntegrationTable", "FromIntegrationTable"]
    assert all(sample.rows for sample in samples)


def test_a_name_that_the_company_has_already_is_refused(company, administrator):
    page = administrator.post(step("systems"), systems_of("CUSTOMER"))
    assert "A mapping with this name exists already in this company." in page.content.decode()


def test_what_another_window_entered_meanwhile_is_not_saved_unseen(at_preview):
    seen = at_preview.get(step("preview")).context["seen"]
    at_preview.post(step("rules"), RULES | {"default-0-value": "From another window"})
    assert at_preview.post(CREATE, {"seen": seen})["Location"] == NEW
    assert not IntegrationTableMapping.objects.filter(name="VENDOR").exists()
    at_preview.post(CREATE, {"seen": at_preview.get(step("preview")).context["seen"]})
    assert IntegrationTableMapping.objects.filter(name="VENDOR").exists()


def test_a_name_that_was_taken_meanwhile_is_told_at_the_end(at_preview):
    customer = IntegrationTableMapping.objects.get(name="CUSTOMER")
    customer.pk, customer.name = None, "VENDOR"
    customer.save()
    assert at_preview.post(CREATE)["Location"] == step("systems")
    assert IntegrationTableMapping.objects.filter(name="VENDOR", user_defined=True).count() == 0


def test_a_reader_is_not_let_in(reader):
    assert reader.get(step("systems")).status_code == 403
    assert reader.post(CREATE).status_code == 403


def test_other_tables_ask_for_their_rules_anew(vendors):
    vendors.post(step("fields"), as_vendor(vendors))
    vendors.post(step("rules"), RULES)
    vendors.post(step("tables"), {"table": "currencies", "integration_table": "transactioncurrencies", "direction": "ToIntegrationTable"})
    vendors.post(step("fields"), pairs(vendors))
    assert vendors.get(step("preview"))["Location"] == step("rules")
    assert "From a vendor" not in vendors.get(step("rules")).content.decode()


def test_an_unknown_step_is_not_found(administrator):
    assert administrator.get(step("moon")).status_code == 404


def test_the_preview_names_what_the_system_requires_and_nothing_gives(demo_company, administrator):
    administrator.post(step("systems"), systems_of("CURRENCY 2"))
    administrator.post(
        step("tables"), {"table": "currencies", "integration_table": "transactioncurrencies", "direction": "ToIntegrationTable"}
    )
    place = administrator.get(step("fields")).context["forms"].initial_form_count()
    only_number = {f"{number}-use": None for number in range(1, place)}
    administrator.post(step("fields"), pairs(administrator, **only_number))
    administrator.post(step("rules"), RULES | {"default-0-field": "", "default-0-value": ""})
    assert administrator.get(step("preview")).context["missing"] == [
        "Currency Name of Dynamics 365 Sales", "Currency Symbol of Dynamics 365 Sales",
    ]  # fmt: skip


def test_the_company_of_a_record_is_shown_by_its_name(at_preview):
    (sample,) = at_preview.get(step("preview")).context["samples"]
    assert next(row.becomes for row in sample.rows if row.becomes_field == "bcbi_companyid") == "CRONUS"


def test_a_mapping_keeps_to_its_company_where_rows_carry_one(vendors):
    vendors.post(step("fields"), as_vendor(vendors))
    assert vendors.get(step("rules")).context["form"].initial == {"integration_table_filter": OWN_OR_NONE}


def test_removing_couplings_and_creating_anew_are_not_chosen_together(vendors):
    vendors.post(step("fields"), as_vendor(vendors))
    form = vendors.post(step("rules"), RULES | {"deletion_conflict_resolution": "RemoveCoupling"}).context["form"]
    assert "work against each other" in form.errors["deletion_conflict_resolution"][0]


def test_the_pairs_ask_no_query_per_row(vendors, django_assert_num_queries):
    vendors.post(step("fields"), as_vendor(vendors) | {"go": "check"})
    with django_assert_num_queries(QUERIES):
        vendors.get(step("fields"))
    more = {"use": "on", "field": "displayName", "integration_field": "description", "direction": "ToIntegrationTable"}
    rows = {f"{place}-{name}": value for place in (3, 4, 5) for name, value in more.items()}
    vendors.post(step("fields"), pairs(vendors, **rows) | {"go": "check"})
    with django_assert_num_queries(QUERIES):
        vendors.get(step("fields"))


# session, person, 2 x permissions, company, mappings, option mappings and rules to choose from, mappings of the tables, top bar, pause
QUERIES = 11


def test_a_pair_can_have_a_transformation_rule_and_is_seen_with_it(vendors):
    place = next(
        number
        for number, form in enumerate(vendors.get(step("fields")).context["forms"].forms)
        if form.initial.get("field") == "displayName"
    )
    vendors.post(step("fields"), pairs(vendors, **{f"{place}-transformation_rule": "UPPERCASE"}))
    vendors.post(step("rules"), RULES)
    (sample,) = vendors.get(step("preview")).context["samples"]
    name = next(row for row in sample.rows if row.becomes_field == "name")
    assert (name.transformation, name.becomes) == ("UPPERCASE", name.value.upper())
    vendors.post(CREATE)
    row = IntegrationTableMapping.objects.get(name="VENDOR").field_mappings.get(field="displayName")
    assert (row.transformation_rule, row.transformation_direction) == ("UPPERCASE", "ToIntegrationTable")


def test_another_mapping_of_the_same_tables_is_named(demo_company, administrator):
    administrator.post(step("systems"), systems_of("CUSTOMER 2"))
    administrator.post(step("tables"), {"table": "customers", "integration_table": "accounts", "direction": "Bidirectional"})
    assert "CUSTOMER goes between the same two tables." in " ".join(administrator.get(step("fields")).content.decode().split())

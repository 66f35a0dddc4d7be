"""The list of mappings edited in place, and mappings that are deleted."""

import pytest

from joblog.models import JobQueueEntry, SynchJob
from mappings.models import ConfigurationChange, IntegrationTableMapping

PAGE, LIST, DELETE = "/mappings/edit/", "/mappings/", "/mappings/delete/"


def sent(browser, posted, **changes):
    rows = browser.get(PAGE).context["rows"]
    data = {f"form-{name}": value for name, value in posted(rows.management_form).items()}
    for form in rows.forms:
        data |= {f"{form.prefix}-{name}": getattr(value, "pk", value) for name, value in posted(form).items()}
    data |= {f"form-{name}": value for name, value in changes.items()}
    return {name: value for name, value in data.items() if value is not None}


def names(rows):
    return [form.instance.name for form in rows.forms]


def test_what_is_changed_in_the_list_is_saved_with_its_history(administrator, mapping, make_mapping, posted):
    make_mapping("CONTACT")
    place = names(administrator.get(PAGE).context["rows"]).index("CONTACT")
    changes = {f"{place}-update_conflict_resolution": "SendUpdateToIntegration", f"{place}-multi_company": "on"}
    answer = administrator.post(PAGE, sent(administrator, posted, **changes), follow=True)
    assert "CONTACT was saved as version 2." in answer.content.decode()
    change = ConfigurationChange.objects.get()
    assert (change.name, change.what) == ("CONTACT", "Resolve Update Conflicts, Multi-Company Synchronization Enabled")
    mapping.refresh_from_db()
    assert mapping.version == 1


def test_a_direction_without_fields_is_refused_at_its_line(administrator, mapping, posted):
    page = administrator.post(PAGE, sent(administrator, posted, **{"0-direction": "FromIntegrationTable"}))
    assert "needs at least one enabled field mapping" in page.content.decode()
    mapping.refresh_from_db()
    assert mapping.direction == "Bidirectional"


def test_removing_couplings_and_creating_is_a_matter_for_its_own_page(administrator, mapping, posted):
    changes = {"0-deletion_conflict_resolution": "RemoveCoupling", "0-synch_only_coupled": None}
    assert "work against each other" in administrator.post(PAGE, sent(administrator, posted, **changes)).content.decode()


def test_nobody_overwrites_what_they_have_not_seen(administrator, mapping, posted):
    data = sent(administrator, posted, **{"0-order": "7"})
    IntegrationTableMapping.objects.update(version=5)
    assert "changed by somebody else" in administrator.post(PAGE, data).content.decode()


def test_a_mapping_that_was_deleted_meanwhile_keeps_nobody_from_the_list(administrator, mapping, vendor, posted):
    data = sent(administrator, posted, **{"0-order": "7"})
    vendor.delete()
    answer = administrator.post(PAGE, data, follow=True)
    assert "Nothing was saved: a mapping was deleted meanwhile." in answer.content.decode()
    assert names(answer.context["rows"]) == [mapping.name]


def test_what_is_not_touched_is_not_in_the_way(administrator, mapping, make_mapping, posted):
    make_mapping("CONTACT")
    data = sent(administrator, posted, **{"0-order": "7"})
    IntegrationTableMapping.objects.filter(name=names(administrator.get(PAGE).context["rows"])[1]).update(version=5)
    assert administrator.post(PAGE, data).status_code == 302


def test_the_fields_of_an_option_mapping_follow_its_direction(administrator, make_mapping, posted):
    terms = make_mapping("PAYMENT TERMS", integration_table="accounts.paymenttermscode", direction="ToIntegrationTable")
    terms.field_mappings.create(field="code", integration_field="value", direction="ToIntegrationTable")
    administrator.post(PAGE, sent(administrator, posted, **{"0-direction": "FromIntegrationTable"}))
    assert terms.field_mappings.get().direction == "FromIntegrationTable"


def test_the_list_asks_no_query_per_row(administrator, make_mapping, django_assert_num_queries):
    for number in range(12):
        make_mapping(f"MAPPING {number}")
    administrator.get(PAGE)
    with django_assert_num_queries(7):  # session, person, 2 x permissions, mappings, top bar, pause
        administrator.get(PAGE)


@pytest.fixture
def vendor(make_mapping):
    made = make_mapping("VENDOR", user_defined=True)
    JobQueueEntry.objects.create(mapping=made, description="Vendors")
    SynchJob.objects.create(mapping=made, mapping_name="VENDOR", started_at="2026-01-31T08:00:00Z", direction="ToIntegrationTable")
    return made


def test_a_mapping_that_somebody_added_is_deleted_and_its_history_stays(administrator, vendor):
    answer = administrator.post(DELETE, {"mapping": vendor.pk}, follow=True)
    assert "VENDOR was deleted." in answer.content.decode()
    assert not IntegrationTableMapping.objects.exists()
    assert SynchJob.objects.get().mapping_name == "VENDOR"
    assert ConfigurationChange.objects.get(what="Deleted").before["name"] == "VENDOR"


def test_a_default_mapping_stays(administrator, mapping):
    assert "it is a default mapping" in administrator.post(DELETE, {"mapping": mapping.pk}, follow=True).content.decode()
    assert IntegrationTableMapping.objects.exists()


def test_a_mapping_with_couplings_stays(administrator, vendor, couple):
    couple(vendor)
    assert "Delete its couplings first" in administrator.post(DELETE, {"mapping": vendor.pk}, follow=True).content.decode()
    assert IntegrationTableMapping.objects.exists()


def test_a_mapping_goes_together_with_the_one_that_needs_it(administrator, vendor, make_mapping):
    item = make_mapping("ITEM", depends_on=["VENDOR"], order=200, user_defined=True)
    administrator.post(DELETE, {"mapping": [vendor.pk, item.pk]})
    assert not IntegrationTableMapping.objects.exists()


def test_a_mapping_whose_job_is_running_stays(administrator, vendor):
    JobQueueEntry.objects.update(status="In Process", claim_token="a worker's")
    shown = administrator.post(DELETE, {"mapping": vendor.pk}, follow=True).content.decode()
    assert "one of its jobs is running. Cancel it first." in shown
    assert IntegrationTableMapping.objects.exists()


def test_a_mapping_that_somebody_else_has_deleted_meanwhile_is_told(administrator, vendor):
    gone = vendor.pk
    vendor.delete()
    assert "it is gone by now" in administrator.post(DELETE, {"mapping": gone}, follow=True).content.decode()


def test_a_reader_deletes_no_mapping(reader, vendor):
    assert reader.post(DELETE, {"mapping": vendor.pk}).status_code == 403


def test_a_mapping_that_others_need_stays(administrator, vendor, make_mapping):
    make_mapping("ITEM", depends_on=["VENDOR"])
    make_mapping("PRODUCT").field_mappings.create(field="vendorNumber", integration_field="vendorid", lookup_mapping="VENDOR")
    assert "ITEM, PRODUCT needs it" in administrator.post(DELETE, {"mapping": vendor.pk}, follow=True).content.decode()


def test_manual_mappings_are_found(reader, vendor, mapping):
    rows = reader.get(LIST, {"manual": "on"}).context["table"].page.object_list.data
    assert [row.name for row in rows] == ["VENDOR"]

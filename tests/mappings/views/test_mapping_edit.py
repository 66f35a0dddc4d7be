from datetime import UTC, datetime

import pytest
from django.urls import reverse

from mappings.models import ConfigurationChange, IntegrationTableMapping


@pytest.fixture
def page(mapping):
    return reverse("mappings:mapping-edit", args=[mapping.pk])


@pytest.fixture
def save(administrator, page, posted):
    def send(**changes):
        form = administrator.get(page).context["form"]
        return administrator.post(page, posted(form, **changes))

    return send


def errors(answer):
    return answer.context["form"].errors


@pytest.mark.rule("A26.kept", "A26.version")
def test_a_saved_change_raises_the_version_and_is_kept(save, mapping):
    assert save(description="All our customers").status_code == 302
    mapping.refresh_from_db()
    assert (mapping.description, mapping.version) == ("All our customers", 2)
    change = ConfigurationChange.objects.get()
    assert (change.changed_by_name, change.what, change.version) == ("administrator", "Description", 2)
    assert (change.before["description"], change.after["description"]) == ("", "All our customers")


def test_saving_without_a_change_keeps_nothing(save, mapping, page):
    assert save()["Location"] == page
    assert not ConfigurationChange.objects.exists()


@pytest.mark.rule("1.2.direction")
def test_a_direction_needs_an_enabled_field_with_exactly_that_direction(save, mapping):
    assert (
        "at least one enabled field mapping with the direction ToIntegrationTable"
        in errors(save(direction="ToIntegrationTable"))["direction"][0]
    )
    mapping.field_mappings.update(status="Enabled")
    assert save(direction="ToIntegrationTable").status_code == 302


@pytest.mark.rule("1.2.no-fields")
def test_a_mapping_without_enabled_fields_takes_any_direction(save, mapping):
    mapping.field_mappings.update(status="Disabled")
    assert save(direction="FromIntegrationTable").status_code == 302


@pytest.mark.rule("A23.offer")
def test_a_new_direction_offers_a_full_run(save, mapping, administrator):
    mapping.field_mappings.update(status="Enabled")
    answer = save(direction="ToIntegrationTable")
    page = administrator.get(answer["Location"]).content.decode()
    assert "The change does not reach every record yet." in page
    assert reverse("mappings:full-run-size", args=[mapping.pk]) in page


def test_another_change_offers_none(save, administrator):
    assert "does not reach" not in administrator.get(save(order="7")["Location"]).content.decode()


def test_a_filter_that_cannot_be_checked_is_not_saved(save, mapping):
    assert "customers of CRONUS is not known" in errors(save(table_filter="blocked eq ' '"))["table_filter"][0]
    mapping.refresh_from_db()
    assert mapping.table_filter == ""


def test_what_workers_wrote_meanwhile_stays(save, mapping, administrator, page, posted):
    data = posted(administrator.get(page).context["form"], description="New")
    moved = datetime(2026, 11, 22, tzinfo=UTC)
    IntegrationTableMapping.objects.update(bc_watermark=moved, last_run_status="Finished")
    administrator.post(page, data)
    mapping.refresh_from_db()
    assert (mapping.description, mapping.bc_watermark, mapping.last_run_status) == ("New", moved, "Finished")


def test_a_change_on_top_of_somebody_elses_is_refused(mapping, administrator, page, posted):
    data = posted(administrator.get(page).context["form"], description="Mine")
    IntegrationTableMapping.objects.update(version=2, description="Theirs")
    assert "changed by somebody else" in str(administrator.post(page, data).context["form"].non_field_errors())
    mapping.refresh_from_db()
    assert mapping.description == "Theirs"


@pytest.mark.rule("1.2.remove-coupling")
def test_removing_couplings_while_creating_uncoupled_ones_has_to_be_confirmed(save, mapping):
    risky = {"deletion_conflict_resolution": "RemoveCoupling", "synch_only_coupled": None}
    assert "work against each other" in errors(save(**risky))["recreate_accepted"][0]
    assert save(**risky, recreate_accepted="on").status_code == 302
    assert save(order="9").status_code == 302  # what was accepted once is not asked again


def test_two_mappings_cannot_wait_for_each_other(save, mapping, make_mapping):
    make_mapping("CONTACT", depends_on=["CURRENCY"])
    make_mapping("CURRENCY", depends_on=["CUSTOMER"])
    assert "CONTACT itself waits for CUSTOMER" in errors(save(depends_on=["CONTACT"]))["depends_on"][0]


def test_saving_something_else_keeps_the_order_of_what_comes_first(save, mapping, make_mapping):
    make_mapping("CURRENCY")
    make_mapping("SALESPEOPLE")
    IntegrationTableMapping.objects.filter(pk=mapping.pk).update(depends_on=["SALESPEOPLE", "CURRENCY"])
    save(description="New")
    mapping.refresh_from_db()
    assert mapping.depends_on == ["SALESPEOPLE", "CURRENCY"]


def test_a_reader_sees_and_changes_nothing(reader, page, mapping):
    shown = reader.get(page)
    assert all(field.disabled for field in shown.context["form"].fields.values())
    assert b">Save<" not in shown.content
    assert reader.post(page, {"description": "Mine"}).status_code == 403
    assert not ConfigurationChange.objects.exists()


def test_clearing_the_watermarks_makes_the_next_run_read_everything(administrator, mapping):
    IntegrationTableMapping.objects.update(bc_watermark=datetime(2026, 11, 22, tzinfo=UTC))
    administrator.post(reverse("mappings:clear-watermarks", args=[mapping.pk]))
    mapping.refresh_from_db()
    assert mapping.bc_watermark is None
    assert ConfigurationChange.objects.get().before == {"bc_watermark": "2026-11-22 00:00:00 UTC"}


def test_watermarks_are_cleared_by_administrators_and_never_by_looking(reader, administrator, mapping):
    address = reverse("mappings:clear-watermarks", args=[mapping.pk])
    assert administrator.get(address).status_code == 405


def test_a_reader_clears_no_watermark_and_checks_no_filter(reader, mapping):
    assert reader.post(reverse("mappings:clear-watermarks", args=[mapping.pk])).status_code == 403
    assert reader.get(reverse("mappings:check-filter", args=[mapping.pk])).status_code == 403


def test_a_check_that_cannot_be_made_says_why(administrator, mapping):
    answer = administrator.get(
        reverse("mappings:check-filter", args=[mapping.pk]), {"side": "sales", "integration_table_filter": "statecode eq 0"}
    )
    assert "Not checked" in answer.content.decode()
    assert "accounts of contoso.crm is not known" in answer.content.decode()


@pytest.mark.rule("A23.nothing-reset")
def test_a_change_that_reaches_back_resets_nothing_by_itself(save, mapping):
    mapping.field_mappings.update(status="Enabled")
    read_at = datetime(2026, 1, 1, tzinfo=UTC)
    IntegrationTableMapping.objects.filter(pk=mapping.pk).update(bc_watermark=read_at, sales_watermark=read_at)
    assert save(direction="ToIntegrationTable").status_code == 302
    mapping.refresh_from_db()
    assert (mapping.bc_watermark, mapping.sales_watermark) == (read_at, read_at)

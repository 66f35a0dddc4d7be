"""Versions of a mapping, and going back to one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from mappings.changes import save_with_history
from mappings.models import ConfigurationChange, IntegrationTableMapping, TransformationRule
from tests.people import People


@pytest.fixture
def administrator(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("Administrator")


@pytest.fixture
def contacts(company: People) -> IntegrationTableMapping:
    return IntegrationTableMapping.objects.get(name="CONTACT")


def change(mapping: IntegrationTableMapping, **values: object) -> None:
    for name, value in values.items():
        setattr(mapping, name, value)
    save_with_history(mapping, None, "changed", mapping.save)


def first_version(mapping: IntegrationTableMapping) -> ConfigurationChange:
    return ConfigurationChange.objects.filter(kind="mapping", name=mapping.name).earliest("id")


def restore(client: Client, mapping: IntegrationTableMapping, row: ConfigurationChange) -> str:
    page = client.post(f"/mappings/{mapping.pk}/versions/{row.pk}/restore/", follow=True).content.decode()
    mapping.refresh_from_db()
    return page


def test_every_saved_change_is_a_version_and_says_what_restoring_changes(administrator: Client, contacts: IntegrationTableMapping) -> None:
    change(contacts, table_filter="type eq 'Company'", update_conflict_resolution="GetUpdateFromIntegration")
    page = administrator.get(f"/mappings/{contacts.pk}/versions/?compare={first_version(contacts).pk}").content.decode()
    assert "2 versions" in page
    assert "type eq &#x27;Company&#x27;" in page
    assert "Restore this version" in page
    assert "<td>Resolve Update Conflicts</td><td>Get Update from Integration</td>" in page


def test_restoring_brings_settings_and_field_mappings_back_as_a_new_version(
    administrator: Client, contacts: IntegrationTableMapping
) -> None:
    fields = list(contacts.field_mappings.values_list("field", "integration_field", "status"))
    before = contacts.table_filter
    save_with_history(contacts, None, "fields", lambda: contacts.field_mappings.all().delete())
    change(contacts, table_filter="", synch_only_coupled=False)
    restore(administrator, contacts, first_version(contacts))
    assert list(contacts.field_mappings.values_list("field", "integration_field", "status")) == fields
    assert (contacts.table_filter, contacts.synch_only_coupled) == (before, True)
    newest = ConfigurationChange.objects.filter(kind="mapping", name="CONTACT").latest("id")
    assert (newest.what, newest.changed_by_name) == ("Version 1 restored", "administrator@example.com")
    assert (newest.version, contacts.version) == (4, 4)


def test_restoring_what_is_there_changes_nothing(administrator: Client, contacts: IntegrationTableMapping) -> None:
    number = ConfigurationChange.objects.count()
    assert "nothing was changed" in restore(administrator, contacts, first_version(contacts))
    assert ConfigurationChange.objects.count() == number


def test_a_version_that_names_what_is_gone_is_refused_with_the_reason(administrator: Client, contacts: IntegrationTableMapping) -> None:
    row = first_version(contacts)
    row.after["fields"][0]["transformation_rule"] = "GONE"
    row.save()
    change(contacts, table_filter="")
    TransformationRule.objects.filter(code="GONE").delete()
    page = restore(administrator, contacts, row)
    assert "there is no transformation rule GONE" in page
    assert contacts.table_filter == ""


def test_a_version_of_another_mapping_is_not_restored(administrator: Client, contacts: IntegrationTableMapping) -> None:
    other = ConfigurationChange.objects.filter(kind="mapping", name="CUSTOMER").earliest("id")
    assert administrator.post(f"/mappings/{contacts.pk}/versions/{other.pk}/restore/").status_code == 404


def test_a_card_of_a_phone_says_that_its_number_is_a_version(administrator: Client, contacts: IntegrationTableMapping) -> None:
    change(contacts, direction="ToIntegrationTable")
    page = administrator.get(f"/mappings/{contacts.pk}/versions/").content.decode()
    assert f'<span class="card-word">Version </span>{contacts.version}</td>' in page

import pytest
from django.urls import reverse

from mappings.models import ConfigurationChange, SystemTable
from syncadmin.sync.tables import Field, FieldType, Table


@pytest.fixture
def page(mapping, known_tables):
    return reverse("mappings:field-list", args=[mapping.pk])


@pytest.fixture
def rows(administrator, page, posted):
    """The rows of the open page as they would be sent back; change them and give them to ``send``."""
    context = administrator.get(page).context
    data = posted(context["rows"].management_form) | {"seen_version": context["mapping"].version}
    sent = {f"form-{name}": data.pop(name) for name in list(data) if name.endswith("FORMS")}
    prefix = context["rows"].prefix
    sent = {name.replace("form-", f"{prefix}-"): value for name, value in sent.items()} | {"seen_version": data["seen_version"]}
    for form in context["rows"].forms:
        sent |= {f"{form.prefix}-{name}": value.pk if hasattr(value, "pk") else value for name, value in posted(form).items()}
    return Rows(prefix, sent)


class Rows(dict):
    def __init__(self, prefix, sent):
        super().__init__(sent)
        self.prefix = prefix

    def put(self, row, **values):
        self.update({f"{self.prefix}-{row}-{name}": value for name, value in values.items()})
        return self


def test_a_row_is_changed_in_place_and_the_change_is_kept(administrator, page, rows, mapping):
    assert administrator.post(page, rows.put(1, status="Enabled", truncate="on")).status_code == 302
    row = mapping.field_mappings.get(field="city")
    assert (row.status, row.truncate) == ("Enabled", True)
    mapping.refresh_from_db()
    assert mapping.version == 2
    assert ConfigurationChange.objects.get().what == "Field mappings"


@pytest.mark.rule("2.1.disabled")
def test_a_new_field_mapping_starts_disabled_whatever_was_sent(administrator, page, rows, mapping):
    new = {"field": "email", "integration_field": "name", "direction": "Bidirectional", "status": "Enabled"}
    assert administrator.post(page, rows.put(2, **new)).status_code == 302
    row = mapping.field_mappings.get(field="email")
    assert (row.status, row.user_defined, row.position) == ("Disabled", True, 2)


def test_a_row_is_deleted(administrator, page, rows, mapping):
    administrator.post(page, rows.put(1, DELETE="on"))
    assert [row.field for row in mapping.field_mappings.all()] == ["displayName"]


@pytest.mark.rule("A23.offer")
def test_saving_offers_a_full_run(administrator, page, rows):
    answer = administrator.post(page, rows.put(1, truncate="on"), follow=True)
    assert "does not reach every record yet" in answer.content.decode()


def test_nothing_changed_is_nothing_saved(administrator, page, rows):
    assert administrator.post(page, rows)["Location"] == page
    assert not ConfigurationChange.objects.exists()


@pytest.mark.rule("2.1.clear-or-not-null", "2.1.transformation-direction")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "Disabled"}, None),
        ({"direction": "ToIntegrationTable"}, "needs at least one enabled field mapping with the direction Bidirectional"),
        ({"clear_on_failed_sync": "on", "not_null": "on"}, "exclude each other"),
        ({"field": ""}, "A constant can only go To Sales"),
        ({"transformation_rule": "TRIM"}, "in which direction"),
        ({"option_mapping": "NO SUCH"}, "not one of the available choices"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(administrator, page, rows, change, reason):
    answer = administrator.post(page, rows.put(0, **change))
    if reason is None:
        assert answer.status_code == 302
    else:
        assert reason in answer.content.decode()
        assert not ConfigurationChange.objects.exists()


def test_a_name_that_no_system_can_confirm_is_refused(administrator, page, rows):
    answer = administrator.post(page, rows.put(1, field="ctiy"))
    assert answer.status_code == 200
    assert not ConfigurationChange.objects.exists()


@pytest.mark.rule("2.1.transformation-direction")
def test_the_rule_of_a_one_way_row_works_its_way(administrator, page, rows, mapping):
    administrator.post(page, rows.put(1, transformation_rule="TRIM"))
    assert mapping.field_mappings.get(field="city").transformation_direction == "ToIntegrationTable"


def test_a_change_on_top_of_somebody_elses_is_refused(administrator, page, rows, mapping):
    answer = administrator.post(page, rows.put(1, status="Enabled") | {"seen_version": "99"})
    assert "changed by somebody else" in answer.content.decode()
    assert mapping.field_mappings.get(field="city").status == "Disabled"


def test_a_reader_sees_the_fields_and_changes_none(reader, page):
    shown = reader.get(page).content.decode()
    assert 'value="displayName"' in shown
    assert ">Save<" not in shown
    assert reader.post(page, {}).status_code == 403


def test_the_fields_of_both_systems_are_suggested(reader, page):
    shown = reader.get(page).content.decode()
    assert '<option value="email">' in shown
    assert '<option value="address1_city">' in shown


def test_more_rows_need_no_more_queries(reader, page, mapping, django_assert_num_queries):
    reader.get(page)
    with django_assert_num_queries(QUERIES):
        reader.get(page)
    for number in range(30):
        mapping.field_mappings.create(field=f"f{number}", integration_field="x")
    with django_assert_num_queries(QUERIES):
        reader.get(page)


# session, person, 2 x permissions, mapping, rows, mappings, option mappings and transformation rules to choose from, 2 x tables,
# mappings for look-ups, systems of the top bar, pause
QUERIES = 14


@pytest.mark.rule("2.1.not-null-lookup")
@pytest.mark.parametrize(("kind", "refused"), [(FieldType.LOOKUP, False), (FieldType.GUID, False), (FieldType.TEXT, True)])
def test_not_null_is_for_references_alone(administrator, page, rows, mapping, kind, refused):
    sales = Table(name="accounts", label="Account", key="id", modified_on="at", fields={"address1_city": Field("address1_city", kind)})
    SystemTable.objects.filter(name="accounts").update(metadata=sales.to_json())
    answer = administrator.post(page, rows.put(1, not_null="on"))
    assert ("refer to another record" in answer.content.decode()) is refused
    assert mapping.field_mappings.get(field="city").not_null is not refused


@pytest.mark.rule("2.1.twice")
def test_a_pair_of_fields_can_be_mapped_twice(administrator, page, rows, mapping):
    again = {"field": "city", "integration_field": "address1_city", "direction": "ToIntegrationTable"}
    assert administrator.post(page, rows.put(2, **again)).status_code == 302
    assert mapping.field_mappings.filter(field="city", integration_field="address1_city").count() == 2

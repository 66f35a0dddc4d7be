import html
import re

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
    assert ">displayName<" in shown
    assert 'name="field_mappings-0-field"' not in shown
    assert ">Save<" not in shown
    assert reader.post(page, {}).status_code == 403


def test_the_fields_of_both_systems_are_suggested(reader, page):
    shown = reader.get(page).content.decode()
    assert '<option value="email">' in shown
    assert '<option value="address1_city">' in shown


@pytest.mark.parametrize(("role", "queries"), [("Reader", 13), ("Administrator", 17)])
def test_more_rows_need_no_more_queries(sign_in, page, mapping, django_assert_num_queries, role, queries):
    # session, person, 2 x permissions, mapping, all field mappings, count, rows of the page, 2 x tables, mappings for look-ups, systems of
    # the top bar, pause; to change them also the forms of the page, and mappings, option mappings and transformation rules to choose from
    client = sign_in(role)
    client.get(page)
    with django_assert_num_queries(queries):
        client.get(page)
    for number in range(30):
        mapping.field_mappings.create(field=f"f{number}", integration_field="x")
    with django_assert_num_queries(queries):
        client.get(page)


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


@pytest.fixture
def many(mapping):
    """60 more field mappings of cities, the second page has the last of them."""
    for number in range(60):
        mapping.field_mappings.create(
            field="city", integration_field=f"city_{number:02}", direction="ToIntegrationTable", position=number + 2, truncate=True
        )


def listed(client, page, **query):
    return [row.record.integration_field for row in client.get(page, query).context["table"].paginated_rows]


def test_the_list_is_searched_sorted_and_filtered(reader, page, many):
    assert listed(reader, page, search="city_5") == [f"city_{number}" for number in range(50, 60)]
    assert listed(reader, page, **{"f.integration_field": "city_0*", "sort": "-integration_field"})[0] == "city_09"
    assert listed(reader, page, status="Enabled") == ["name"]
    assert listed(reader, page, **{"f.truncate": "no", "sort": "-field_no"}) == ["address1_city", "name"]
    assert listed(reader, page, **{"f.integration_field_no": "2"}) == ["address1_city"]


def send(client, posted, address, **changes):
    """Saves the open page; a change is named ``row__field``."""
    context = client.get(address).context
    rows = context["rows"]
    sent = {f"{rows.prefix}-{name}": value for name, value in posted(rows.management_form).items()}
    for form in rows.forms:
        sent |= {f"{form.prefix}-{name}": getattr(value, "pk", value) for name, value in posted(form).items()}
    sent |= {f"{rows.prefix}-{name.replace('__', '-')}": value for name, value in changes.items()}
    return client.post(address, sent | {"seen_version": context["mapping"].version})


def test_rows_that_are_not_shown_are_not_lost_when_the_list_is_saved(administrator, page, mapping, many, posted):
    before = list(mapping.field_mappings.values_list("integration_field", "truncate", "status"))
    answer = send(administrator, posted, f"{page}?f.integration_field=*_5*&sort=-integration_field", **{"0__constant_value": "x"})
    assert answer["Location"] == f"{page}?f.integration_field=%2A_5%2A&sort=-integration_field&changed=1"
    assert list(mapping.field_mappings.values_list("integration_field", "truncate", "status")) == before
    assert mapping.field_mappings.get(constant_value="x").integration_field == "city_50"


def test_a_row_is_deleted_and_one_added_while_others_are_filtered_out(administrator, page, mapping, many, posted):
    new = {"1__field": "email", "1__integration_field": "name", "1__direction": "Bidirectional"}
    assert send(administrator, posted, f"{page}?f.integration_field=city_07", **{"0__DELETE": "on"}, **new).status_code == 302
    assert mapping.field_mappings.count() == 62
    assert not mapping.field_mappings.filter(integration_field="city_07").exists()
    assert mapping.field_mappings.get(field="email").position == 62


def test_directions_of_rows_that_are_not_shown_count_too(administrator, page, mapping, posted):
    shown = f"{page}?f.field=city"
    assert send(administrator, posted, shown, **{"0__truncate": "on"}).status_code == 302, "displayName still goes both ways"
    answer = send(administrator, posted, f"{page}?f.field=displayName", **{"0__direction": "ToIntegrationTable"})
    assert "needs at least one enabled field mapping with the direction Bidirectional" in answer.content.decode()


def test_fields_of_hidden_columns_travel_along_and_are_not_lost(administrator, page, mapping, many):
    administrator.post(page, {"choose": "columns", "columns": ["constant_value", "status"]})
    shown = administrator.get(page)
    assert [str(one.header) for one in shown.context["table"].columns] == [
        "Field Name", "Integration Field Name", "Constant Value", "Status", "Delete",
    ]  # fmt: skip
    form = SentForm(shown.content.decode())
    assert form["field_mappings-2-truncate"] == "True"
    assert administrator.post(page, form | {"field_mappings-2-constant_value": "x"}).status_code == 302
    row = mapping.field_mappings.get(constant_value="x")
    assert (row.truncate, row.direction, row.integration_field) == (True, "ToIntegrationTable", "city_00")
    assert mapping.field_mappings.filter(truncate=True).count() == 60
    first = mapping.field_mappings.first()
    assert (first.direction, first.validate_field, first.status) == ("Bidirectional", True, "Enabled")


def test_an_error_in_a_hidden_column_brings_the_column_back(administrator, page):
    administrator.post(page, {"choose": "columns", "columns": ["status"]})
    form = SentForm(administrator.get(page).content.decode())
    answer = administrator.post(page, form | {"field_mappings-0-transformation_rule": "TRIM", "field_mappings-0-match_priority": "x"})
    assert "Match Priority" in [str(one.header) for one in answer.context["table"].columns]


def test_exactly_the_shown_rows_and_columns_are_exported(reader, page, many):
    query = {"export": "csv", "f.integration_field": "city_0*|name", "sort": "-integration_field", "cols": "truncate,direction,remarks"}
    lines = reader.get(page, query).getvalue().decode().splitlines()
    assert lines[0] == "Field Name,Integration Field Name,Truncate,Direction,Remarks"
    assert lines[1] == "displayName,name,no,Bidirectional,"
    assert lines[2].startswith("city,city_09,yes,To Sales,")
    assert len(lines) == 12


class SentForm(dict):
    """What a browser would send of the list of the page, read from its inputs."""

    def __init__(self, page):
        form = page[page.index("data-edits") :].partition("</form>")[0]
        for tag in re.findall(r"<input[^>]*>", form):
            given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            if "disabled" not in tag and (given.get("type") != "checkbox" or " checked" in tag):
                self[given["name"]] = html.unescape(given.get("value", "on" if given.get("type") == "checkbox" else ""))
        for name, options in re.findall(r'<select name="([^"]+)"(?![^>]*disabled)[^>]*>(.*?)</select>', form, re.DOTALL):
            chosen = re.search(r'<option value="([^"]*)" selected>', options)
            self[name] = html.unescape(chosen[1]) if chosen else ""


def test_an_empty_list_leads_to_the_pairs_that_are_offered(administrator, make_mapping, known_tables):
    page = administrator.get(f"/mappings/{make_mapping().pk}/fields/").content.decode()
    assert "Tick pairs of fields that belong together" in page
    assert 'class="button primary" href="#offers"' in page
    assert 'id="offers" open' in page


def test_an_empty_list_of_unknown_tables_says_what_reads_them(administrator, make_mapping):
    page = administrator.get(f"/mappings/{make_mapping().pk}/fields/").content.decode()
    assert "the default setup reads them" in page
    assert 'class="button primary" href="/default-setup/"' in page


def test_a_filter_that_matches_no_field_is_no_empty_mapping(administrator, mapping, known_tables):
    page = administrator.get(f"/mappings/{mapping.pk}/fields/?search=nobody").content.decode()
    assert "Nothing fits these filters" in page
    assert 'id="offers" open' not in page

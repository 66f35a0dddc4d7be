"""Pages of option mappings: one way only, one direction for all, and pairs that couplings follow (engine.md sections 1.2 and 16)."""

import pytest
from django.urls import reverse

from mappings.models import Coupling, OptionMapping, SystemTable
from syncadmin.sync.tables import Field, FieldType, Table

TERMS = "PAYMENT TERMS"


@pytest.fixture
def terms(make_mapping, systems):
    """PAYMENT TERMS to Sales with two fields; both tables are known."""
    made = make_mapping(
        TERMS,
        table="paymentTerms",
        table_label="Payment Terms",
        integration_table="accounts.terms",
        integration_table_label="Account: Terms",
        direction="ToIntegrationTable",
    )
    for position, field in enumerate(("code", "displayName")):
        made.field_mappings.create(
            field=field, integration_field="label", direction="ToIntegrationTable", status="Enabled", position=position
        )
    column = Field("terms", FieldType.OPTION, "Terms", options=((1, "Net 30"), (2, "Net 45")))
    texts = {name: Field(name, FieldType.TEXT, name) for name in ("code", "displayName")}
    for system, table in zip(
        systems,
        (
            Table(name="paymentTerms", label="Payment Terms", key="id", modified_on="at", fields=texts),
            Table(name="accounts", label="Account", key="id", modified_on="at", type_name="account", fields={"terms": column}),
        ),
        strict=True,
    ):
        SystemTable.objects.create(system=system, name=table.name, label=table.label, metadata=table.to_json())
    return made


def directions(mapping):
    mapping.refresh_from_db()
    return {mapping.direction, *mapping.field_mappings.values_list("direction", flat=True)}


@pytest.fixture
def save(administrator, terms, posted):
    page = reverse("mappings:mapping-edit", args=[terms.pk])

    def send(**changes):
        return administrator.post(page, posted(administrator.get(page).context["form"], **changes))

    return send


@pytest.fixture
def save_fields(administrator, terms, posted):
    """Sends the open field mappings back; a change is named ``row__field``."""
    page = reverse("mappings:field-list", args=[terms.pk])

    def send(**changes):
        context = administrator.get(page).context
        rows = context["rows"]
        sent = {f"{rows.prefix}-{name}": value for name, value in posted(rows.management_form).items()}
        for form in rows.forms:
            sent |= {f"{form.prefix}-{name}": getattr(value, "pk", value) for name, value in posted(form).items()}
        sent |= {f"{rows.prefix}-{name.replace('__', '-')}": value for name, value in changes.items()}
        return administrator.post(page, sent | {"seen_version": context["mapping"].version})

    return send


@pytest.mark.rule("16.one-way", "1.2.options-both")
def test_an_option_mapping_cannot_go_both_ways(save, save_fields, terms):
    told = "Option mappings synchronize only to Sales or only from Sales."
    assert told in save(direction="Bidirectional").content.decode()
    assert told in save_fields(**{"0__direction": "Bidirectional"}).content.decode()
    assert directions(terms) == {"ToIntegrationTable"}


@pytest.mark.rule("1.2.options-spread")
def test_a_new_direction_of_the_mapping_is_that_of_all_its_fields(save, terms):
    assert save(direction="FromIntegrationTable").status_code == 302
    assert directions(terms) == {"FromIntegrationTable"}
    assert terms.version == 2


@pytest.mark.rule("1.2.options-spread")
def test_a_new_direction_of_one_field_is_that_of_the_mapping_and_of_all_fields(save_fields, terms):
    assert save_fields(**{"1__direction": "FromIntegrationTable"}).status_code == 302
    assert directions(terms) == {"FromIntegrationTable"}


def test_a_new_field_goes_the_way_of_its_option_mapping(save_fields, terms):
    assert save_fields(**{"2__field": "displayName", "2__integration_field": "label"}).status_code == 302
    assert (directions(terms), terms.field_mappings.count()) == ({"ToIntegrationTable"}, 3)


def test_options_have_a_value_and_a_label_to_map(save_fields, administrator, terms):
    shown = administrator.get(reverse("mappings:field-list", args=[terms.pk])).content.decode()
    assert '<option value="label">Option Label</option>' in shown and '<option value="value">Option Value</option>' in shown
    assert "no field nonsense in Account: Terms" in save_fields(**{"0__integration_field": "nonsense"}).content.decode()


def test_the_pages_lead_from_the_mapping_to_its_pairs_and_back(reader, terms):
    OptionMapping.objects.create(name=TERMS, code="NET30", value=1)
    pairs = f"{reverse('mappings:option-list')}?name=PAYMENT%20TERMS"
    for page in ("mapping-edit", "mapping-factbox"):
        assert pairs in reader.get(reverse(f"mappings:{page}", args=[terms.pk])).content.decode(), page
    shown = " ".join(reader.get(pairs).content.decode().split())
    assert f'Synchronized by <a href="{reverse("mappings:mapping-edit", args=[terms.pk])}">PAYMENT TERMS</a>' in shown
    assert reverse("joblog:coupling-list", args=[terms.pk]) in shown


@pytest.fixture
def send_pairs(administrator, terms, posted):
    page = f"{reverse('mappings:option-list')}?name=PAYMENT+TERMS"

    def post(**changes):
        rows = administrator.get(page).context["rows"]
        sent = {f"{rows.prefix}-{name}": value for name, value in posted(rows.management_form).items()} | {"seen": rows.seen}
        for form in rows.forms:
            sent |= {f"{form.prefix}-{name}": getattr(value, "pk", value) for name, value in posted(form).items()}
        return administrator.post(page, sent | {f"{rows.prefix}-{name.replace('__', '-')}": value for name, value in changes.items()})

    return post


def test_a_changed_pair_parts_its_coupling_and_no_other(send_pairs, terms, make_mapping):
    terms.field_mappings.all().delete()  # nobody uses the pairs, so that Sales is not asked for their values
    customers = make_mapping("CUSTOMER")
    for code, value in (("NET30", 1), ("NET45", 2)):
        OptionMapping.objects.create(name=TERMS, code=code, value=value)
        for owner in (terms, customers):
            Coupling.objects.create(mapping=owner, bc_key=f"key of {code}", sales_key=str(value), bc_number=code)
    assert send_pairs(**{"0__value": "3"}).status_code == 302
    left = Coupling.objects.values_list("mapping__name", "bc_number")
    assert sorted(left) == [("CUSTOMER", "NET30"), ("CUSTOMER", "NET45"), (TERMS, "NET45")]

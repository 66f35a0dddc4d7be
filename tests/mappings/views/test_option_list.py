"""Option Mappings: the list of pairs, edited in place."""

import pytest
from django.urls import reverse

from mappings.models import ConfigurationChange, OptionMapping, System, SystemTable
from syncadmin.sync.tables import Field, FieldType, Table

TERMS = "PAYMENT TERMS"
PAGE = "/option-mappings/"


@pytest.fixture
def terms(mapping, known_tables):
    """Three pairs of PAYMENT TERMS that CUSTOMER uses, one of FREIGHT that nobody uses; Sales has four terms to choose from."""
    System.objects.update(token_address="http://127.0.0.1:9/token")
    column = Field("terms", FieldType.OPTION, "Terms", options=((1, "Net 30"), (2, "Net 45"), (3, "Net 60"), (4, "Cash")))
    table = Table(name="accounts", label="Account", key="id", modified_on="at", fields={"terms": column})
    SystemTable.objects.filter(name="accounts").update(metadata=table.to_json())
    mapping.field_mappings.create(field="city", integration_field="terms", option_mapping=TERMS, status="Enabled", position=5)
    for code, value, label in (("NET30", 1, "Net 30"), ("NET45", 2, "Net 45"), ("NET60", 3, "Net 60")):
        OptionMapping.objects.create(name=TERMS, code=code, value=value, label=label)
    OptionMapping.objects.create(name="FREIGHT", code="FREE", value=1)


@pytest.fixture
def send(administrator, terms, posted):
    """Sends the rows of the open page back with changes; a change is named ``row__field``."""

    def post(query="?name=PAYMENT+TERMS", **changes):
        context = administrator.get(PAGE + query).context
        rows = context["rows"]
        sent = {f"{rows.prefix}-{name}": value for name, value in posted(rows.management_form).items()} | {"seen": rows.seen}
        for form in rows.forms:
            sent |= {f"{form.prefix}-{name}": getattr(value, "pk", value) for name, value in posted(form).items()}
        return administrator.post(PAGE + query, sent | {f"{rows.prefix}-{name.replace('__', '-')}": new for name, new in changes.items()})

    return post


def codes(client, **query):
    return [row.record.code for row in client.get(PAGE, query).context["table"].paginated_rows]


def pairs(name=TERMS):
    return list(OptionMapping.objects.filter(name=name).values_list("code", "value", "label"))


def test_a_pair_is_added_with_the_caption_of_its_choice(send, mapping):
    answer = send(**{"3__name": "payment terms", "3__code": "cod", "3__value": "4"})
    assert answer["Location"] == f"{PAGE}?name=PAYMENT+TERMS"
    assert pairs()[-1] == ("COD", 4, "Cash")
    mapping.refresh_from_db()
    assert mapping.version == 2


def test_the_change_is_kept_for_the_pairs_and_for_the_mapping_that_uses_them(send):
    send(**{"1__label": "Net 45 days", "2__DELETE": "on"})
    kept = {row.kind: row for row in ConfigurationChange.objects.all()}
    assert kept["option mapping"].what == "NET45 changed; NET60 removed"
    assert [pair["code"] for pair in kept["option mapping"].before["pairs"]] == ["NET30", "NET45", "NET60"]
    assert (kept["mapping"].name, kept["mapping"].version) == ("CUSTOMER", 2)


def test_two_codes_may_change_places(send):
    assert send(**{"0__code": "NET45", "1__code": "NET30"}).status_code == 302
    assert [code for code, _, _ in pairs()] == ["NET45", "NET30", "NET60"]


def test_several_codes_may_have_one_value(send):
    send(**{"3__name": TERMS, "3__code": "CM", "3__value": "1"})
    assert [(code, value) for code, value, _ in pairs()][:2] == [("NET30", 1), ("CM", 1)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"0__code": "NET60"}, "This code has a value already."),
        ({"3__name": "FREIGHT", "3__code": "free", "3__value": "2"}, "This code has a value already."),
        ({"3__name": TERMS, "3__code": "COD", "3__value": ""}, "This field is required."),
        ({"0__value": "one"}, "Enter a whole number."),
        ({"0__DELETE": "on", "1__DELETE": "on", "2__DELETE": "on"}, "PAYMENT TERMS is used by CUSTOMER (city). Keep at least one pair"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(send, changes, reason):
    answer = send(**changes)
    assert reason in answer.content.decode()
    assert len(pairs()) == 3
    assert not ConfigurationChange.objects.exists()


def test_a_value_that_nobody_can_confirm_is_refused(send):
    assert "Sales cannot be asked" in send(**{"0__value": "9"}).content.decode()


def test_pairs_that_nobody_uses_may_all_go(send):
    assert send("?name=FREIGHT", **{"0__DELETE": "on"}).status_code == 302
    assert pairs("FREIGHT") == []


def test_a_change_on_top_of_somebody_elses_is_refused(administrator, send):
    administrator.get(PAGE)
    answer = administrator.post(f"{PAGE}?name=FREIGHT", {"seen": "other", "form-TOTAL_FORMS": "0", "form-INITIAL_FORMS": "0"})
    assert "Somebody else has changed these pairs" in answer.content.decode()


def test_nothing_changed_is_nothing_saved(send):
    send()
    assert not ConfigurationChange.objects.exists()


def test_the_list_shows_all_or_one_option_mapping(reader, terms):
    assert codes(reader) == ["FREE", "NET30", "NET45", "NET60"]
    assert codes(reader, name="FREIGHT") == ["FREE"]
    assert codes(reader, search="net 6") == ["NET60"]


def test_the_list_is_sorted_and_filtered_by_its_columns(reader, terms):
    assert codes(reader, sort="-code") == ["NET60", "NET45", "NET30", "FREE"]
    assert codes(reader, **{"f.value": "2..", "sort": "-value"}) == ["NET60", "NET45"]
    assert codes(reader, **{"f.label": "''"}) == ["FREE"]


def test_pairs_that_are_not_shown_are_neither_lost_nor_in_the_way(send, terms):
    assert send("?name=PAYMENT+TERMS&f.code=NET45&sort=-code", **{"0__label": "45 days"})["Location"].endswith("&f.code=NET45&sort=-code")
    assert pairs() == [("NET30", 1, "Net 30"), ("NET45", 2, "45 days"), ("NET60", 3, "Net 60")]
    assert "This code has a value already." in send("?f.code=NET45", **{"0__code": "NET60"}).content.decode()
    assert send("?name=PAYMENT+TERMS&f.code=NET45", **{"0__DELETE": "on"}).status_code == 302
    assert [code for code, _, _ in pairs()] == ["NET30", "NET60"]


def test_a_change_to_a_pair_that_is_not_shown_is_in_nobodys_way(administrator, terms, posted):
    rows = administrator.get(f"{PAGE}?f.code=NET45").context["rows"]
    OptionMapping.objects.filter(code="NET60").update(label="60 days")
    sent = {f"{rows.prefix}-{name}": value for name, value in posted(rows.management_form).items()} | {"seen": rows.seen}
    for form in rows.forms:
        sent |= {f"{form.prefix}-{name}": getattr(value, "pk", value) for name, value in posted(form).items()}
    assert administrator.post(f"{PAGE}?f.code=NET45", sent | {"form-0-label": "45 days"}).status_code == 302
    assert [label for _, _, label in pairs()] == ["Net 30", "45 days", "60 days"]


def test_exactly_the_shown_pairs_are_exported(reader, terms):
    lines = reader.get(PAGE, {"export": "csv", "f.code": "NET*", "sort": "-value", "cols": "label"}).getvalue().decode().splitlines()
    assert lines == ["Option Mapping,Code,Option Value Caption", *(f"{TERMS},NET{days},Net {days}" for days in (60, 45, 30))]


def test_columns_are_chosen_and_their_fields_kept(administrator, terms):
    administrator.post(PAGE, {"choose": "columns", "columns": ["value"]})
    shown = administrator.get(PAGE)
    assert [str(one.header) for one in shown.context["table"].columns] == ["Option Mapping", "Code", "Option Value", "Delete"]
    assert '<input type="hidden" name="form-1-label" value="Net 30"' in shown.content.decode()


def test_the_choices_of_the_sales_columns_are_offered(administrator, terms):
    shown = administrator.get(PAGE, {"name": TERMS}).content.decode()
    assert '<option value="4">Cash</option>' in shown
    assert "CUSTOMER" in shown


def test_a_link_fills_the_new_row_in(administrator, terms):
    form = administrator.get(PAGE, {"name": TERMS, "code": "COD", "value": "4"}).context["rows"].extra_forms[0]
    assert [form[name].value() for name in ("name", "code", "value")] == [TERMS, "COD", "4"]


def test_a_reader_sees_the_pairs_and_changes_none(reader, terms):
    shown = reader.get(PAGE, {"name": TERMS}).content.decode()
    assert ">NET30<" in shown
    assert 'name="form-0-code"' not in shown
    assert ">Save<" not in shown
    assert reader.post(PAGE, {}).status_code == 403


def test_a_system_that_is_switched_off_or_out_of_reach_is_told(reader, terms, systems):
    shown = " ".join(reader.get(reverse("mappings:option-look-up"), {"name": TERMS, "table": "terms"}).content.decode().split())
    assert shown.count("Could not be asked.") == 2
    assert "Not known." in shown


def test_more_pairs_need_no_more_queries(administrator, terms, django_assert_num_queries):
    administrator.get(PAGE)
    with django_assert_num_queries(QUERIES):
        administrator.get(PAGE)
    for number in range(30):
        OptionMapping.objects.create(name=TERMS, code=f"C{number}", value=1)
    with django_assert_num_queries(QUERIES):
        administrator.get(PAGE)


# session, person, 2 x permissions, 2 x names to choose from, count, pairs, forms of the pairs, field mappings and their tables, systems of
# the top bar, pause
QUERIES = 13

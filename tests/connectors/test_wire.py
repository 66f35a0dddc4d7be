from decimal import Decimal

import pytest

from syncadmin.connectors.wire import business_central_body, dataverse_body
from syncadmin.sync.errors import RecordError
from syncadmin.sync.tables import Field, FieldType, Table


def table(*fields: Field) -> Table:
    return Table("customers", "Customer", "id", "lastModifiedDateTime", fields={one.name: one for one in fields})


def test_business_central_gets_its_own_kind_of_empty_for_every_type():
    fields = table(*(Field(kind.value, kind) for kind in FieldType))
    assert business_central_body(fields, {kind.value: None for kind in FieldType}) == {
        "text": "",
        "code": "",
        "integer": 0,
        "decimal": 0,
        "boolean": False,
        "date": "0001-01-01",
        "moment": "0001-01-01T00:00:00Z",
        "guid": "00000000-0000-0000-0000-000000000000",
        "option": "_x0020_",
        "lookup": "00000000-0000-0000-0000-000000000000",
    }


@pytest.mark.rule("2.3.validate")
def test_values_and_their_order_are_kept_for_business_central():
    fields = table(Field("b", FieldType.DECIMAL), Field("a", FieldType.TEXT))
    assert list(business_central_body(fields, {"b": Decimal("1.10"), "a": "x"}).items()) == [("b", Decimal("1.10")), ("a", "x")]


PARENT = Field(
    "parentcustomerid",
    FieldType.LOOKUP,
    "Company",
    read_as="_parentcustomerid_value",
    targets=(("accounts", "parentcustomerid_account"), ("contacts", "parentcustomerid_contact")),
)


def test_a_lookup_is_bound_to_its_first_target():
    assert dataverse_body(table(PARENT), {"parentcustomerid": "1-2"}, new=False) == {
        "parentcustomerid_account@odata.bind": "/accounts(1-2)"
    }


def test_a_lookup_can_name_its_target():
    assert dataverse_body(table(PARENT), {"parentcustomerid": "contacts/1-2"}, new=True) == {
        "parentcustomerid_contact@odata.bind": "/contacts(1-2)"
    }


def test_an_empty_lookup_is_cleared_in_a_row_and_left_out_of_a_new_one():
    assert dataverse_body(table(PARENT), {"parentcustomerid": None}, new=False) == {"parentcustomerid_account@odata.bind": None}
    assert dataverse_body(table(PARENT), {"parentcustomerid": None}, new=True) == {}


def test_other_values_go_to_dataverse_as_they_are():
    fields = table(Field("name", FieldType.TEXT), Field("creditlimit", FieldType.DECIMAL))
    assert dataverse_body(fields, {"name": None, "creditlimit": Decimal("2.50")}, new=True) == {
        "name": None,
        "creditlimit": Decimal("2.50"),
    }


@pytest.mark.parametrize(("values", "code"), [({"parentcustomerid": "teams/1"}, "not-found-reference"), ({"nothing": 1}, "unknown-field")])
def test_what_cannot_be_written_is_a_record_error_with_the_field(values, code):
    with pytest.raises(RecordError) as caught:
        dataverse_body(table(PARENT), values, new=True)
    assert (caught.value.code, caught.value.fields) == (code, tuple(values))

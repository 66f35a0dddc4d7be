import pytest

from syncadmin.connectors.definitions import label_of, options_of, table_of
from syncadmin.sync.tables import FieldType


def words(text):
    return {"UserLocalizedLabel": {"Label": text, "LanguageCode": 1033}, "LocalizedLabels": []}


def column(name, kind, **more):
    plain = {"LogicalName": name, "AttributeType": kind, "IsValidForRead": True, "IsValidForCreate": True, "IsValidForUpdate": True}
    return plain | {"DisplayName": words(name.title()), "RequiredLevel": {"Value": "None"}} | more


COLUMNS = [
    column("contactid", "Uniqueidentifier", RequiredLevel={"Value": "SystemRequired"}),
    column("fullname", "String", MaxLength=160, IsValidForCreate=False),
    column("description", "Memo", MaxLength=2000),
    column("creditlimit", "Money", Precision=2),
    column("familystatuscode", "Picklist"),
    column("birthdate", "DateTime", DateTimeBehavior={"Value": "DateOnly"}),
    column("modifiedon", "DateTime", DateTimeBehavior={"Value": "UserLocal"}, IsValidForCreate=False, IsValidForUpdate=False),
    column("parentcustomerid", "Customer", Targets=["account", "contact"]),
    column("parentcustomeridname", "String", AttributeOf="parentcustomerid"),
    column("ownerid", "Owner", Targets=["systemuser", "team"]),
    column("entityimage", "Virtual"),
    column("versionnumber", "BigInt"),
]
RELATIONS = [
    {"ReferencingAttribute": attribute, "ReferencedEntity": entity, "ReferencingEntityNavigationPropertyName": way}
    for attribute, entity, way in [
        ("parentcustomerid", "account", "parentcustomerid_account"),
        ("parentcustomerid", "contact", "parentcustomerid_contact"),
        ("ownerid", "owner", "ownerid"),
    ]
]
SETS = {"account": "accounts", "contact": "contacts", "systemuser": "systemusers", "team": "teams"}
DEFINITION = {"LogicalName": "contact", "EntitySetName": "contacts", "PrimaryIdAttribute": "contactid", "PrimaryNameAttribute": "fullname"}
TABLE = table_of(DEFINITION | {"DisplayName": words("Contact")}, COLUMNS, {"familystatuscode": ((1, "Single"),)}, RELATIONS, SETS)


@pytest.mark.rule("1.1.stamp")
def test_a_table_knows_its_names():
    assert (TABLE.name, TABLE.label, TABLE.type_name) == ("contacts", "Contact", "contact")
    assert (TABLE.key, TABLE.modified_on, TABLE.caption, TABLE.number) == ("contactid", "modifiedon", "fullname", "")
    assert TABLE.chosen_keys


def test_the_number_field_is_the_one_named_after_the_table():
    account = table_of(DEFINITION | {"LogicalName": "account"}, [column("accountnumber", "String")], {}, [], {})
    currency = table_of(DEFINITION | {"LogicalName": "transactioncurrency"}, [column("isocurrencycode", "String")], {}, [], {})
    assert (account.number, currency.number) == ("accountnumber", "isocurrencycode")


def test_columns_have_types_lengths_and_scales():
    fields = TABLE.fields
    assert (fields["description"].type, fields["description"].max_length) == (FieldType.TEXT, 2000)
    assert (fields["creditlimit"].type, fields["creditlimit"].scale) == (FieldType.DECIMAL, 2)
    assert fields["birthdate"].type is FieldType.DATE
    assert fields["modifiedon"].type is FieldType.MOMENT
    assert fields["versionnumber"].type is FieldType.INTEGER
    assert fields["familystatuscode"].options == ((1, "Single"),)


def test_a_lookup_is_read_as_a_value_and_written_by_navigation_property():
    field = TABLE.fields["parentcustomerid"]
    assert (field.type, field.property_name) == (FieldType.LOOKUP, "_parentcustomerid_value")
    assert field.targets == (("accounts", "parentcustomerid_account"), ("contacts", "parentcustomerid_contact"))


def test_an_owner_can_be_a_user_or_a_team_by_one_navigation_property():
    assert TABLE.fields["ownerid"].targets == (("systemusers", "ownerid"), ("teams", "ownerid"))


def test_columns_that_repeat_others_or_hold_files_are_left_out():
    assert not {"parentcustomeridname", "entityimage"} & set(TABLE.fields)


def test_what_can_be_written_when():
    fields = TABLE.fields
    assert (fields["fullname"].on_insert, fields["fullname"].on_update) == (False, True)
    assert (fields["modifiedon"].on_insert, fields["modifiedon"].on_update) == (False, False)
    assert (fields["contactid"].on_insert, fields["contactid"].on_update) == (True, False)
    assert (fields["contactid"].required, fields["fullname"].required) == (True, False)


def test_options_of_choices_and_of_yes_and_no():
    choice = {"OptionSet": None, "GlobalOptionSet": {"Options": [{"Value": 1, "Label": words("Net 30")}]}}
    boolean = {"OptionSet": {"TrueOption": {"Value": 1, "Label": words("Yes")}, "FalseOption": {"Value": 0, "Label": words("No")}}}
    assert options_of(choice) == ((1, "Net 30"),)
    assert options_of(boolean) == ((1, "Yes"), (0, "No"))


def test_a_label_falls_back_to_another_language():
    assert label_of({"UserLocalizedLabel": None, "LocalizedLabels": [{"Label": "Konto"}]}) == "Konto"
    assert label_of(None) == ""

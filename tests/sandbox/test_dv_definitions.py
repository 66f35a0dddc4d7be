"""Table definitions of Dataverse as data (web-apis.md, section 2, Metadata)."""

from __future__ import annotations

from tests.sandbox.client import Client
from tests.sandbox.conftest import Control

ACCOUNT = "EntityDefinitions(LogicalName='account')"


def test_the_list_of_tables(sales: Client) -> None:
    rows = sales.rows("EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled")
    found = {row["LogicalName"]: row for row in rows}["invoicedetail"]
    assert found["EntitySetName"] == "invoicedetails"
    assert (found["PrimaryIdAttribute"], found["PrimaryNameAttribute"]) == ("invoicedetailid", "invoicedetailname")
    assert found["ChangeTrackingEnabled"] is True and "SchemaName" not in found


def test_one_table_and_a_filter(sales: Client) -> None:
    assert sales.get(ACCOUNT).json()["EntitySetName"] == "accounts"
    rows = sales.rows("EntityDefinitions?$filter=LogicalName eq 'account' or LogicalName eq 'contact'&$select=LogicalName")
    assert len(rows) == 2
    assert sales.get("EntityDefinitions(LogicalName='nonsense')").status_code == 404


def test_columns(sales: Client) -> None:
    rows = {row["LogicalName"]: row for row in sales.rows(f"{ACCOUNT}/Attributes")}
    assert (rows["name"]["AttributeType"], rows["name"]["MaxLength"]) == ("String", 160)
    assert (rows["creditlimit"]["AttributeType"], rows["creditlimit"]["Precision"]) == ("Money", 2)
    assert rows["primarycontactid"]["Targets"] == ["contact"]
    assert rows["primarycontactid"]["IsValidForUpdate"] is True
    assert rows["modifiedon"]["IsValidForUpdate"] is False
    assert rows["statecode"]["IsValidForCreate"] is False


def test_options_of_choices(sales: Client) -> None:
    path = f"{ACCOUNT}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet"
    options = {row["LogicalName"]: row["OptionSet"]["Options"] for row in sales.rows(path)}
    assert "statecode" not in options
    labels = {option["Value"]: option["Label"]["UserLocalizedLabel"]["Label"] for option in options["paymenttermscode"]}
    assert labels[1] == "Net 30"
    assert "OptionSet" not in sales.rows(path.replace("&$expand=OptionSet", ""))[0]


def test_states_name_their_statuses(sales: Client) -> None:
    status = "EntityDefinitions(LogicalName='product')/Attributes/Microsoft.Dynamics.CRM.StatusAttributeMetadata?$expand=OptionSet"
    assert {option["Value"]: option["State"] for option in sales.rows(status)[0]["OptionSet"]["Options"]} == {0: 2, 1: 0, 2: 1, 3: 3}


def test_one_column_and_expanded_columns(sales: Client) -> None:
    assert sales.get(f"{ACCOUNT}/Attributes(LogicalName='name')").json()["MaxLength"] == 160
    body = sales.get(f"{ACCOUNT}?$select=LogicalName&$expand=Attributes($select=LogicalName)").json()
    assert "name" in [row["LogicalName"] for row in body["Attributes"]]


def test_keys_and_relationships(sales: Client, control: Control) -> None:
    assert sales.rows(f"{ACCOUNT}/Keys") == []
    control.post("keys", {"table": "account", "attributes": ["accountnumber"]})
    key = sales.rows(f"{ACCOUNT}/Keys")[0]
    assert (key["KeyAttributes"], key["EntityKeyIndexStatus"]) == (["accountnumber"], "Active")
    links = {row["ReferencingAttribute"]: row for row in sales.rows("EntityDefinitions(LogicalName='contact')/ManyToOneRelationships")}
    assert links["parentcustomerid"]["ReferencedEntity"] in ("account", "contact")
    children = sales.rows(f"{ACCOUNT}/OneToManyRelationships?$filter=ReferencingEntity eq 'contact'")
    assert children[0]["ReferencingEntityNavigationPropertyName"] == "parentcustomerid_account"


def test_which_bulk_messages_a_table_has(sales: Client) -> None:
    path = "sdkmessagefilters?$expand=sdkmessageid($select=name)&$filter={} and primaryobjecttypecode eq '{}'"
    wanted = "(sdkmessageid/name eq 'CreateMultiple' or sdkmessageid/name eq 'UpdateMultiple')"
    assert len(sales.rows(path.format(wanted, "account"))) == 2
    assert sales.rows(path.format(wanted, "systemuser")) == []

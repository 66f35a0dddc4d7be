import pytest

from syncadmin.connectors.edmx import tables_of, words
from syncadmin.sync.errors import RunError
from syncadmin.sync.tables import FieldType

DOCUMENT = b"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.NAV" Alias="NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
 <EnumType Name="customerBlocked"><Member Name="_x0020_" Value="0"/><Member Name="Ship" Value="1"/>
  <Member Name="All_x0020_Lines" Value="2"/></EnumType>
 <EntityType Name="company"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid" Nullable="false"/></EntityType>
 <EntityType Name="currency"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid" Nullable="false"/>
  <Property Name="code" Type="Edm.String" MaxLength="10"/></EntityType>
 <EntityType Name="customer"><Key><PropertyRef Name="id"/></Key>
  <Property Name="id" Type="Edm.Guid" Nullable="false"/>
  <Property Name="number" Type="Edm.String" MaxLength="20"/>
  <Property Name="displayName" Type="Edm.String" MaxLength="100"/>
  <Property Name="phoneNumber" Type="Edm.String" MaxLength="30"/>
  <Property Name="salespersonCode" Type="Edm.String" MaxLength="20"/>
  <Property Name="blocked" Type="NAV.customerBlocked"/>
  <Property Name="creditLimit" Type="Edm.Decimal" Scale="Variable"/>
  <Property Name="balanceDue" Type="Edm.Decimal"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>
  <Property Name="taxLiable" Type="Edm.Boolean"/>
  <Property Name="currencyId" Type="Edm.Guid"/>
  <Property Name="picture" Type="Edm.Stream"/>
  <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset"/>
  <NavigationProperty Name="currency" Type="Microsoft.NAV.currency"><ReferentialConstraint Property="currencyId" ReferencedProperty="id"/>
  </NavigationProperty></EntityType>
 <EntityContainer Name="NAV"><EntitySet Name="companies" EntityType="Microsoft.NAV.company"/>
  <EntitySet Name="currencies" EntityType="Microsoft.NAV.currency"/><EntitySet Name="customers" EntityType="Microsoft.NAV.customer"/>
 </EntityContainer>
 <Annotations Target="NAV.NAV/currencies"><Annotation Term="Org.OData.Capabilities.V1.InsertRestrictions"><Record>
  <PropertyValue Property="Insertable" Bool="false"/></Record></Annotation></Annotations>
 <Annotations Target="NAV.customer/taxLiable"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"""

TABLES = tables_of(DOCUMENT, route="custom")
CUSTOMER = TABLES["customers"]


def test_every_set_of_a_company_is_a_table():
    assert set(TABLES) == {"currencies", "customers"}


@pytest.mark.rule("1.1.stamp")
def test_a_table_knows_its_key_stamp_and_how_people_call_its_rows():
    assert (CUSTOMER.label, CUSTOMER.key, CUSTOMER.modified_on) == ("Customer", "id", "lastModifiedDateTime")
    assert (CUSTOMER.number, CUSTOMER.caption, CUSTOMER.type_name) == ("number", "displayName", "customer")
    assert TABLES["currencies"].number == "code"
    assert TABLES["currencies"].modified_on == ""


def test_keys_can_be_chosen_on_custom_pages_alone():
    assert CUSTOMER.chosen_keys
    assert not tables_of(DOCUMENT, route="v2.0")["customers"].chosen_keys


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("number", FieldType.CODE),
        ("salespersonCode", FieldType.CODE),
        ("phoneNumber", FieldType.TEXT),
        ("displayName", FieldType.TEXT),
        ("blocked", FieldType.OPTION),
        ("creditLimit", FieldType.DECIMAL),
        ("taxLiable", FieldType.BOOLEAN),
        ("lastModifiedDateTime", FieldType.MOMENT),
        ("id", FieldType.GUID),
        ("currencyId", FieldType.LOOKUP),
    ],
)
def test_fields_have_their_types(name, kind):
    assert CUSTOMER.fields[name].type is kind


def test_streams_are_no_fields():
    assert "picture" not in CUSTOMER.fields


def test_options_pair_the_name_on_the_wire_with_words():
    assert CUSTOMER.fields["blocked"].options == (("_x0020_", ""), ("Ship", "Ship"), ("All_x0020_Lines", "All Lines"))


def test_lookups_know_their_table_and_navigation_property():
    assert CUSTOMER.fields["currencyId"].targets == (("currencies", "currency"),)


def test_lengths_are_known():
    assert CUSTOMER.fields["displayName"].max_length == 100
    assert CUSTOMER.fields["creditLimit"].scale is None


@pytest.mark.parametrize("name", ["id", "lastModifiedDateTime", "balanceDue", "taxLiable"])
def test_what_is_known_to_be_read_only_cannot_be_written(name):
    assert (CUSTOMER.fields[name].on_insert, CUSTOMER.fields[name].on_update) == (False, False)
    assert CUSTOMER.fields["number"].on_update


def test_annotations_say_what_a_table_refuses():
    assert not TABLES["currencies"].can_insert
    assert TABLES["currencies"].can_update
    assert CUSTOMER.can_insert


@pytest.mark.parametrize(
    ("name", "label"),
    [("addressLine1", "Address Line 1"), ("gtin", "Gtin"), ("unitOfMeasureId", "Unit Of Measure Id"), ("displayName2", "Display Name 2")],
)
def test_names_become_words(name, label):
    assert words(name) == label


@pytest.mark.parametrize("document", [b"<html>", b"", b"no xml"])
def test_something_else_than_metadata_is_a_wrong_address(document):
    with pytest.raises(RunError) as caught:
        tables_of(document, route="v2.0")
    assert caught.value.code == "address"

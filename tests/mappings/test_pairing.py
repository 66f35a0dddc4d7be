"""Pairs of fields, proposed and judged from metadata."""

import pytest

from mappings.pairing import Chosen, is_possible, propose, remarks
from syncadmin.sync.tables import Field, FieldType, Table

BOTH, TO, FROM = "Bidirectional", "ToIntegrationTable", "FromIntegrationTable"
T = FieldType


def table(name, *fields, **more):
    return Table(name, name, "id", "at", fields={one.name: one for one in fields}, **more)


def text(name, label="", length=100, **more):
    return Field(name, T.TEXT, label, max_length=length, **more)


VENDORS = table(
    "vendors",
    Field("id", T.GUID, "Id", on_insert=False, on_update=False),
    Field("number", T.CODE, "Number", max_length=20),
    text("displayName", "Display Name"),
    text("addressLine1", "Address Line 1"),
    text("postalCode", "Postal Code"),
    text("phoneNumber", "Phone Number", 30),
    text("email", "Email", 80),
    Field("currencyCode", T.CODE, "Currency Code", max_length=10),
    Field("balance", T.DECIMAL, "Balance", on_insert=False, on_update=False),
    Field("at", T.MOMENT, "Modified", on_insert=False, on_update=False),
    number="number",
    caption="displayName",
)
ACCOUNTS = table(
    "accounts",
    Field("id", T.GUID, "Account"),
    text("accountnumber", "Account Number", 20),
    text("name", "Account Name", 160),
    text("address1_line1", "Address 1: Street 1", 250),
    text("address1_postalcode", "Address 1: ZIP/Postal Code", 20),
    text("telephone1", "Main Phone", 50),
    text("emailaddress1", "Email", 100),
    Field("transactioncurrencyid", T.LOOKUP, "Currency", targets=(("transactioncurrencies", "transactioncurrencyid"),)),
    Field("balance", T.DECIMAL, "Balance"),
    Field("at", T.MOMENT, "Modified On", on_insert=False, on_update=False),
    number="accountnumber",
    caption="name",
)
CURRENCIES = {"transactioncurrencies": "CURRENCY"}


def proposed(direction=BOTH, lookups=CURRENCIES):
    return {(pair.field, pair.integration_field): pair for pair in propose(VENDORS, ACCOUNTS, direction, lookups)}


def test_fields_are_paired_by_what_they_are_called():
    assert set(proposed()) == {
        ("number", "accountnumber"),
        ("displayName", "name"),
        ("addressLine1", "address1_line1"),
        ("postalCode", "address1_postalcode"),
        ("phoneNumber", "telephone1"),
        ("email", "emailaddress1"),
        ("currencyCode", "transactioncurrencyid"),
        ("balance", "balance"),
    }


def test_the_surest_pairs_come_first_and_the_number_matches():
    pairs = propose(VENDORS, ACCOUNTS, BOTH, CURRENCIES)
    assert [pair.field for pair in pairs[:2]] == ["number", "displayName"]
    assert [pair.field for pair in pairs if pair.match] == ["number"]


def test_a_read_only_field_is_paired_the_way_that_only_reads_it():
    assert proposed()["balance", "balance"].direction == TO
    assert ("balance", "balance") not in proposed(FROM)


def test_a_reference_is_paired_where_a_mapping_carries_it_over():
    assert proposed()["currencyCode", "transactioncurrencyid"].lookup == "CURRENCY"
    assert ("currencyCode", "transactioncurrencyid") not in proposed(lookups={})


def test_a_mapping_that_goes_one_way_gets_pairs_that_go_its_way():
    assert {pair.direction for pair in proposed(TO).values()} == {TO}


def test_no_field_is_paired_twice():
    twice = table("x", text("name", "Name"), text("name2", "Name"), caption="name")
    pairs = propose(twice, twice, BOTH, {})
    assert len({pair.field for pair in pairs}) == len(pairs) == len({pair.integration_field for pair in pairs})


def told(bc, sales, direction=TO, **more):
    return [(one.level, one.text) for one in remarks(Chosen(bc=bc, sales=sales, direction=direction, **more))]


STATUS = Field("status", T.OPTION, "Status", options=((1, "Open"), (2, "Closed")))


@pytest.mark.parametrize(
    ("bc", "sales", "level", "words"),
    [
        (text("a", "A"), text("b", "B", on_insert=False, on_update=False), "bad", "B of Dynamics 365 Sales is read-only."),
        (text("a", "A"), text("b", "B", on_update=False), "warn", "never changed afterwards"),
        (text("a", "A", 100), text("b", "B", 50), "warn", "A has up to 100 characters, B of Dynamics 365 Sales holds 50."),
        (text("a", "A", None), text("b", "B", 50), "warn", "A has any number of characters"),
        (Field("a", T.MOMENT, "A"), Field("b", T.BOOLEAN, "B"), "bad", "The one cannot become the other."),
        (text("a", "A"), Field("b", T.DECIMAL, "B"), "warn", "a record whose text is no decimal fails"),
        (Field("a", T.DECIMAL, "A"), Field("b", T.INTEGER, "B"), "warn", "digits behind the point"),
        (text("a", "A"), Field("b", T.LOOKUP, "B"), "bad", "A reference needs the lookup mapping"),
        (text("a", "A"), STATUS, "bad", "Options need an option mapping"),
        (STATUS, text("b", "B"), "warn", "not the caption"),
        (None, None, "bad", "at least one side"),
        (text("a", "A"), None, "bad", "Choose the other direction."),
        (None, text("b", "B"), "bad", "Give the constant value that B"),
    ],
)
def test_what_stands_in_the_way_is_said_plainly(bc, sales, level, words):
    assert [(one, words in sentence) for one, sentence in told(bc, sales)] == [(level, True)]


def test_nothing_is_said_of_a_pair_that_fits():
    assert told(text("a"), text("b"), BOTH) == []
    assert told(Field("a", T.DATE, "A"), Field("b", T.MOMENT, "B"), BOTH) == []
    assert told(Field("a", T.INTEGER, "A"), Field("b", T.DECIMAL, "B")) == []
    assert told(Field("a", T.BOOLEAN), text("b")) == []
    assert told(STATUS, STATUS, BOTH) == []


def test_what_helps_takes_the_remark_away():
    assert told(text("a", length=100), text("b", length=50), truncate=True) == []
    assert told(Field("a", T.CODE), Field("b", T.LOOKUP), lookup="CURRENCY") == []
    assert told(text("a"), STATUS, options=True) == []
    assert told(text("a"), STATUS, transformation=True) == []


def test_help_that_fits_nothing_is_refused():
    assert told(text("a", "A"), text("b", "B"), lookup="CURRENCY")[0][0] == "bad"
    assert told(text("a", "A"), text("b", "B"), options=True)[0][0] == "bad"


def test_a_constant_is_one_of_the_options():
    assert told(None, STATUS, constant="closed") == []
    assert told(None, STATUS, constant="2") == []
    assert "It has: Open, Closed." in told(None, STATUS, constant="asleep")[0][1]


def test_both_ways_are_judged_and_said_once():
    read_only = text("b", "B", on_insert=False, on_update=False)
    assert not is_possible(Chosen(bc=text("a"), sales=read_only, direction=BOTH))
    assert is_possible(Chosen(bc=text("a"), sales=read_only, direction=FROM))
    assert len(told(text("a", "A"), Field("b", T.LOOKUP, "B"), BOTH)) == 2

"""Filters on the fields of records: what a person types becomes a question to Business Central or to Sales."""

from __future__ import annotations

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from mappings.record_filters import filter_field, odata
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Field, FieldType
from syncadmin.ui.grammar import FilterError, Reading, condition

CITY = Field("city", FieldType.TEXT, "City")
PRICE = Field("price", FieldType.DECIMAL, "Price")
DUE = Field("due", FieldType.DATE, "Due Date")
CHANGED = Field("changed", FieldType.MOMENT, "Changed")
BLOCKED = Field("blocked", FieldType.BOOLEAN, "Blocked")
STATUS = Field("status", FieldType.OPTION, "Status", options=((1, "Active"), (2, "On Hold")))
GROUP = Field("group", FieldType.OPTION, "Group", options=(("_x0020_", " "), ("On_x0020_Hold", "On Hold"), ("Ship", "Ship")))
KIND = Field("kind", FieldType.OPTION, "Kind", options=(("Person", "Person"), ("Company", "Company")))
OWNER = Field("owner", FieldType.LOOKUP, "Owner", read_as="_owner_value")


def asked(text: str, own: Field, side: Side, zone: ZoneInfo | None = None) -> str:
    offer = filter_field("column", own)
    assert offer is not None
    return odata(condition(text, offer, Reading(zone=zone or UTC, today=date(2026, 3, 31))), own, side)


@pytest.mark.parametrize(
    ("own", "text", "sales", "business_central"),
    [
        (CITY, "Kyiv", "city eq 'Kyiv'", "city eq 'Kyiv'"),
        (CITY, "'O''Neill'", "city eq 'O''Neill'", "city eq 'O''Neill'"),
        (CITY, "<>Kyiv", "(city ne 'Kyiv' or city eq null)", "city ne 'Kyiv'"),
        (CITY, "Ky*", "startswith(city,'Ky')", "startswith(city,'Ky')"),
        (CITY, "*iv", "endswith(city,'iv')", "endswith(city,'iv')"),
        (CITY, "*yi*&<>Kyiv", "(contains(city,'yi') and (city ne 'Kyiv' or city eq null))", "(contains(city,'yi') and city ne 'Kyiv')"),
        (CITY, "@KYIV", "city eq 'KYIV'", "tolower(city) eq 'kyiv'"),
        (
            CITY, "@*new york*", "contains(city,'new york')",
            "(contains(city,'new york') or contains(city,'New York') or contains(city,'NEW YORK'))",
        ),
        (CITY, "''", "city eq null", "city eq ''"),
        (CITY, "<>''", "city ne null", "city ne ''"),
        (CITY, "A..B", "(city ge 'A' and city le 'B')", "(city ge 'A' and city le 'B')"),
        (CITY, "Kyiv|Lviv", "(city eq 'Kyiv' or city eq 'Lviv')", "(city eq 'Kyiv' or city eq 'Lviv')"),
        (PRICE, ">10|<=5.5", "(price gt 10 or price le 5.5)", "(price gt 10 or price le 5.5)"),
        (PRICE, "10..20", "(price ge 10 and price le 20)", "(price ge 10 and price le 20)"),
        (PRICE, "''", "(price eq null or price eq 0)", "price eq 0"),
        (PRICE, "<>''", "(price ne null and (price ne 0 or price eq null))", "price ne 0"),
        (DUE, "..today", "due le 2026-03-31", "due le 2026-03-31"),
        (DUE, "''", "due eq null", "due eq 0001-01-01"),
        (CHANGED, ">2026-03-30", "changed ge 2026-03-31T00:00:00Z", "changed ge 2026-03-31T00:00:00Z"),
        (CHANGED, "''", "changed eq null", "changed eq 0001-01-01T00:00:00Z"),
        (BLOCKED, "yes", "blocked eq true", "blocked eq true"),
        (BLOCKED, "<>yes", "(blocked ne true or blocked eq null)", "blocked ne true"),
        (STATUS, "Active", "status eq 1", None),
        (STATUS, "Active|On Hold", "(status eq 1 or status eq 2)", None),
        (STATUS, "<>*o*", "(status ne 2 or status eq null)", None),
        (STATUS, "''", "status eq null", None),
        (GROUP, "On Hold", None, "group eq 'On Hold'"),
        (GROUP, "<>On_x0020_Hold", None, "group ne 'On Hold'"),
        (GROUP, "*ship*|_x0020_", None, "(group eq 'Ship' or group eq ' ')"),
        (GROUP, "''", None, "group eq ' '"),
    ],
)  # fmt: skip
def test_a_filter_becomes_a_question_to_the_system(own: Field, text: str, sales: str | None, business_central: str | None) -> None:
    for side, expected in ((Side.SALES, sales), (Side.BUSINESS_CENTRAL, business_central)):
        if expected is not None:
            assert asked(text, own, side) == expected


def test_a_day_is_that_of_the_person() -> None:
    kyiv = asked("2026-01-31", CHANGED, Side.SALES, ZoneInfo("Europe/Kyiv"))
    assert kyiv == "(changed ge 2026-01-30T22:00:00Z and changed lt 2026-01-31T22:00:00Z)"


def test_signs_that_sales_would_take_for_wildcards_are_what_was_typed() -> None:
    assert asked("*100%_[a*", CITY, Side.SALES) == "contains(city,'100[%][_][[]a')"


@pytest.mark.parametrize(
    ("own", "text", "side", "told"),
    [
        (CITY, "K*v", Side.SALES, "Write A*&*B for A*B"),
        (CITY, "K?iv", Side.BUSINESS_CENTRAL, "inside of a text"),
        (CITY, "*", Side.SALES, "Write some of the text beside *"),
        (CITY, "<>*yi*", Side.BUSINESS_CENTRAL, "cannot leave out what has “yi” in City"),
        (KIND, "''", Side.BUSINESS_CENTRAL, "Kind is never empty"),
    ],
)
def test_what_a_system_cannot_be_asked_is_told(own: Field, text: str, side: Side, told: str) -> None:
    with pytest.raises(FilterError, match=told.replace("*", r"\*").replace("?", r"\?")):
        asked(text, own, side)


@pytest.mark.parametrize("own", [OWNER, Field("key", FieldType.GUID), Field("state", FieldType.OPTION)])
def test_references_and_unknown_options_are_not_offered(own: Field) -> None:
    assert filter_field("column", own) is None

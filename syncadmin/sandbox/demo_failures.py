"""What is wrong in the demo data on purpose. Everything else goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TO, FROM = "ToIntegrationTable", "FromIntegrationTable"


@dataclass(frozen=True)
class KnownFailure:
    """One row that somebody has to mend.

    ``table`` is CUSTOMER, CONTACT or ITEM, which Business Central has (customers and contacts are coupled, items are to be created), or
    ACCOUNT, which Sales alone has; ``key`` its number, for an account the beginning of its name. ``in_full`` says with which code it fails
    in a full synchronization, by direction.
    """

    cause: str
    table: str
    key: str
    why: str
    in_full: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.why}"


# A full synchronization creates the currency GBP in Sales; then the account's currency is another one than the customer's.
_CURRENCIES = (
    KnownFailure("currency-not-coupled", "CUSTOMER", "60000", "its currency GBP does not exist in Sales", {TO: "conflict"}),
    KnownFailure("currency-not-coupled", "CUSTOMER", "20309920", "its currency GBP does not exist in Sales", {TO: "conflict"}),
    KnownFailure(
        "currency-not-coupled",
        "ACCOUNT",
        "Sakura Interiors K.K.",
        "its currency JPY does not exist in Business Central",
        {FROM: "not-coupled"},
    ),
)
_SALESPEOPLE = tuple(
    KnownFailure("salesperson-not-coupled", "CUSTOMER", number, "its salesperson HR is no user of Sales", {TO: "not-coupled"})
    for number in ("01560394", "01648820")
)
# The choice is blank in Sales, so that the way back meets two values of which none was ever synchronized.
_OPTIONS = tuple(
    KnownFailure("unknown-option", "CUSTOMER", number, f"{what} no choice in Sales", {TO: "unknown-option", FROM: "conflict"})
    for number, what in (
        ("01454545", "payment terms CM have"),
        ("31669966", "payment terms 1M(8D) have"),
        ("49633663", "shipment method EXW has"),
        ("45779977", "shipping agent OWN LOG. has"),
    )
)
_LENGTHS = tuple(
    KnownFailure("too-long", "ACCOUNT", name, f"{what} longer than the {length} characters of Business Central", {FROM: "too-long"})
    for name, what, length in (
        ("Trailhead Outfitters", "street", 100),
        ("Association for the Preservation and Furnishing", "name", 100),
        ("Clwb Beicio Môn", "city", 30),
    )
)
_COUNTRIES = (
    *(
        KnownFailure("invalid-country", "ACCOUNT", name, "Germany is no country code of Business Central", {FROM: "not-found-reference"})
        for name in ("Hansa Werkstätten GmbH", "Alte Mühle Gastronomie")
    ),
    # Not even as long as a code.
    KnownFailure(
        "invalid-country",
        "ACCOUNT",
        "Oxbridge Reading Rooms",
        "United Kingdom is no country code of Business Central",
        {FROM: "too-long"},
    ),
)
_UNITS = tuple(
    KnownFailure("no-base-unit", "ITEM", number, "it has no base unit of measure", {TO: "unit-blank"}) for number in ("3215", "3228")
)
# Both sides have been in use for years, and nobody knows which of them is right.
_DIFFERENT = tuple(
    KnownFailure("typed-differently", table, number, f"{what} in Sales", {TO: "conflict"})
    for table, number, what in (
        ("CUSTOMER", "10000", "its name is in capitals and its phone number has dots"),
        ("CUSTOMER", "30000", "it has another street and dots in its phone number"),
        ("CUSTOMER", "40000", "its name is in small letters and its mail address is another one"),
        ("CUSTOMER", "50000", "its phone number is missing and its fax number is another one"),
        ("CUSTOMER", "01121212", "its website is written in another way"),
        ("CUSTOMER", "01509283", "its city is in capitals and its payment terms are missing"),
        ("CONTACT", "CT000009", "its mail address is written in another way"),
        ("CONTACT", "CT000021", "its phone number is written in another way"),
        ("CONTACT", "CT000046", "its address is missing"),
    )
)
FAILURES: tuple[KnownFailure, ...] = (
    *_CURRENCIES, *_SALESPEOPLE, *_OPTIONS, *_LENGTHS, *_COUNTRIES, *_UNITS, *_DIFFERENT,
)  # fmt: skip


def failing(table: str) -> set[str]:
    """The keys of the rows of this table that fail as long as nobody mends them, those that only a first synchronization leaves open not
    among them."""
    return {one.key for one in FAILURES if one.table == table and one.cause != "typed-differently"}

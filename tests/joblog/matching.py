"""Customers and accounts that match, do not match or match twice, and how to read what matching made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mappings.models import Coupling
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def both_sides_of(people: People) -> dict[str, str]:
    """One pair, one customer without account, one with two accounts, and two customers for one account; keys by number."""
    names = ("Adatum", "Alone", "Twins", "Shared", "SHARED")
    customers = [people.create_bc("customers", number=f"C{place}", displayName=name) for place, name in enumerate(names)]
    accounts = [
        people.create_sales("accounts", accountnumber=f"A{place}", name=name, customertypecode=3)
        for place, name in enumerate(("ADATUM", "Twins", "Twins", "Shared"))
    ]
    people.create_sales("accounts", accountnumber="V1", name="Alone", customertypecode=11)  # a vendor: outside the filter
    return {row["number"]: row["id"] for row in customers} | {row["accountnumber"]: row["accountid"] for row in accounts}


def coupled() -> set[tuple[str, str]]:
    return {(row.bc_label, row.sales_label) for row in Coupling.objects.all()}


def entries(command: Command, job: dict[str, Any]) -> list[dict[str, Any]]:
    return list(command("synchlog", "--job", str(job["id"]), "--entries")[1]["entries"])


def told(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["source"]["label"], entry["action"], entry["code"]

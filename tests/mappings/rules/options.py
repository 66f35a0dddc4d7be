"""Codes of Business Central and options of Sales columns: how people change them, and what the product keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from joblog.models import SynchError
from mappings.models import Coupling, IntegrationTableMapping, OptionMapping
from syncadmin.sandbox.ids import COMPANY_ID
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
TERMS, AGENT = "PAYMENT TERMS", "SHIPPING AGENT"
SHIPPED = {1: "Net 30", 2: "2% 10, Net 30", 3: "Net 45", 4: "Net 60"}


def mapping(name: str = TERMS, **values: Any) -> IntegrationTableMapping:
    IntegrationTableMapping.objects.filter(name=name).update(**values)
    return IntegrationTableMapping.objects.get(name=name)


def from_sales(**values: Any) -> IntegrationTableMapping:
    changed = mapping(direction="FromIntegrationTable", **values)
    changed.field_mappings.update(direction="FromIntegrationTable")
    return changed


def run(command: Command, *options: str, name: str = TERMS) -> dict[str, int]:
    """What a synchronization counts, without zeros."""
    job = command("synchronize", name, *options)[1]["jobs"][0]
    assert job["status"] == "Finished", job["message"]
    counters = ("inserted", "modified", "unchanged", "skipped", "failed", "coupled", "uncoupled")
    return {one: job[one] for one in counters if job[one]}


def terms(people: People, entity: str = "account") -> dict[int, str]:
    return people.options(entity, "paymenttermscode")


def add_code(people: People, code: str, name: str = "") -> dict[str, Any]:
    return people.create_standard("paymentTerms", code=code, displayName=name or f"{code} in words")


def rename(people: People, code: str, new: str) -> None:
    (row,) = people.rows_standard("paymentTerms", f"code eq '{code}'")
    people.change_standard("paymentTerms", row["id"], code=new)


def delete_code(people: People, code: str) -> None:
    (row,) = people.rows_standard("paymentTerms", f"code eq '{code}'")
    root = people.bc_root.replace("saleslink/sync/v1.0", "v2.0")
    address = f"{root}/companies({COMPANY_ID})/paymentTerms({row['id']})"
    assert people.session.delete(address, headers={"If-Match": "*"}).status_code == 204


def codes(people: People) -> list[str]:
    return sorted(row["code"] for row in people.rows_standard("paymentTerms"))


def pairs(name: str = TERMS) -> dict[str, int]:
    return dict(OptionMapping.objects.filter(name=name).order_by("value", "id").values_list("code", "value"))


def coupled(name: str = TERMS) -> dict[str, str]:
    rows = Coupling.objects.filter(mapping__name=name, pending="")
    return {number: str(key) for number, key in rows.values_list("bc_number", "sales_key")}


def open_errors() -> set[str]:
    return set(SynchError.objects.filter(resolved_at=None).values_list("code", flat=True))

"""Contacts belong to the account of their customer, and the first one is its primary contact (engine.md section 19, Contacts)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from django.db.models import QuerySet

from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.after_inserts import failed_after, stamp_company
from mappings.rules.owners import OwnedRules, owner_rules
from mappings.rules.primary_contacts import PrimaryContacts, customer_mapping
from mappings.rules.table_rules import FROM, Tables, texts
from syncadmin.sync.plan import BIDIRECTIONAL, FieldRule
from syncadmin.sync.records import Action, Direction, Outcome, Record, Side, WriteResult
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference, References

BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
_CUSTOMER = "CUSTOMER"


class ContactRules(OwnedRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {BC: ("companyNumber", "customerNumber")}

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        """The company contact on one side and the parent account on the other are one field (parent-account, company-number)."""
        customers = customer_mapping(mapping)
        company, parent = tables[BC].fields["companyNumber"], tables[SALES].fields["parentcustomerid"]
        lookup = customers.name if customers else _CUSTOMER
        return [
            *super().field_rules(mapping, tables),
            *owner_rules(tables),
            # Sent first: Business Central fills in by order, and its type takes the parts of the name with it.
            FieldRule(bc=tables[BC].fields["type"], sales=None, direction=FROM, constant="Person", insert_only=True),
            FieldRule(bc=company, sales=parent, direction=BIDIRECTIONAL, lookup=lookup),
        ]

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        """Contacts whose company is no customer are none of ours (skip-unrelated)."""
        if direction is not Direction.TO_INTEGRATION:
            return records
        return [record for record in records if record.values.get("customerNumber")]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        if direction is Direction.TO_INTEGRATION:
            self.behind = {_text(record, "companyNumber"): _text(record, "customerNumber") for record in records}
            return self.with_owner(records)
        return records

    def resolve(self, direction: Direction, wanted: set[Reference], found: References) -> References:
        """Company contacts are found through their customer, in both directions."""
        lookup = self.customers.name if self.customers else _CUSTOMER
        asked = [value for name, value in wanted if name == lookup]
        others = {reference: key for reference, key in found.items() if reference[0] != lookup}
        keys = self._accounts(asked) if direction is Direction.TO_INTEGRATION else self._company_contacts(asked)
        return {**others, **{(lookup, value): key for value, key in keys.items()}}

    def after_write(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        new = [one.destination_key for one in touched if one.action is Action.INSERTED]
        if not new:
            return touched
        if direction is Direction.TO_INTEGRATION:
            contacts = self.connectors[SALES].read_records(self.plan.sales, new, ["parentcustomerid"])
            return _told(touched, direction, self.primary.in_sales(list(contacts.values())))
        contacts = self.connectors[BC].read_records(self.plan.bc, new, ["number", "customerNumber"])
        written = _told(touched, direction, self.primary.in_business_central(list(contacts.values())))
        return stamp_company(self, written)

    @cached_property
    def customers(self) -> IntegrationTableMapping | None:
        return customer_mapping(self.mapping)

    @cached_property
    def primary(self) -> PrimaryContacts:
        return PrimaryContacts(self.mapping, self.connectors, self.customers)

    def _accounts(self, companies: Iterable[str]) -> dict[str, str]:
        """Company contact -> account coupled to its customer."""
        numbers = {company: self.behind.get(company, "") for company in companies}
        accounts = dict(self._coupled(bc_number__in=texts(numbers.values())).values_list("bc_number", "sales_key"))
        return {company: str(accounts[number]) for company, number in numbers.items() if accounts.get(number)}

    def _company_contacts(self, accounts: Iterable[str]) -> dict[str, str]:
        """Account -> company contact of the customer coupled to it."""
        numbers = dict(self._coupled(sales_key__in=list(accounts)).values_list("sales_key", "bc_number"))
        if not numbers:
            return {}
        fields = ["number", "type", "customerNumber"]
        found = self.connectors[BC].find_records(self.plan.bc, "customerNumber", texts(numbers.values()), fields)
        companies = {_text(row, "customerNumber"): _text(row, "number") for row in found if row.values.get("type") == "Company"}
        return {str(account): companies[number] for account, number in numbers.items() if number in companies}

    def _coupled(self, **condition: list[str]) -> QuerySet[Coupling]:
        return Coupling.objects.filter(mapping=self.customers, pending="", **condition)


def _told(touched: Sequence[Touched], direction: Direction, answers: Mapping[str, WriteResult]) -> Sequence[Touched]:
    """Contacts that could not become the primary one fail, unless another was quicker."""
    wrong = {key: answer for key, answer in answers.items() if answer.outcome not in (Outcome.DONE, Outcome.STALE)}
    what = f"it could not become the primary contact in {direction.destination.label}"
    return [failed_after(one, direction, wrong[one.destination_key], what) if one.destination_key in wrong else one for one in touched]


def _text(record: Record, name: str) -> str:
    return str(record.values.get(name) or "").strip()

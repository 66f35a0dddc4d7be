"""Contacts belong to the account of their customer, and the first one is its primary contact (engine.md section 19, Contacts).

The way from a contact to its customer is the property ``customerNumber`` of the custom page; API v2.0 has none, so the set-up leaves the
mapping out there.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from mappings.couplings import couplings_of
from mappings.models import IntegrationTableMapping
from mappings.rules.after_inserts import stamp_company
from mappings.rules.contact_parents import BC, SALES, Parents, customer_mapping, is_company
from mappings.rules.owners import OWNING_TEAM, OwnedRules, owner_rules
from mappings.rules.primary_contacts import NewContact, PrimaryContacts
from mappings.rules.table_rules import FROM, Tables, refused, texts
from mappings.rules.unfinished import failed_after
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.plan import BIDIRECTIONAL, FieldRule
from syncadmin.sync.records import Action, Direction, Outcome, Record, Side, WriteResult
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference, References

_CUSTOMER = "CUSTOMER"
_COMPANY, _ACCOUNT, _CUSTOMER_NUMBER = "companyNumber", "parentcustomerid", "customerNumber"
_PARENT = f"{_COMPANY}|{_ACCOUNT}"
_TO = Direction.TO_INTEGRATION


class ContactRules(OwnedRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {BC: (_COMPANY, _CUSTOMER_NUMBER, "type"), SALES: (_ACCOUNT, OWNING_TEAM)}

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        """The company contact on one side and the parent account on the other are one field.

        It is never emptied: a coupled contact whose customer lost its coupling keeps what it has, an empty parent is filled again
        (parent-account-repair), and a new contact without parent is refused by :meth:`prepare`.
        """
        customers = customer_mapping(mapping)
        parent = FieldRule(
            bc=tables[BC].fields[_COMPANY],
            sales=tables[SALES].fields[_ACCOUNT],
            direction=BIDIRECTIONAL,
            lookup=customers.name if customers else _CUSTOMER,
            clear_on_failed=True,
            not_null=True,
            fills_empty=True,
        )
        return [
            *super().field_rules(mapping, tables),
            *owner_rules(tables),
            # Sent first: Business Central fills in by order, and its type takes the parts of the name with it.
            FieldRule(bc=tables[BC].fields["type"], sales=None, direction=FROM, constant="Person", insert_only=True),
            parent,
        ]

    @classmethod
    def never_coupled(cls, record: Record) -> str:
        return "It is a company. Only persons are coupled: the company goes with its customer." if is_company(record) else ""

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        """Company contacts, and persons whose company is no customer, are none of ours (skip-unrelated)."""
        if direction is not _TO:
            return records
        return [record for record in records if record.values.get(_CUSTOMER_NUMBER) and not is_company(record)]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        states = couplings_of(self.mapping).for_records(direction.source, [record.key for record in records])
        needing = [record for record in records if self._needs_parent(direction, record, states.get(record.key))]
        if direction is not _TO:
            new = {record.key for record in needing if _is_new(states.get(record.key))}
            lacking = self._lacking(needing, new)
            return self.with_person_as_owner([self._without_company(one) if one.key in lacking else one for one in records])
        self.behind = {_text(record, _COMPANY): _text(record, _CUSTOMER_NUMBER) for record in records}
        self.accounts = self.parents.accounts(self.behind.values())
        lacking = {record.key for record in needing if _text(record, _CUSTOMER_NUMBER) not in self.accounts}
        return self.with_owner([self._without_account(one) if one.key in lacking else one for one in records])

    def resolve(self, direction: Direction, wanted: set[Reference], found: References) -> References:
        """Company contacts are found through their customer, in both directions."""
        asked = [value for name, value in wanted if name == self.lookup]
        others = {reference: key for reference, key in found.items() if reference[0] != self.lookup}
        if direction is _TO:
            keys = {company: key for company in asked if (key := self.accounts.get(self.behind.get(company, "")))}
        else:
            keys = {account: number for account, number in self.parents.companies(asked).items() if number}
        return {**others, **{(self.lookup, value): key for value, key in keys.items()}}

    def look_again(self, direction: Direction, records: Sequence[Record]) -> Container[str]:
        """Unchanged contacts whose counterpart has lost its account or company (parent-account-repair): one statement, one request."""
        side = direction.destination
        states = couplings_of(self.mapping).for_records(direction.source, [record.key for record in records])
        keys = {str(state.end(side).key): key for key, state in states.items() if state.end(side).key}
        empty = f"{self.plan.sales.fields[_ACCOUNT].property_name} eq null" if side is SALES else f"{_COMPANY} eq ''"
        found = self.connectors[side].read_records(self.plan.table(side), list(keys), [], condition=empty) if keys else {}
        return {keys[key] for key in found}

    def after_write(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        new = {one.destination_key: one for one in touched if one.action is Action.INSERTED or _got_parent(one)}
        if new and direction is _TO:
            found = self.connectors[SALES].read_records(self.plan.sales, list(new), [_ACCOUNT])
            contacts = [NewContact(key, key, _number(new[key]), _text(row, _ACCOUNT)) for key, row in found.items()]
            return _told(touched, direction, self.primary.repair(SALES, contacts))
        if new:
            found = self.connectors[BC].read_records(self.plan.bc, list(new), ["number", _CUSTOMER_NUMBER])
            contacts = [
                NewContact(key, _text(row, "number"), new[key].source_key, _text(row, _CUSTOMER_NUMBER)) for key, row in found.items()
            ]
            touched = _told(touched, direction, self.primary.repair(BC, contacts))
        return touched if direction is _TO else stamp_company(self, touched)

    @cached_property
    def behind(self) -> Mapping[str, str]:
        """The customer behind each company contact of the page under way."""
        return {}

    @cached_property
    def accounts(self) -> Mapping[str, str]:
        """The accounts of these customers."""
        return {}

    @property
    def lookup(self) -> str:
        return self.customers.name if self.customers else _CUSTOMER

    @cached_property
    def customers(self) -> IntegrationTableMapping | None:
        return customer_mapping(self.mapping)

    @cached_property
    def parents(self) -> Parents:
        return Parents(self.mapping, self.customers, self.connectors, self.plan.bc)

    @cached_property
    def primary(self) -> PrimaryContacts:
        return PrimaryContacts(self.mapping, self.connectors, self.customers)

    # ---- contacts that cannot go without a parent

    def _needs_parent(self, direction: Direction, record: Record, state: CouplingState | None) -> bool:
        """Whether the contact is new, or has moved to another parent since it was last synchronized."""
        if state is None:
            return not self.plan.only_coupled
        if state.pending is direction:
            return True
        before = state.baseline.get(_PARENT)
        name, place = (_COMPANY, 0) if direction is _TO else (_ACCOUNT, 1)
        return before is not None and str(before[place] or "").casefold() != _text(record, name).casefold()

    def _lacking(self, records: Sequence[Record], new: Container[str]) -> set[str]:
        """The contacts whose account should have a company and has none; a new one outside the filter of customers goes without."""
        first = self.synchronize_first if self.may_write else None
        lacking, outside = self.parents.without_company(texts(_text(record, _ACCOUNT) for record in records), first)
        strangers = {record.key for record in records if record.key not in new and _text(record, _ACCOUNT) in outside}
        return {record.key for record in records if _text(record, _ACCOUNT) in lacking} | strangers

    def _without_company(self, record: Record) -> Record:
        """M22."""
        text = (
            "The contact cannot be synchronized because its company does not exist in Business Central: its account is not coupled to a "
            f"customer with a company contact. Couple the account in the mapping {self.lookup}, then retry."
        )
        return refused(record, "not-coupled", text, _ACCOUNT, missing=(self.lookup, _text(record, _ACCOUNT)))

    def _without_account(self, record: Record) -> Record:
        number = _text(record, _CUSTOMER_NUMBER)
        text = (
            f"The contact cannot be synchronized because the customer {number} of its company is not coupled to an account. "
            f"Couple it in the mapping {self.lookup}, then retry."
        )
        return refused(record, "not-coupled", text, _COMPANY, missing=(self.lookup, number))


def _is_new(state: CouplingState | None) -> bool:
    return state is None or state.pending is not None


def _got_parent(touched: Touched) -> bool:
    """Whether an account or a company was filled in where there was none."""
    return any(change.field in (_COMPANY, _ACCOUNT) and not change.old for change in touched.changes)


def _number(touched: Touched) -> str:
    return touched.coupling.bc_number if touched.coupling is not None else ""


def _told(touched: Sequence[Touched], direction: Direction, answers: Mapping[str, WriteResult]) -> Sequence[Touched]:
    """Contacts that could not become the primary one fail, unless another was quicker."""
    wrong = {key: answer for key, answer in answers.items() if answer.outcome not in (Outcome.DONE, Outcome.STALE)}
    what = f"it could not become the primary contact in {direction.destination.label}"
    return [failed_after(one, direction, wrong[one.destination_key], what) if one.destination_key in wrong else one for one in touched]


def _text(record: Record, name: str) -> str:
    return str(record.values.get(name) or "").strip()

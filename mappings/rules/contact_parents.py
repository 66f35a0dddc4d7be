"""The company behind a contact: the company contact of a customer on one side, its account on the other (rules parent-account and
company-number)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mappings.couplings import couplings_of, is_previewed
from mappings.models import IntegrationTableMapping
from mappings.rules.first import uncoupled_inside
from mappings.rules.table_rules import texts
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.tables import Table

BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
First = Callable[[str, Sequence[str]], None]


@dataclass
class Parents:
    """Finds companies and accounts through the couplings of ``customers``, the mapping of customers and accounts (None: there is none).

    ``contacts`` is the table of contacts in Business Central. Companies that were found are kept for the run.
    """

    mapping: IntegrationTableMapping
    customers: IntegrationTableMapping | None
    connectors: Mapping[Side, Connector]
    contacts: Table
    _companies: dict[str, str] = field(default_factory=dict)

    def accounts(self, numbers: Iterable[str]) -> dict[str, str]:
        """The account of each coupled customer, by its number; one statement."""
        wanted = texts(numbers)
        return couplings_of(self.mapping).sales_keys(self.customers.name, wanted, by="bc_number") if wanted and self.customers else {}

    def companies(self, accounts: Iterable[str]) -> dict[str, str]:
        """The company contact of each coupled account; one statement and one request at most.

        An account whose customer has no company contact, because it is a person, has "".
        """
        wanted = [key for key in texts(accounts) if key not in self._companies]
        numbers = self._numbers(wanted)
        if numbers:
            fields = ["number", "type", "customerNumber"]
            found = self.connectors[BC].find_records(self.contacts, "customerNumber", texts(numbers.values()), fields)
            names = {_text(row, "customerNumber"): _text(row, "number") for row in found if is_company(row)}
            # A customer that a preview would create brings its company contact along.
            names |= {number: number for number in numbers.values() if is_previewed(number)}
            self._companies |= {account: names.get(number, "") for account, number in numbers.items()}
        return {key: self._companies[key] for key in texts(accounts) if key in self._companies}

    def without_company(self, accounts: Iterable[str], first: First | None) -> tuple[set[str], set[str]]:
        """Those of these accounts that should have a company contact and have none, and those outside of the filter of customers.

        An uncoupled account is synchronized first where the mapping of customers creates customers; ``first`` is None in a preview, which
        takes that for done.
        """
        wanted = texts(accounts)
        known = self.companies(wanted)
        left = [key for key in wanted if key not in known]
        inside = uncoupled_inside(self.mapping, self.customers.name, SALES, self.connectors[SALES], left) if self.customers else left
        outside = set(left) - set(inside)
        if inside and self.customers and self._may_create:
            if first is None:
                inside = []
            else:
                first(self.customers.name, inside)
                known |= self.companies(inside)
        return {key for key in [*inside, *known] if not known.get(key)}, outside

    @property
    def _may_create(self) -> bool:
        own = self.customers
        return own is not None and Direction.FROM_INTEGRATION in own.directions and not own.synch_only_coupled

    def _numbers(self, accounts: Sequence[str]) -> dict[str, str]:
        """The customer of each coupled account."""
        if not accounts or self.customers is None:
            return {}
        wanted = {(self.customers.name, key) for key in accounts}
        found = couplings_of(self.mapping).references(Direction.FROM_INTEGRATION, wanted)
        return {key: number for (_, key), number in found.items()}


def customer_mapping(mapping: IntegrationTableMapping) -> IntegrationTableMapping | None:
    """The mapping of customers and accounts in the same company."""
    return _of_tables(mapping, "customers", "accounts")


def contact_mapping(mapping: IntegrationTableMapping) -> IntegrationTableMapping | None:
    """The mapping of contacts in the same company."""
    return _of_tables(mapping, "contacts", "contacts")


def is_company(contact: Record) -> bool:
    return contact.values.get("type") == "Company"


def _of_tables(mapping: IntegrationTableMapping, table: str, integration_table: str) -> IntegrationTableMapping | None:
    rows = IntegrationTableMapping.objects.filter(business_central=mapping.business_central_id, table=table)
    return rows.filter(integration_table=integration_table).select_related("business_central", "sales").first()


def _text(record: Record, name: str) -> str:
    return str(record.values.get(name) or "").strip()

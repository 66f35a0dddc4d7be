"""Customers and accounts: owner, company, blocking, and the contacts that follow (engine.md section 19, Customer/Vendor)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.after_inserts import stamp_company
from mappings.rules.child_contacts import ChildContacts
from mappings.rules.owners import OWNING_TEAM, OwnedRules, owner_rules
from mappings.rules.table_rules import FROM, Tables, computed, texts, with_values
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Action, Direction, Record, Side
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched
from syncadmin.sync.values import canonical

BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
_INACTIVE = 1


class CustomerRules(OwnedRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {SALES: ("statecode", OWNING_TEAM)}
    keeps_uncoupled = frozenset({"primaryContactNumber"})  # engine.md section 3, primary contact

    following: tuple[str, Sequence[str]] = ("", [])  # mapping and keys of the contacts that wait for the page under way

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        return [*super().field_rules(mapping, tables), *owner_rules(tables), *_blocking(mapping, tables)]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        if direction is Direction.TO_INTEGRATION:
            return self.with_owner(records)
        return self.with_person_as_owner(self._with_blocked(records))

    def after_write(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        new = [one for one in touched if one.action is Action.INSERTED]
        if direction is Direction.FROM_INTEGRATION:
            parents = [one.source_key for one in new]
        else:
            parents = texts(one.coupling.bc_number for one in new if one.coupling is not None)
        self.following = ChildContacts(self.mapping, self.connectors).waiting(direction, parents)
        return stamp_company(self, touched) if direction is Direction.FROM_INTEGRATION else touched

    def follow_up(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[tuple[str, Sequence[str]]]:  # noqa: ARG002
        """The contacts of customers and accounts that were created just now."""
        name, keys = self.following
        self.following = ("", [])
        return [(name, keys)] if keys else ()

    def _with_blocked(self, records: Sequence[Record]) -> Sequence[Record]:
        """Inactive accounts block their customer, unless it is blocked in some way already; active ones never unblock it."""
        inactive = [record.key for record in records if record.values.get("statecode") == _INACTIVE]
        if not inactive:
            return records
        coupled = Coupling.objects.filter(mapping=self.mapping, sales_key__in=inactive, pending="").exclude(bc_key=None)
        keys = {str(sales): str(bc) for sales, bc in coupled.values_list("sales_key", "bc_key")}
        customers = self.connectors[BC].read_records(self.plan.bc, list(keys.values()), ["blocked"]) if keys else {}
        blocked = self.plan.bc.fields["blocked"]
        free = {key for key, row in customers.items() if canonical(row.values.get("blocked"), blocked) is None}
        open_ones = {key for key in inactive if keys.get(key) is None or keys[key] in free}
        return [with_values(record, blocked="All") if record.key in open_ones else record for record in records]


def _blocking(mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
    """Only where the filter lets inactive accounts through (block-on-inactive)."""
    if "blocked" not in tables[BC].fields or "statecode eq 0" in mapping.integration_table_filter:
        return []
    own = computed("blocked", FieldType.TEXT, "Inactive")
    return [FieldRule(bc=tables[BC].fields["blocked"], sales=own, direction=FROM, not_null=True)]

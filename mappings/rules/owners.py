"""Who owns records of Sales: the user of the salesperson, or a team of the company (engine.md section 3.1; special rule owner)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from mappings.models import Coupling, IntegrationTableMapping
from mappings.ownership import OWNER, by_person
from mappings.rules.related import read_all, related_table
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, refused, with_values
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.tables import FieldType

OWNING_TEAM = "owningteam"
"""The team that owns a record of Sales, empty where a user does; a page of Sales says it beside the owner."""


def owner_rules(tables: Tables) -> list[FieldRule]:
    """New records belong to the team; a salesperson that is mapped to the owner wins over it."""
    owner = tables[Side.SALES].fields.get(OWNER)
    return [FieldRule(bc=computed("team", FieldType.TEXT, "Owning Team"), sales=owner, direction=TO, insert_only=True)] if owner else []


class OwnedRules(MappingRules):
    """Rules of a table whose records in Sales have an owner; its ``also_read`` names the owning team."""

    def with_owner(self, records: Sequence[Record]) -> Sequence[Record]:
        """Records on their way to Sales with the team; it is asked for once per run, when the first page comes that has something new."""
        keys = [record.key for record in records]
        coupled = Coupling.objects.filter(mapping=self.mapping, bc_key__in=keys, pending="").count()
        if coupled == len(keys):
            return records
        return [with_values(record, team=self.team) for record in records]

    def prepare_new(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        """What takes the place of a deleted record is new as well, although its source is coupled."""
        if direction is not Direction.TO_INTEGRATION:
            return records
        return [record if record.values.get("team") else with_values(record, team=self.team) for record in records]

    def with_person_as_owner(self, records: Sequence[Record]) -> Sequence[Record]:
        """Records from Sales; where their owner becomes a salesperson, one that a team owns is refused."""
        mapped = any(rule.sales is not None and rule.sales.name == OWNER and rule.lookup for rule in self.plan.rules_for(_FROM))
        return [_of_a_team(one) if one.values.get(OWNING_TEAM) else one for one in records] if mapped else records

    @cached_property
    def team(self) -> str | None:
        return team_reference(self.mapping, self.connectors[Side.SALES])


def team_reference(mapping: IntegrationTableMapping, sales: Connector) -> str | None:
    """The owning team as a new record names its owner.

    None where there is none: then Sales gives the record to the user that creates it. Raises RunError ``no-owning-team`` in the ownership
    model Team.
    """
    key = default_owning_team(mapping, sales)
    if key:
        return f"teams/{key}"
    if by_person(mapping.business_central):
        return None
    raise RunError(
        "no-owning-team",
        f"The company {mapping.business_central.company} has no owning team in Dynamics 365 Sales, which the ownership model Team needs. "
        "Give its row in bcbi_companies a default owning team.",
    )


def default_owning_team(mapping: IntegrationTableMapping, sales: Connector) -> str:
    """The key of the team that the company's row in Sales names, else of the root business unit's own team; "" where there is neither."""
    company = mapping.business_central.sales_company_id
    if company:
        table = related_table(mapping, Side.SALES, "bcbi_companies")
        found = sales.read_records(table, [company], ["bcbi_defaultowningteam"]).get(company.lower())
        if found and found.values.get("bcbi_defaultowningteam"):
            return str(found.values["bcbi_defaultowningteam"])
    units = read_all(sales, related_table(mapping, Side.SALES, "businessunits"), [], "_parentbusinessunitid_value eq null")
    roots = {unit.key for unit in units}
    teams = read_all(sales, related_table(mapping, Side.SALES, "teams"), ["businessunitid"], "isdefault eq true")
    return next((team.key for team in teams if str(team.values.get("businessunitid") or "").lower() in roots), "")


_FROM = Direction.FROM_INTEGRATION


def _of_a_team(record: Record) -> Record:
    text = "The record belongs to a team in Dynamics 365 Sales, and only a user can become a salesperson. Assign it to a user, then retry."
    return refused(record, "owner-is-team", text, OWNER)

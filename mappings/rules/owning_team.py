"""The team that owns new records of a company in Sales (engine.md section 3.1; special rule owner)."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.related import read_all, related_table
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, with_values
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side
from syncadmin.sync.tables import FieldType


def owner_rules(tables: Tables) -> list[FieldRule]:
    """New records belong to the team; a salesperson that is mapped to the owner wins over it."""
    owner = tables[Side.SALES].fields.get("ownerid")
    return [FieldRule(bc=computed("team", FieldType.TEXT, "Owning Team"), sales=owner, direction=TO, insert_only=True)] if owner else []


class OwnedRules(MappingRules):
    """Rules of a table whose new records in Sales belong to the team."""

    _team: str | None = None

    def with_owner(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records with the team; it is asked for once per run, when the first page comes that has something new."""
        keys = [record.key for record in records]
        coupled = Coupling.objects.filter(mapping=self.mapping, bc_key__in=keys, pending="").count()
        if coupled == len(keys):
            return records
        if self._team is None:
            self._team = default_owning_team(self.mapping, self.connectors[Side.SALES])
        return [with_values(record, team=self._team and f"teams/{self._team}") for record in records]


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

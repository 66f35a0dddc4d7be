"""What records refer to and is not coupled yet is synchronized first, where its own mapping lets it through (engine.md section 19)."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.companies import of_company
from mappings.models import IntegrationTableMapping
from mappings.rules.references import coupled_keys, sibling
from mappings.rules.related import related_table
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Side


def uncoupled_inside(mapping: IntegrationTableMapping, name: str, side: Side, connector: Connector, keys: Sequence[str]) -> list[str]:
    """Those of these keys of one side that the mapping ``name`` of the same company has not coupled and that pass its filter.

    One statement, and the requests that reading the keys takes where there is a filter; ``connector`` is that of the side.
    """
    owner = sibling(mapping, name)
    if owner is None or not owner.enabled:
        return []
    own, by = (owner.table, "bc_key") if side is Side.BUSINESS_CENTRAL else (owner.integration_table, "sales_key")
    coupled = coupled_keys(mapping, name, keys, by=by)
    left = [key for key in keys if key not in coupled]
    condition = of_company(owner.table_filter if side is Side.BUSINESS_CENTRAL else owner.integration_table_filter, owner)
    if not left or not condition:
        return left
    return list(connector.read_records(related_table(mapping, side, own), left, [], condition=condition))

"""What people call rows of Sales that a record refers to and that nobody has coupled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mappings.models import IntegrationTableMapping
from mappings.rules.related import table_if_known
from syncadmin.sync.errors import RunError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Side
from syncadmin.sync.transfer import Reference

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def names_in_sales(mapping: IntegrationTableMapping, sales: Connector, missing: Iterable[Reference]) -> dict[Reference, str]:
    """One request for each mapping whose records are missing; what has no name, or may not be read, stays without one."""
    wanted: dict[str, list[str]] = {}
    for name, key in sorted(missing):
        if _GUID.fullmatch(key):
            wanted.setdefault(name, []).append(key)
    rows = IntegrationTableMapping.objects.filter(business_central=mapping.business_central_id, name__in=wanted) if wanted else ()
    found: dict[Reference, str] = {}
    for row in rows:
        table = table_if_known(mapping, Side.SALES, row.integration_table)
        if table is None or table.caption not in table.fields:
            continue
        try:
            records = sales.read_records(table, wanted[row.name], [table.caption])
        except RunError:  # the error is about the record that refers to them: it is told all the same, with their keys
            continue
        for key in wanted[row.name]:
            record = records.get(key.lower())
            if record is not None and record.values.get(table.caption):
                found[row.name, key] = str(record.values[table.caption])
    return found

"""Number series of Business Central: the next free number for a new row without one."""

from __future__ import annotations

from .schema import Entity
from .store import Store

# Prefix, digits, last number used by a new company; posted invoices have their own series.
SERIES = {
    "customers": ("C", 5, 9),
    "contacts": ("CT", 6, 0),
    "items": ("", 4, 999),
    "resources": ("R", 4, 9),
    "vendors": ("V", 5, 9),
    "salesInvoices": ("", 6, 102_200),
}
POSTED_INVOICES = "posted invoices"
_POSTED = ("", 6, 103_000)


def next_number(store: Store, entity: Entity, company: str, *, series: str = "") -> str:
    """Draws the next number that no row has; ``series`` names another series than the entity's own."""
    prefix, width, last = _POSTED if series == POSTED_INVOICES else SERIES[entity.name]
    sql = "INSERT OR IGNORE INTO sandbox_series VALUES (?, ?, ?, ?, ?)"
    store.run(sql, (company, series or entity.name, prefix, width, last))
    while True:
        drawn = "UPDATE sandbox_series SET last = last + 1 WHERE company = ? AND name = ? RETURNING prefix, width, last"
        prefix, width, last = store.one(drawn, (company, series or entity.name))
        number = f"{prefix}{last:0{width}d}"
        if store.first(entity, {"_company": company, "number": number}) is None:
            return number

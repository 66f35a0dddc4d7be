"""The couplings of a million records, on PostgreSQL: how fast the pages answer that count and find them. Nothing here passes or fails.

python -m tests.bench.couplings [COUPLINGS]        (default 1000000)

Works in a database of its own, made on the server of SYNCADMIN_TEST_POSTGRESQL and dropped at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from tests.bench.database import SERVER, fill, measured, own_database, server_answers

ROWS = (Path(__file__).parent / "coupling_rows.sql").read_text()
# The page as it opens, each tab, filters that find much and little, sorts, deep pages.
PAGES = (
    ("mappings", "/mappings/"),
    ("mappings, with failed or skipped records", "/mappings/?troubled=on"),
    ("mappings, sorted by failed", "/mappings/?sort=-failed"),
    ("mappings, more than 100 failed", "/mappings/?f.failed=%3E100"),
    ("factbox of a mapping", "/mappings/{mapping}/factbox/"),
    ("card of a mapping", "/mappings/{mapping}/"),
    ("couplings", "/couplings/"),
    ("couplings, page 200", "/couplings/?page=200"),
    ("couplings, oldest first", "/couplings/?sort=created_at"),
    ("couplings, sorted by name", "/couplings/?sort=name"),
    ("couplings, sorted by last synchronized", "/couplings/?sort=-last_synch_at"),
    ("couplings, in sync", "/couplings/?state=in+sync"),
    ("couplings, in sync, page 200", "/couplings/?state=in+sync&page=200"),
    ("couplings, differs", "/couplings/?state=differs"),
    ("couplings, failing", "/couplings/?state=failing"),
    ("couplings, skipped", "/couplings/?state=skipped"),
    ("couplings, pending", "/couplings/?state=pending"),
    ("couplings, broken", "/couplings/?state=broken"),
    ("couplings, new", "/couplings/?state=new"),
    ("couplings, failed last time", "/couplings/?state=failed"),
    ("couplings, coupled on both sides", "/couplings/?state=coupled"),
    ("couplings, failing, oldest first", "/couplings/?state=failing&sort=created_at"),
    ("couplings, failing, sorted by when", "/couplings/?state=failing&sort=-failed_at"),
    ("couplings, one mapping", "/couplings/?mapping=CUSTOMER"),
    ("couplings, one mapping, page 200", "/couplings/?mapping=CUSTOMER&page=200"),
    ("couplings, one mapping, oldest first", "/couplings/?mapping=CUSTOMER&sort=created_at"),
    ("couplings, a small mapping", "/couplings/?mapping=SALESPEOPLE"),
    ("couplings, a mapping without", "/couplings/?mapping=VENDOR"),
    ("couplings, one mapping, failing", "/couplings/?mapping=CUSTOMER&state=failing"),
    ("couplings, one mapping, failed last time", "/couplings/?mapping=CUSTOMER&state=failed"),
    ("couplings, a small mapping, failed last time", "/couplings/?mapping=SALESPEOPLE&state=failed"),
    ("couplings, one mapping, coupled", "/couplings/?mapping=CUSTOMER&state=coupled"),
    ("couplings, one mapping, broken", "/couplings/?mapping=CUSTOMER&state=broken"),
    ("couplings, search", "/couplings/?search=litware"),
    ("couplings, search that finds nothing", "/couplings/?search=zzzz"),
    ("couplings, search in one mapping", "/couplings/?mapping=CUSTOMER&search=zzzz"),
    ("couplings, filter pane: coupled by hand", "/couplings/?f.origin=manual"),
    ("couplings, filter pane: two states", "/couplings/?f.state=failing&f.state=broken"),
    ("couplings, filter pane: name", "/couplings/?f.name=*Litware*"),
    ("couplings, filter pane: one number", "/couplings/?f.bc_number={number}"),
    ("couplings, refreshed by itself", "/couplings/?state=failing&page=2"),
    ("skipped", "/skipped-records/"),
    ("skipped, page 200", "/skipped-records/?page=200"),
    ("skipped, one mapping", "/skipped-records/?mapping=CUSTOMER"),
    ("skipped, missing in Sales", "/skipped-records/?gone=sales"),
    ("skipped, both exist", "/skipped-records/?gone=no"),
    ("skipped, search", "/skipped-records/?search=zzzz"),
    ("a coupling", "/couplings/{coupling}/"),
    ("tell me, a number", "/tell-me/?q={number}"),
    ("tell me, the beginning of numbers", "/tell-me/?q=A00"),
    ("tell me, a name", "/tell-me/?q=litware"),
    ("tell me, a name and a number", "/tell-me/?q=litware+bank+4711"),
    ("tell me, nothing", "/tell-me/?q=zzzz"),
    ("tell me, an umlaut", "/tell-me/?q=%C3%A4rzte"),
    ("tell me, inside of words", "/tell-me/?q=wind"),
    ("role center", "/home/"),
)


def main(couplings: int) -> None:
    console = Console(width=140)
    if not server_answers():
        console.print(f"No PostgreSQL server answers at {SERVER}: the couplings are not measured.")
        return
    with own_database():
        from mappings.models import Coupling

        console.print(f"Writing {couplings:,} couplings ...")
        console.print(f"done in {fill([Coupling], ROWS, couplings=couplings):.0f} s\n")
        console.print(measured("Couplings, on the server", PAGES, _places()))


def _places() -> dict[str, object]:
    from mappings.models import Coupling, IntegrationTableMapping

    coupling = Coupling.objects.filter(mapping__name="CUSTOMER").order_by("pk").last()
    assert coupling is not None
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER").pk
    return {"mapping": mapping, "coupling": coupling.pk, "number": coupling.bc_number}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

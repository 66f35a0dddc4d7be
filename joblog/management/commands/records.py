"""manage.py records: the records of a mapping as both systems hold them now (engine.md section 13)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from joblog.naming import find_mapping, find_records
from mappings.models import IntegrationTableMapping
from mappings.offers import synchronize_offer
from mappings.record_lists import Asked, RecordList, find_by_name, list_records
from mappings.records import RecordPage, open_record
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Side

_SIDES = {"business-central": Side.BUSINESS_CENTRAL, "sales": Side.SALES}


class Command(BaseCommand):
    help = "Lists records, coupled or not, or shows both values of one. Exit code 0, or 2 with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mapping", metavar="MAPPING", help="name or alias, any case")
        parser.add_argument("search", nargs="?", default="", metavar="SEARCH", help="part of a number or name")
        parser.add_argument("--side", choices=list(_SIDES), default="business-central")
        coupled = parser.add_mutually_exclusive_group()
        coupled.add_argument("--coupled", action="store_const", const=True, dest="coupled", help="only coupled records")
        coupled.add_argument("--uncoupled", action="store_const", const=False, dest="coupled", help="only those that are not coupled")
        parser.add_argument("--limit", type=int, default=50, metavar="N", help="about how many (default 50)")
        parser.add_argument("--show", metavar="KEY", help="both values of this record, and what the next synchronization does with it")
        parser.add_argument("--beside", metavar="NAME", help="with --show: beside this record of the other side, before coupling them")
        parser.add_argument("--company", default="", help="the Business Central company, where several are set up")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping = find_mapping(options["mapping"], options["company"])
            if options["show"]:
                told, plain = _shown(mapping, options)
            else:
                told, plain = _listed(mapping, options)
        except (SyncError, CommandError) as error:
            self._stop(str(error), as_json=options["json"])
        self.stdout.write(json.dumps(plain) if options["json"] else "\n".join(told))

    def _stop(self, text: str, *, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"status": "Error", "message": text}))
        else:
            self.stderr.write(text)
        sys.exit(2)


def _listed(mapping: IntegrationTableMapping, options: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    side, search = _SIDES[options["side"]], options["search"]
    found = list_records(mapping, side, Asked(search=search, coupled=options["coupled"]), page_size=options["limit"])
    rows = _rows(found, side)
    lines = [f"{row['key']}  {row['label']}{_partner(row)}" for row in rows]
    return lines or ["There is no such record."], {"records": rows, "more": bool(found.next)}


def _partner(row: dict[str, Any]) -> str:
    return f"  coupled to {row['coupled_to']['label']}" if row["coupled_to"] else ""


def _rows(found: RecordList, side: Side) -> list[dict[str, Any]]:
    rows = []
    for row in found.rows:
        coupling, partner = row.coupling, None
        if coupling is not None and not coupling.pending:
            other = (coupling.sales_key, coupling.sales_label) if side is Side.BUSINESS_CENTRAL else (coupling.bc_key, coupling.bc_label)
            partner = {"key": other[0], "label": other[1]}
        modified_at = row.modified_at.isoformat() if row.modified_at else None
        rows.append({"key": row.key, "number": row.number, "label": row.label, "modified_at": modified_at, "coupled_to": partner})
    return rows


def _shown(mapping: IntegrationTableMapping, options: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    bc_keys, sales_keys = find_records(mapping, [options["show"]])
    side, key = (Side.BUSINESS_CENTRAL, bc_keys[0]) if bc_keys else (Side.SALES, sales_keys[0])
    partner = find_by_name(mapping, side.other, options["beside"]).key if options["beside"] else ""
    page = open_record(mapping, side, key, partner=partner)
    offer = synchronize_offer(mapping, page)
    lines = [page.title, page.next_text, *(_field_line(page, place) for place in range(len(page.fields)))]
    return lines, {
        "title": page.title,
        "business_central": page.bc_key,
        "sales": page.sales_key,
        "state": page.coupling.state if page.coupling else "not coupled",
        "next": page.next_text,
        "offer": {"text": offer.text, "choices": list(offer.choices), "preselected": offer.preselected},
        "fields": [asdict(row) for row in page.fields],
    }


def _field_line(page: RecordPage, place: int) -> str:
    row = page.fields[place]
    return f"  {row.label or row.integration_field:<30} {row.bc_value!s:<30} {row.arrow} {row.sales_value!s:<30} {row.mark}".rstrip()

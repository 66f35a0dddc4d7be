"""The rows of the demo and what describes them, read once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from syncadmin.sandbox import demo_data
from syncadmin.sandbox.demo_data import business_central_rows, coupled_pairs, sales_rows

Row = dict[str, Any]


@cache
def business_central() -> dict[str, list[Row]]:
    return business_central_rows()


@cache
def sales() -> dict[str, list[Row]]:
    return sales_rows()


@cache
def described(system: str) -> dict[str, Row]:
    text = Path(demo_data.__file__).with_name("entities.json").read_text(encoding="utf-8")
    return {entity["entity_set"]: entity for entity in json.loads(text)[system]["entities"]}


def every_value(system: str) -> Iterator[tuple[Row, Row, Any]]:
    for entity_set, rows in (business_central() if system == "business_central" else sales()).items():
        properties = [p for p in described(system)[entity_set]["properties"] if p["name"] != "versionnumber"]
        for row in rows:
            assert row.keys() == {p["name"] for p in properties}, entity_set
            yield from ((row, p, row[p["name"]]) for p in properties)


def by(rows: list[Row], name: str) -> dict[Any, Row]:
    return {row[name]: row for row in rows}


def coupled(mapping: str) -> dict[str, str]:
    return {business_central_id: sales_id for name, business_central_id, sales_id in coupled_pairs() if name == mapping}

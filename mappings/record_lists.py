"""The records of one side of a mapping as its system holds them now: a page of them, and the one that a person names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mappings.models import Coupling, IntegrationTableMapping
from mappings.plans import build_plan
from mappings.record_filters import spellings
from mappings.reference_names import Names, names_in_list
from mappings.systems import connected
from syncadmin.connectors.business_central import BusinessCentral
from syncadmin.connectors.dynamics_sales import DynamicsSales
from syncadmin.connectors.option_sets import is_option_set
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Page, Record, Side

_FURTHER_PAGES = 20
_NAMED_ALIKE = 200  # records that begin with what was typed; the first of them is offered


@dataclass(frozen=True)
class RecordRow:
    """One line of a record list; ``coupling`` is None for an uncoupled record."""

    key: str
    number: str
    label: str
    modified_at: datetime | None
    coupling: Coupling | None
    record: Record


@dataclass(frozen=True)
class RecordList:
    """One page; ``next`` continues it ("" at the end). ``names`` are those of the records that the lookups of its rows point to."""

    rows: list[RecordRow]
    next: str
    names: Names = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What of the records is asked for: ``search`` looks anywhere in number and name, ``coupled`` keeps only coupled or uncoupled ones,
    ``condition`` is an OData filter beside the mapping's own, ``order`` has (property, descending), ``fields`` are read beside the name."""

    search: str = ""
    coupled: bool | None = None
    condition: str = ""
    order: tuple[tuple[str, bool], ...] = ()
    fields: tuple[str, ...] = ()


def list_records(
    mapping: IntegrationTableMapping,
    side: Side,
    asked: Asked | None = None,
    *,
    link: str = "",
    page_size: int = 50,
    plan: TablePlan | None = None,
) -> RecordList:
    """Records of one side inside the mapping's filter, with their couplings in one statement; oldest change first, where no order is asked.

    Where coupled or uncoupled ones are asked for, the page is filled from as many records as needed, up to a thousand or so. ``plan`` is
    that of the mapping, where it is at hand. Raises RunError and RetryLater.
    """
    asked, plan = asked or Asked(), plan or build_plan(mapping)
    with connected(mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales) as connector:
        reader = _Reader(connector, plan, side, asked, page_size)
        page = reader.first() if not link else reader.page("", link)
        rows = _list_rows(mapping, plan, side, reader.named(page.records), asked.coupled)
        for _ in range(_FURTHER_PAGES if asked.coupled is not None else 0):
            if len(rows) >= page_size or not page.next:
                break
            page = reader.page("", page.next)
            rows += _list_rows(mapping, plan, side, page.records, asked.coupled)
        names = names_in_list(mapping, plan, side, asked.fields, [row.record for row in rows], connector)
    return RecordList(rows, page.next, names)


class _Reader:
    """Reads pages of a list from a system."""

    def __init__(self, connector: BusinessCentral | DynamicsSales, plan: TablePlan, side: Side, asked: Asked, page_size: int) -> None:
        self.connector, self.plan, self.side, self.asked, self.page_size = connector, plan, side, asked, page_size
        self.table = plan.table(side)
        self.named_by = names_in(plan, side)
        self.fields = list(dict.fromkeys((*self.named_by, *asked.fields)))
        self.options = is_option_set(self.table)  # these can neither be searched nor sorted: all are read

    def first(self) -> Page:
        """The first page of the first way to write what is searched that finds something."""
        for searched in [""] if self.options else _search_conditions(self.side, self.named_by, self.asked.search):
            page = self.page(_and(self.plan.filters.get(self.side, ""), self.asked.condition, searched), "")
            if page.records:
                break
        return page

    def page(self, condition: str, link: str) -> Page:
        if not self.asked.order or self.options:
            return self.connector.read_changes(self.table, self.fields, condition=condition, link=link, page_size=self.page_size)
        order = self.asked.order
        return self.connector.read_sorted(self.table, self.fields, order, condition=condition, link=link, page_size=self.page_size)

    def named(self, records: Sequence[Record]) -> Sequence[Record]:
        """Those of the records that are called like what is searched, where the system could not tell."""
        wanted = self.asked.search.strip().casefold()
        if not self.options:
            return records
        return [one for one in records if wanted in self.plan.label(self.side, one).casefold() or wanted == one.key]


def names_in(plan: TablePlan, side: Side) -> list[str]:
    """The fields that name a record of this side to people."""
    table = plan.table(side)
    return [name for name in dict.fromkeys((table.number, table.caption)) if name in table.fields]


def find_by_name(mapping: IntegrationTableMapping, side: Side, text: str) -> RecordRow:
    """The record that a person means by a number or name: the one that is called exactly so, else the first that begins with it.

    Raises RunError ``unknown-record`` (M19) where nobody inside the mapping's filter is called so, and RetryLater.
    """
    plan = build_plan(mapping)
    table, names = plan.table(side), names_in(plan, side)
    wanted = text.strip().casefold()
    found: list[Record] = []
    with connected(mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales) as connector:
        options = is_option_set(table)
        searches = [""] if options else spelled(side, "startswith({name},'{text}')", names, text)
        for searched in searches if wanted else ():
            condition = _and(plan.filters.get(side, ""), searched)
            found += connector.read_changes(table, names, condition=condition, page_size=_NAMED_ALIKE).records
    if options:
        found = [record for record in found if any(word.startswith(wanted) for word in _called(record, names))]
    if not found:
        raise RunError("unknown-record", f"No record named {text} exists in {table.label or table.name}, or it is outside of the filter.")
    first = min(found, key=lambda record: (wanted not in _called(record, names), _called(record, names)[::-1]))
    return _list_rows(mapping, plan, side, [first], None)[0]


def _called(record: Record, names: Sequence[str]) -> list[str]:
    return [str(record.values.get(name) or "").strip().casefold() for name in names]


def _list_rows(
    mapping: IntegrationTableMapping, plan: TablePlan, side: Side, records: Sequence[Record], coupled: bool | None
) -> list[RecordRow]:
    column = "bc_key" if side is Side.BUSINESS_CENTRAL else "sales_key"
    found = Coupling.objects.filter(mapping=mapping, **{f"{column}__in": [record.key for record in records]})
    couplings = {getattr(row, column): row for row in found}
    rows = [
        RecordRow(record.key, plan.number(side, record), plan.label(side, record), record.modified_at, couplings.get(record.key), record)
        for record in records
    ]
    return [row for row in rows if coupled is None or _is_coupled(row) is coupled]


def _is_coupled(row: RecordRow) -> bool:
    """A pending coupling is none (engine.md A2)."""
    return row.coupling is not None and not row.coupling.pending


def _search_conditions(side: Side, names: list[str], search: str) -> list[str]:
    """What to ask for, one after the other until something is found.

    Business Central allows no ``or`` over two fields and minds the case, so it is also asked for Capital Words and CAPITALS.
    """
    return spelled(side, "contains({name},'{text}')", names, search) if search.strip() and names else [""]


def spelled(side: Side, condition: str, names: list[str], search: str) -> list[str]:
    """The condition on each of these fields, and on Business Central for each way to write the text."""
    text = search.strip().replace("'", "''")
    if side is Side.SALES:
        return [" or ".join(condition.format(name=name, text=text) for name in names)]
    return [condition.format(name=name, text=spelling) for spelling in spellings(text) for name in names]


def _and(*conditions: str) -> str:
    return " and ".join(f"({condition})" for condition in conditions if condition)

"""What an option mapping brings together: the codes of a Business Central table, and the choices of the Sales columns that use it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from mappings.defaults import default_setup
from mappings.models import IntegrationFieldMapping, OptionMapping, System, SystemKind, SystemTable
from mappings.systems import connected
from mappings.transformations import known_table, read_pairs
from syncadmin.sync.errors import SyncError
from syncadmin.sync.tables import Field, FieldType, Table

_Known = TypeVar("_Known", str, int)


@dataclass(frozen=True)
class Use:
    """One field mapping that uses the option mapping, with both fields as their systems last described them (None: never read)."""

    row: IntegrationFieldMapping
    bc: Field | None
    sales: Field | None


@dataclass(frozen=True)
class FreeCode:
    """A code without a pair; ``choice`` is the value of the choice without a pair that has the same name, None where none has."""

    code: str
    label: str
    choice: int | None


@dataclass
class LookedUp:
    """What both systems have at this moment and what of it has no pair. ``problems`` say in words what could not be asked.

    ``choices`` are (value, label); ``gone`` are pairs that one of the systems does not know any more.
    """

    codes: list[FreeCode] = field(default_factory=list)
    choices: list[tuple[int, str]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def uses_of_options(name: str = "") -> dict[str, list[Use]]:
    """Uses per option mapping, of all of them or of one; two statements."""
    rows = IntegrationFieldMapping.objects.exclude(option_mapping="").select_related("mapping__business_central", "mapping__sales")
    rows = rows.filter(option_mapping=name) if name else rows
    found: defaultdict[str, list[Use]] = defaultdict(list)
    listed = list(rows.order_by("mapping__order", "mapping__name", "position"))
    tables = _kept_tables(listed)
    for row in listed:
        bc = tables.get((row.mapping.business_central_id, row.mapping.table))
        sales = tables.get((row.mapping.sales_id, row.mapping.integration_table))
        use = Use(row, bc.fields.get(row.field) if bc else None, sales.fields.get(row.integration_field) if sales else None)
        found[row.option_mapping].append(use)
    return dict(found)


def choices_of(uses: Iterable[Use]) -> dict[int, str]:
    """The choices of the Sales columns as they were last read, by value; of all columns together."""
    options = [pair for use in uses if use.sales for pair in use.sales.options]
    return {int(value): label for value, label in options if str(value).lstrip("-").isdecimal()}


def look_up(name: str, table: str = "") -> LookedUp:
    """Asks both systems, live; a system that cannot be asked is a problem in the answer, never an error.

    ``table`` is the Business Central table with the codes, where the option mapping is none of the default set-up.
    """
    uses = uses_of_options(name).get(name, [])
    paired = {row.code: row for row in OptionMapping.objects.filter(name=name)}
    found = LookedUp()
    codes = _asked(found, _business_centrals(uses), lambda system: _codes(system, name, table, uses))
    choices = _asked(found, {use.row.mapping.sales for use in uses}, lambda system: _choices(system, uses))
    values = {row.value for row in paired.values()}
    found.choices = [(value, label) for value, label in choices.items() if value not in values]
    named = {_bare(label): value for value, label in found.choices}
    free = [(code, label) for code, label in codes.items() if code not in paired]
    found.codes = [FreeCode(code, label, named.get(_bare(code), named.get(_bare(label)))) for code, label in free]
    if not found.problems:
        found.gone = [f"{code} is no code of Business Central any more." for code in paired if codes and code not in codes]
        lost = [row for row in paired.values() if choices and row.value not in choices]
        found.gone += [f"{row.value} {row.label} is no choice of Sales any more." for row in lost]
    return found


def live_choices(uses: Iterable[Use]) -> dict[int, str]:
    """The choices of the Sales columns at this moment; raises RunError and RetryLater."""
    listed = list(uses)
    systems = {use.row.mapping.sales for use in listed}
    return {value: label for system in systems for value, label in _choices(system, listed).items()}


def knows_codes(name: str, uses: Iterable[Use]) -> bool:
    """Whether it is known where the codes of the option mapping come from."""
    return name in _code_tables() or any(_own_codes(use) for use in uses)


def code_tables() -> list[tuple[str, str]]:
    """(name, label) of the Business Central tables that are known, to choose from."""
    rows = SystemTable.objects.filter(system__kind=SystemKind.BUSINESS_CENTRAL).values_list("name", "label").distinct()
    return [(name, label or name) for name, label in rows.order_by("label", "name")]


@cache
def _code_tables() -> dict[str, tuple[str, str]]:
    """Option mapping -> table and key of its codes, as the default set-up says."""
    options = [row["option"] for one in default_setup()["mappings"] for row in one["field_mappings"] if row.get("option")]
    return {one["reference_mapping"]: (one["bc_entity_set"], one["bc_key"]) for one in options}


def _kept_tables(rows: Iterable[IntegrationFieldMapping]) -> dict[tuple[int, str], Table]:
    wanted = {(row.mapping.business_central_id, row.mapping.table) for row in rows}
    wanted |= {(row.mapping.sales_id, row.mapping.integration_table) for row in rows}
    kept = SystemTable.objects.filter(system__in={system for system, _ in wanted}, name__in={name for _, name in wanted})
    return {(row.system_id, row.name): row.table() for row in kept if (row.system_id, row.name) in wanted}


def _business_centrals(uses: Iterable[Use]) -> set[System]:
    used = {use.row.mapping.business_central for use in uses}
    return used or set(System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL, enabled=True))


def _asked(found: LookedUp, systems: Iterable[System], ask: Callable[[System], dict[_Known, str]]) -> dict[_Known, str]:
    """What the systems answer together."""
    answers: dict[_Known, str] = {}
    for system in sorted(systems, key=lambda one: one.name):
        try:
            answers |= ask(system)
            found.asked.append(system.name)
        except SyncError as error:
            found.problems.append(error.text)
    return answers


def _codes(system: System, name: str, table: str, uses: Iterable[Use]) -> dict[str, str]:
    own = {code: label for use in uses for code, label in _own_codes(use).items()}
    name, key = ("", "") if own else _code_tables().get(name, (table, ""))
    if not name:
        return own
    known = known_table(system, name, {key} if key else set())
    pairs = read_pairs(known, key or known.number or known.key, known.caption or known.number or known.key, system)
    return {code.upper(): label for code, label in pairs.items() if code}


def _bare(text: str) -> str:
    """What names have in common: NET30 and Net 30."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _own_codes(use: Use) -> dict[str, str]:
    """The codes of a field that is an option in Business Central itself."""
    options = use.bc.options if use.bc and use.bc.type is FieldType.OPTION else ()
    return {str(value): label for value, label in options}


def _choices(system: System, uses: Iterable[Use]) -> dict[int, str]:
    columns = {(use.row.mapping.integration_table, use.row.integration_field) for use in uses if use.row.mapping.sales == system}
    with connected(system) as connector:
        tables = connector.tables(sorted({table for table, _ in columns}))
    fields = [tables[table].fields[name] for table, name in columns if table in tables and name in tables[table].fields]
    return {int(value): label for one in fields for value, label in one.options if str(value).lstrip("-").isdecimal()}

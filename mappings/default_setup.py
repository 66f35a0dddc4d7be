"""Use Default Synchronization Set-up: what default_setup.json says, fitted to what both systems have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from mappings.changes import Person, save_with_history
from mappings.companies import OWN_OR_NONE
from mappings.defaults import default_setup
from mappings.models import (
    ConfigTemplate,
    FieldStatus,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    OptionMapping,
    System,
)
from mappings.option_sets import has_options
from mappings.ownership import NO_SALESPEOPLE, OWNER, SALESPEOPLE, TEAM_OWNS, by_person, dependencies
from mappings.rules.default_dimensions import DIMENSION_TABLES
from mappings.systems import connect_business_central, connect_sales, read_tables
from syncadmin.connectors.option_sets import option_set_table
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

# Tables that the default mappings and their rules look at beside their own.
_BC_RELATED = (
    "currencyExchangeRates",
    "generalLedgerSetup",
    "vendors",
    "customerStatistics",
    "paymentTerms",
    "shipmentMethods",
    "shippingAgents",
    *DIMENSION_TABLES,
)
_SALES_RELATED = ("uoms", "organizations", "teams", "businessunits", "bcbi_companies", "nav_accountstatisticses")

# default-setup.md, Decisions: contacts have no first and last name on API v2.0, so their mapping is left out there.
_NEEDS_CUSTOM_PAGES = {"CONTACT"}


@dataclass
class SetupReport:
    """What the set-up did, in words: ``made`` mappings, what it ``left_out`` and which fields it ``disabled``, each with the reason."""

    made: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class DefaultMapping:
    """A default mapping as the set-up would save it, nothing of it saved; ``left_out`` says why it cannot be, and then ``row`` is None."""

    name: str
    row: IntegrationTableMapping | None = None
    fields: tuple[IntegrationFieldMapping, ...] = ()
    templates: tuple[ConfigTemplate, ...] = ()
    left_out: str = ""


Tables = Mapping[Side, Mapping[str, Table]]


@dataclass(frozen=True)
class AskedSetup:
    """The default set-up fitted to what both systems said they have, before anything of it is saved."""

    business_central: System
    sales: System
    tables: Tables
    names: Collection[str] | None

    def save(self, user: Person) -> SetupReport:
        """Creates or overwrites the mappings by name, in place; couplings and log stay (engine.md A20)."""
        report = SetupReport()
        with transaction.atomic():
            _options(_chosen(self.names))
            for one in default_mappings(self.business_central, self.sales, self.tables, names=self.names):
                _save(one, report, user)
        return report


def ask_default_setup(business_central: System, sales: System, *, names: Collection[str] | None = None) -> AskedSetup:
    """Asks both systems what they have: tables that are missing leave their mapping out, fields that are missing are disabled, and the
    report of :meth:`AskedSetup.save` says so. ``names`` are the mappings to set up, None: all.

    Keeps what is known of the company and the tables. Raises RunError and RetryLater of the connectors.
    """
    find_company(business_central, sales)
    wanted = wanted_tables(_chosen(names))
    tables = {
        Side.BUSINESS_CENTRAL: read_tables(business_central, wanted[Side.BUSINESS_CENTRAL]),
        Side.SALES: read_tables(sales, wanted[Side.SALES]),
    }
    return AskedSetup(business_central, sales, tables, names)


def wanted_tables(plain: Iterable[Mapping[str, Any]] | None = None) -> dict[Side, list[str]]:
    """The tables that these default mappings (None: all) and their rules look at."""
    rows = list(_chosen(None) if plain is None else plain)
    return {
        Side.BUSINESS_CENTRAL: [*(one["business_central"]["entity_set"] for one in rows), *_BC_RELATED],
        Side.SALES: [*(one["sales"]["entity_set"] for one in rows), *_SALES_RELATED],
    }


def default_mappings(
    business_central: System, sales: System, tables: Tables, *, names: Collection[str] | None = None
) -> list[DefaultMapping]:
    """What the set-up would save for these mappings (None: all) with these tables, in its order."""
    rows = IntegrationTableMapping.objects.filter(business_central=business_central).select_related("business_central", "sales")
    present = {row.name: row for row in rows}
    return [_default(one, present.get(one["name"]), (business_central, sales), tables) for one in _chosen(names)]


def _chosen(names: Collection[str] | None) -> list[Mapping[str, Any]]:
    return [one for one in default_setup()["mappings"] if names is None or one["name"] in names]


def find_company(business_central: System, sales: System) -> None:
    """Fills in what is known of the company on both sides: its id, its local currency, and the rows of both in Sales.

    Raises RunError ``unknown-company``.
    """
    bc, crm = connect_business_central(business_central), connect_sales(sales)
    try:
        companies = {company.name: company.id for company in bc.companies()}
        if business_central.company not in companies:
            names = ", ".join(companies) or "none"
            raise RunError("unknown-company", f"Business Central has no company {business_central.company}. It has: {names}.")
        business_central.company_id = companies[business_central.company]
        bc.close()
        bc = connect_business_central(business_central)
        business_central.local_currency = bc.local_currency()
        known = crm.tables(["bcbi_companies", "transactioncurrencies"])
        business_central.sales_company_id = _key_by(crm, known.get("bcbi_companies"), "bcbi_name", business_central.company)
        business_central.sales_currency_id = _key_by(
            crm, known.get("transactioncurrencies"), "isocurrencycode", business_central.local_currency
        )
        business_central.save()
    finally:
        bc.close()
        crm.close()


def _key_by(connector: Any, table: Table | None, name: str, value: str) -> str:
    if table is None or not value:
        return ""
    found = connector.find_records(table, name, [value], [name])
    return found[0].key if len(found) == 1 else ""


def _options(plain: list[Mapping[str, Any]]) -> None:
    """Pairs that are there already stay as they are: they are company data (default-setup.md, doubt 5)."""
    for one in plain:
        for row in one["field_mappings"]:
            option = row.get("option")
            for pair in option["value_map"] if option else ():
                OptionMapping.objects.get_or_create(
                    name=option["reference_mapping"], code=pair["bc"], defaults={"value": pair["sales"], "label": pair["label"]}
                )


def _default(
    plain: Mapping[str, Any], row: IntegrationTableMapping | None, systems: tuple[System, System], tables: Tables
) -> DefaultMapping:
    business_central, sales = systems
    bc = tables[Side.BUSINESS_CENTRAL].get(plain["business_central"]["entity_set"])
    crm = _sales_table(plain["sales"], tables[Side.SALES])
    reason = _missing(plain, bc, crm)
    if plain["name"] == SALESPEOPLE and row is None and not by_person(business_central):
        reason = reason or NO_SALESPEOPLE
    if reason or bc is None or crm is None:
        return DefaultMapping(name=plain["name"], left_out=reason)
    row = row or IntegrationTableMapping(business_central=business_central, name=plain["name"])
    _fill(row, plain, sales, crm)
    fields = [_field(row, position, one, bc, crm) for position, one in enumerate(plain["field_mappings"], start=1)]
    return DefaultMapping(name=plain["name"], row=row, fields=tuple(fields), templates=tuple(_templates(row, plain)))


def _save(one: DefaultMapping, report: SetupReport, user: Person) -> None:
    row = one.row
    if row is None:
        report.left_out.append(f"{one.name}: {one.left_out}")
        return

    def save() -> None:
        row.save()
        row.field_mappings.all().delete()
        row.templates.all().delete()
        for own in one.fields:
            own.mapping = row
        for template in one.templates:
            template.mapping = row
        IntegrationFieldMapping.objects.bulk_create(one.fields)
        ConfigTemplate.objects.bulk_create(one.templates)

    save_with_history(row, user, "Use Default Synchronization Set-up", save)
    disabled = [f"{row.name}: {field}: {field.status_reason}" for field in one.fields if field.status == FieldStatus.DISABLED]
    report.disabled += disabled
    told = f" ({len(disabled)} field mappings disabled)" if disabled else ""
    report.made.append(f"{row.name} {row.arrow} {row.table_label} - {row.integration_table_label}{told}")


def _sales_table(plain: Mapping[str, Any], tables: Mapping[str, Table]) -> Table | None:
    """The table of rows, or that of the options of its ``option_column`` (engine.md section 16)."""
    table, column = tables.get(plain["entity_set"]), plain.get("option_column", "")
    if table is None or not column:
        return table
    return option_set_table(table.name, plain["entity"], [(table.type_name, column)]) if has_options(table, column) else None


def _missing(plain: Mapping[str, Any], bc: Table | None, crm: Table | None) -> str:
    if bc is None:
        return f"Business Central has no page {plain['business_central']['entity_set']} here (custom API pages are not installed)."
    if crm is None:
        column = plain["sales"].get("option_column")
        named = f"choice column {column} in" if column else "table"
        return f"Dynamics 365 Sales has no {named} {plain['sales']['entity_set']}."
    if plain["name"] in _NEEDS_CUSTOM_PAGES and bc.route != "custom":
        return "API v2.0 has no first and last name for contacts; install the custom API pages."
    return ""


def _fill(row: IntegrationTableMapping, plain: Mapping[str, Any], sales: System, crm: Table) -> None:
    bc_side, sales_side, conflict = plain["business_central"], plain["sales"], plain.get("conflict") or {}
    row.sales = sales
    row.description = plain["description"]
    row.aliases = [name for name in dict.fromkeys([*plain["aliases"], plain.get("seed_name")]) if name and name != plain["name"]]
    row.table, row.table_label = bc_side["entity_set"], bc_side["table"]
    row.integration_table = ".".join(name for name in (sales_side["entity_set"], sales_side.get("option_column")) if name)
    row.integration_table_label = sales_side["entity"]
    row.integration_uid_field, row.integration_modified_field = sales_side["key"], sales_side["modified_on"]
    row.direction = plain["direction"]
    row.table_filter, row.table_filter_text = bc_side["filter"], bc_side["filter_text"] if bc_side["filter"] else ""
    row.integration_table_filter = _company_filter(sales_side["filter"], crm)
    row.integration_table_filter_text = sales_side["filter_text"] if sales_side["filter"] else ""
    row.synch_only_coupled = plain["synch_only_coupled"]
    row.create_new_if_no_match = plain["create_new_if_no_match"]
    row.synch_after_match = bool(plain.get("synch_after_bulk_coupling"))
    row.update_conflict_resolution = conflict.get("update", "None")
    row.deletion_conflict_resolution = conflict.get("deletion", "None")
    row.order, row.depends_on = plain["order"], dependencies(row.business_central, plain["depends_on"])
    row.parent_name = plain.get("parent_mapping") or ""


def _company_filter(condition: str, crm: Table) -> str:
    """Without the base integration solution there is no company column, and its clause is dropped (default-setup.md)."""
    if "bcbi_companyid" in crm.fields:
        return condition
    return condition.replace(f" and {OWN_OR_NONE}", "").replace(OWN_OR_NONE, "")


def _field(row: IntegrationTableMapping, position: int, plain: Mapping[str, Any], bc: Table, crm: Table) -> IntegrationFieldMapping:
    lookup, option = plain.get("lookup") or {}, plain.get("option") or {}
    constant = plain.get("constant")
    reason = _why_disabled(plain, bc, crm, row.business_central)
    return IntegrationFieldMapping(
        mapping=row,
        position=position,
        field=plain.get("bc_property") or "",
        integration_field=plain.get("sales_attribute") or "",
        direction=plain["direction"],
        status=FieldStatus.DISABLED if reason else FieldStatus.ENABLED,
        status_reason=reason,
        constant_value="" if constant is None else str(constant).lower() if isinstance(constant, bool) else str(constant),
        lookup_mapping=lookup.get("mapping", ""),
        blank_is_local_currency=lookup.get("mapping") == "CURRENCY",
        option_mapping=option.get("reference_mapping", ""),
        validate_field=bool(plain.get("validate")),
        clear_on_failed_sync=bool(plain.get("clear_on_failed_sync")),
        not_null=bool(plain.get("not_null")),
        truncate=bool(plain.get("truncate")),
        use_for_match=bool(plain.get("match_key")),
        match_priority=plain.get("match_priority") or 0,
    )


def _why_disabled(plain: Mapping[str, Any], bc: Table, crm: Table, business_central: System) -> str:
    """Why a default field mapping cannot run against these systems, "" when it can."""
    name, attribute = plain.get("bc_property"), plain.get("sales_attribute")
    if plain.get("write") is False:
        return "Not a property of the web API: implied by binding the reference."
    if name and name not in bc.fields:
        return f"Business Central has no property {name} here (custom API pages are not installed)."
    if attribute and attribute not in crm.fields:
        return f"Dynamics 365 Sales has no column {attribute}."
    return TEAM_OWNS if attribute == OWNER and not by_person(business_central) else ""


def _templates(row: IntegrationTableMapping, plain: Mapping[str, Any]) -> list[ConfigTemplate]:
    return [
        ConfigTemplate(
            mapping=row,
            side=side,
            code=one["code"],
            description=one["purpose"],
            defaults=one.get("defaults") or {},
            dimensions=one.get("dimensions") or [],
        )
        for side, one in (plain.get("templates") or {}).items()
        if one
    ]

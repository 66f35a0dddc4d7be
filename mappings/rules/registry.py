"""Which rules belong to which pair of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mappings.models import IntegrationTableMapping
from mappings.rules.contacts import ContactRules
from mappings.rules.currencies import CurrencyRules
from mappings.rules.customers import CustomerRules
from mappings.rules.invoice_lines import InvoiceLineRules
from mappings.rules.invoices import InvoiceRules
from mappings.rules.options import OptionRules
from mappings.rules.price_groups import PriceGroupRules
from mappings.rules.prices import PriceRules
from mappings.rules.products import ItemRules, ResourceRules
from mappings.rules.salespeople import SalespeopleRules
from mappings.rules.table_rules import MappingRules, Tables
from mappings.rules.unit_groups import UnitRules
from syncadmin.sync.plan import DeletionPolicy, FieldRule, TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side

RULES: dict[tuple[str, str], type[MappingRules]] = {
    ("contacts", "contacts"): ContactRules,
    ("currencies", "transactioncurrencies"): CurrencyRules,
    ("unitsOfMeasure", "uomschedules"): UnitRules,
    ("salesInvoices", "invoices"): InvoiceRules,
    ("salesInvoiceLines", "invoicedetails"): InvoiceLineRules,
    ("items", "products"): ItemRules,
    ("resources", "products"): ResourceRules,
    ("customerPriceGroups", "pricelevels"): PriceGroupRules,
    ("salesPrices", "productpricelevels"): PriceRules,
    ("customers", "accounts"): CustomerRules,
    ("salespeoplePurchasers", "systemusers"): SalespeopleRules,
}


def field_rules(mapping: IntegrationTableMapping, tables: Tables, configured: tuple[FieldRule, ...]) -> tuple[FieldRule, ...]:
    """The configured field rules with those of the table: values for new records first, so that configured ones win over them."""
    rules = _class(mapping)
    own = rules.field_rules(mapping, tables)
    kept = (replace(rule, keep_uncoupled=True) if rule.bc and rule.bc.name in rules.keeps_uncoupled else rule for rule in configured)
    return (*(rule for rule in own if rule.insert_only), *kept, *(rule for rule in own if not rule.insert_only))


def also_read(mapping: IntegrationTableMapping) -> Mapping[Side, tuple[str, ...]]:
    """Fields that the rules look at beside the mapped ones."""
    return _class(mapping).also_read


def never_coupled(mapping: IntegrationTableMapping, record: Record) -> str:
    """Why a record of Business Central is never coupled in this mapping, "" where it may be; it has the fields of :func:`also_read`."""
    return _class(mapping).never_coupled(record)


def deletion_policy(mapping: IntegrationTableMapping) -> DeletionPolicy:
    """The mapping's own policy, unless its table has a rule for that."""
    return _class(mapping).deletion_policy(mapping)


def also_watched(mapping: IntegrationTableMapping) -> Mapping[Side, tuple[str, ...]]:
    """Tables beside the mapped ones whose changes concern every row of the mapping."""
    return _class(mapping).also_watched


def rules_for(mapping: IntegrationTableMapping, plan: TablePlan, connectors: Mapping[Side, Connector]) -> MappingRules:
    """The rules of a run; those that every table has where the pair has none of its own."""
    return _class(mapping)(mapping, plan, connectors)


def _class(mapping: IntegrationTableMapping) -> type[MappingRules]:
    if mapping.is_option_mapping:
        return OptionRules
    return RULES.get((mapping.table, mapping.integration_table), MappingRules)

"""The judge of pairs and the default mappings, which are known to run."""

from mappings.guide import judged
from mappings.models import FieldStatus, IntegrationFieldMapping
from mappings.pairing import BAD, propose
from mappings.systems import table_of
from syncadmin.sync.records import Side


def test_no_enabled_default_field_mapping_is_called_impossible(company):
    wrong = []
    rows = IntegrationFieldMapping.objects.filter(status=FieldStatus.ENABLED).select_related("mapping__business_central", "mapping__sales")
    for row in rows:
        bc, sales = (table_of(row.mapping, side) for side in Side)
        plain = {name: getattr(row, name) for name in ("field", "integration_field", "direction", "constant_value", "truncate")}
        plain |= {
            "lookup_mapping": row.lookup_mapping,
            "option_mapping": row.option_mapping,
            "transformation_rule": row.transformation_rule,
        }
        wrong += [f"{row.mapping.name}: {row}: {remark.text}" for remark in judged(plain, bc, sales) if remark.level == BAD]
    assert wrong == []


def test_most_of_what_the_default_mapping_of_customers_pairs_is_proposed(company):
    rows = IntegrationFieldMapping.objects.filter(mapping__name="CUSTOMER").exclude(field="").exclude(integration_field="")
    mapping = rows[0].mapping
    bc, sales = (table_of(mapping, side) for side in Side)
    lookups = {"transactioncurrencies": "CURRENCY", "systemusers": "SALESPEOPLE", "contacts": "CONTACT", "pricelevels": "CUSTPRCGRP-PRICE"}
    proposed = {(one.field, one.integration_field) for one in propose(bc, sales, "Bidirectional", lookups)}
    wanted = {(row.field, row.integration_field) for row in rows}
    assert {field for field, _ in wanted - proposed} <= {"salespersonCode", "shipmentMethodCode", "shippingAgentCode"}
    assert proposed - wanted == {("number", "accountnumber")}

"""Fields of Business Central that refer to another table: the value must be there, and an id and its code are kept in step."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .messages import ApiError
from .schema import BUSINESS_CENTRAL, ZERO_GUID, Entity, entities
from .store import Row, Store


@dataclass(frozen=True)
class Relation:
    """``id_name`` or ``code_name`` may be '' where the page has but one of the two. ``local``: blank shows the local currency's code."""

    target: str
    id_name: str = ""
    code_name: str = ""
    code: str = "code"
    local: bool = False


_SALESPERSON = Relation("salespeoplePurchasers", code_name="salespersonCode")
_TERMS = Relation("paymentTerms", "paymentTermsId", "paymentTermsCode")
_SHIPMENT = Relation("shipmentMethods", "shipmentMethodId", "shipmentMethodCode")
_AGENT = Relation("shippingAgents", code_name="shippingAgentCode")
_CURRENCY = Relation("currencies", "currencyId", "currencyCode", local=True)
_PLAIN_CURRENCY = Relation("currencies", code_name="currencyCode")
_BASE_UNIT = Relation("unitsOfMeasure", "baseUnitOfMeasureId", "baseUnitOfMeasureCode")
_VENDOR = Relation("vendors", code_name="vendorNumber", code="number")
RELATIONS: dict[str, tuple[Relation, ...]] = {
    "customers": (
        _SALESPERSON,
        _CURRENCY,
        _TERMS,
        _SHIPMENT,
        _AGENT,
        Relation("contacts", code_name="primaryContactNumber", code="number"),
        Relation("customerPriceGroups", code_name="customerPriceGroupCode"),
    ),
    "contacts": (_SALESPERSON, _PLAIN_CURRENCY, Relation("contacts", code_name="companyNumber", code="number")),
    "items": (_BASE_UNIT, _VENDOR),
    "resources": (Relation("unitsOfMeasure", code_name="baseUnitOfMeasureCode"), _VENDOR),
    "salesPrices": (
        Relation("items", code_name="itemNumber", code="number"),
        _PLAIN_CURRENCY,
        Relation("unitsOfMeasure", code_name="unitOfMeasureCode"),
    ),
    "salesInvoices": (
        Relation("customers", "customerId", "customerNumber", code="number"),
        Relation("customers", "billToCustomerId", "billToCustomerNumber", code="number"),
        Relation("salespeoplePurchasers", code_name="salesperson"),
        _CURRENCY,
        _TERMS,
        _SHIPMENT,
        _AGENT,
    ),
    "salesInvoiceLines": (
        Relation("items", "itemId", code="number"),
        Relation("salesInvoices", "documentId", code="number"),
        Relation("unitsOfMeasure", "unitOfMeasureId", "unitOfMeasureCode"),
    ),
}
_BY_PROPERTY = {
    (entity, name): relation
    for entity, relations in RELATIONS.items()
    for relation in relations
    for name in (relation.id_name, relation.code_name)
    if name
}


class Relations:
    """Checks and completes references; one for each request's company."""

    def __init__(self, store: Store, company: str) -> None:
        self.store = store
        self.company = company

    def local_currency(self) -> str:
        """The local currency's code of the company."""
        found = self.store.one('SELECT "localCurrencyCode" FROM bc_generalLedgerSetup WHERE _company = ?', (self.company,))
        return str(found[0]) if found else ""

    def follow(self, entity: Entity, row: Row, name: str, sent: set[str]) -> None:
        """After ``name`` was set: checks it and sets its twin. ``sent`` are the properties set before in the same body. Raises ApiError."""
        relation = _BY_PROPERTY.get((entity.name, name))
        if relation is None:
            self._check_country(entity, row, name)
            return
        target = entities(BUSINESS_CENTRAL)[relation.target]
        value = row[name]
        if relation.local and name == relation.code_name and value == self.local_currency():
            value = ""
        blank = value in ("", ZERO_GUID)
        found = None if blank else self._row(target, target.key if name == relation.id_name else relation.code, value)
        if not blank and found is None:
            raise _missing(entity, target, name, value)
        self._set_pair(row, relation, target, found, name, sent)

    def _check_country(self, entity: Entity, row: Row, name: str) -> None:
        """Where countries are set up, a country field takes no other value."""
        if not name.lower().endswith("country") or not row[name]:
            return
        known = self.store.setting("countries")
        if known and row[name] not in json.loads(known):
            text = f"The field {name} of table {entity.type_name} contains a value ({row[name]}) that cannot be found in the related table"
            raise ApiError(400, "Internal_InvalidTableRelation", f"{text} (Country/Region).")

    def _row(self, target: Entity, column: str, value: str) -> Row | None:
        return self.store.first(target, {"_company": self.company, column: value})

    def _set_pair(self, row: Row, relation: Relation, target: Entity, found: Row | None, name: str, sent: set[str]) -> None:
        blank_code = self.local_currency() if relation.local else ""
        pair = {
            relation.id_name: found[target.key] if found else ZERO_GUID,
            relation.code_name: found[relation.code] if found else blank_code,
        }
        for twin, value in pair.items():
            if not twin or twin not in row:
                continue
            if twin != name and twin in sent and row[twin] != value:
                text = f"The {name} '{row[name]}' does not match the {twin} '{row[twin]}'."
                raise ApiError(400, "Application_DialogException", text)
            row[twin] = value


def _missing(entity: Entity, target: Entity, name: str, value: str) -> ApiError:
    text = f"The field {name} of table {entity.type_name} contains a value ({value}) that cannot be found in the related table"
    return ApiError(400, "Internal_InvalidTableRelation", f"{text} ({target.type_name}).")

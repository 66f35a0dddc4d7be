"""The rows of new environments: the company with its set-up; organization, base currency, unit, team, users, the company in Sales."""

from __future__ import annotations

from typing import Any

from .ids import (
    BASE_CURRENCY_ID,
    BCBI_COMPANY_ID,
    BUSINESS_UNIT_ID,
    COMPANY_ID,
    COMPANY_NAME,
    INTEGRATION_USER_ID,
    LOCAL_CURRENCY,
    ORGANIZATION_ID,
    SOMEONE_USER_ID,
    TEAM_ID,
    fixed_id,
)

Rows = dict[str, list[dict[str, Any]]]
_VERSION = "27.0.41812.42044"
_DIMENSIONS = {
    "DEPARTMENT": ("ADM", "PROD", "SALES"),
    "CUSTOMERGROUP": ("LARGE", "MEDIUM", "SMALL"),
    "AREA": ("30", "40", "70"),
}


def company_rows(name: str = COMPANY_NAME) -> Rows:
    """A Business Central company and its set-up rows; each has ``_company``, the company's id."""
    company = COMPANY_ID if name == COMPANY_NAME else fixed_id("companies", name)
    scope = {"_company": company}
    head = {"id": company, "name": name, "displayName": name, "systemVersion": _VERSION, "systemCreatedBy": INTEGRATION_USER_ID}
    ledger = {"localCurrencyCode": LOCAL_CURRENCY, "localCurrencySymbol": "$"}
    information = {"displayName": name, "currencyCode": LOCAL_CURRENCY, "country": "US"}
    return {
        "companies": [{**scope, **head, "systemModifiedBy": INTEGRATION_USER_ID}],
        "generalLedgerSetup": [{**scope, "id": fixed_id("generalLedgerSetup", name), **ledger}],
        "companyInformation": [{**scope, "id": fixed_id("companyInformation", name), **information}],
        **_dimension_rows(name, scope),
    }


def _dimension_rows(name: str, scope: dict[str, Any]) -> Rows:
    """The dimensions of a company with their values; the first two are its global ones."""
    dimensions, values = [], []
    for code, listed in _DIMENSIONS.items():
        key = fixed_id("dimensions", name, code)
        dimensions.append({**scope, "id": key, "code": code, "displayName": code.title()})
        for value in listed:
            own = {"id": fixed_id("dimensionValues", name, code, value), "dimensionId": key, "code": value, "displayName": value.title()}
            values.append({**scope, **own})
    return {"dimensions": dimensions, "dimensionValues": values}


def sales_rows() -> Rows:
    """The rows of a new Dataverse environment."""
    return {
        "organizations": [_organization()],
        "businessunits": [{"businessunitid": BUSINESS_UNIT_ID, "name": "contoso", "isdisabled": False}],
        "transactioncurrencies": [_base_currency()],
        "teams": [_team()],
        "systemusers": [
            _user(INTEGRATION_USER_ID, "Sync", "Admin", "sync-admin", integration=True),
            _user(SOMEONE_USER_ID, "Someone", "Else", "someone", integration=False),
        ],
        "bcbi_companies": [company_in_sales()],
    }


def company_in_sales(name: str = COMPANY_NAME) -> dict[str, Any]:
    """The row of ``bcbi_companies`` for a Business Central company."""
    own = BCBI_COMPANY_ID if name == COMPANY_NAME else fixed_id("bcbi_companies", name)
    company = COMPANY_ID if name == COMPANY_NAME else fixed_id("companies", name)
    row = {"bcbi_companyid": own, "bcbi_name": name, "bcbi_externalid": company, "_bcbi_defaultowningteam_value": TEAM_ID}
    return {**row, "_ownerid_value": INTEGRATION_USER_ID, "_ownerid_type": "systemusers"}


def _organization() -> dict[str, Any]:
    return {
        "organizationid": ORGANIZATION_ID,
        "name": "contoso",
        "basecurrencyprecision": 2,
        "basecurrencysymbol": "$",
        "currencydecimalprecision": 2,
        "pricingdecimalprecision": 2,
        "oobpricecalculationenabled": False,
        "discountcalculationmethod": 0,
        "_basecurrencyid_value": BASE_CURRENCY_ID,
    }


def _base_currency() -> dict[str, Any]:
    return {
        "transactioncurrencyid": BASE_CURRENCY_ID,
        "isocurrencycode": LOCAL_CURRENCY,
        "currencyname": "US Dollar",
        "currencysymbol": "$",
        "currencyprecision": 2,
        "exchangerate": 1.0,
        "_organizationid_value": ORGANIZATION_ID,
    }


def _team() -> dict[str, Any]:
    row = {"teamid": TEAM_ID, "name": "contoso", "teamtype": 0, "isdefault": True}
    return {**row, "_businessunitid_value": BUSINESS_UNIT_ID, "_administratorid_value": INTEGRATION_USER_ID}


def _user(key: str, first: str, last: str, client: str, *, integration: bool) -> dict[str, Any]:
    return {
        "systemuserid": key,
        "firstname": first,
        "lastname": last,
        "fullname": f"{first} {last}",
        "internalemailaddress": f"{client}@contoso.example",
        "domainname": f"{client}@contoso.example",
        "isdisabled": False,
        "islicensed": not integration,
        "isintegrationuser": integration,
        "accessmode": 4 if integration else 0,
        "applicationid": fixed_id("applications", client),
        "_businessunitid_value": BUSINESS_UNIT_ID,
    }

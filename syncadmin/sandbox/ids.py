"""Identifiers of the rows that every sandbox environment starts with, the same on every start so that scripts can rely on them."""

from __future__ import annotations

import uuid
from functools import cache

_NAMESPACE = uuid.UUID("5a6d3f0e-2b47-4c1c-9f0a-6f2f1f9d7c11")


@cache
def fixed_id(*parts: str) -> str:
    """The lower-case GUID that belongs to these words, for example ``fixed_id("customers", "10000")``; always the same one."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


LOCAL_CURRENCY = "USD"
COMPANY_NAME = "CRONUS"
COMPANY_ID = fixed_id("companies", COMPANY_NAME)
ORGANIZATION_ID = fixed_id("organizations", "contoso")
BASE_CURRENCY_ID = fixed_id("transactioncurrencies", LOCAL_CURRENCY)
BUSINESS_UNIT_ID = fixed_id("businessunits", "contoso")
TEAM_ID = fixed_id("teams", "contoso")
INTEGRATION_USER_ID = fixed_id("systemusers", "sync-admin")
SOMEONE_USER_ID = fixed_id("systemusers", "someone")
BCBI_COMPANY_ID = fixed_id("bcbi_companies", COMPANY_NAME)

"""Several companies against one environment of Sales: which rows are whose (engine.md section 1.3)."""

from __future__ import annotations

from mappings.models import IntegrationTableMapping

COMPANY = "{companyId}"  # stands in filters for the company's row in Sales
OWN_OR_NONE = "(_bcbi_companyid_value eq {companyId} or _bcbi_companyid_value eq null)"
OWN = "_bcbi_companyid_value eq {companyId}"
_NOBODY = "00000000-0000-0000-0000-000000000000"  # of a company that Sales does not know

# Documents stay with their company even where master data is shared.
DOCUMENTS = {"salesorders", "opportunities", "quotes", "invoices"}


def shares_rows(mapping: IntegrationTableMapping) -> bool:
    """Whether rows of several companies meet in the mapping, so that none of them carries one."""
    return mapping.multi_company and mapping.integration_table not in DOCUMENTS


def of_company(condition: str, mapping: IntegrationTableMapping) -> str:
    """The filter with its company clause as the mapping wants it, and the company filled in.

    With multi-company synchronization, documents are those of this company alone, and master data of all companies.
    """
    if mapping.multi_company:
        condition = _without(condition) if shares_rows(mapping) else condition.replace(OWN_OR_NONE, OWN)
    return condition.replace(COMPANY, mapping.business_central.sales_company_id or _NOBODY).strip()


def _without(condition: str) -> str:
    for text in (f" and {OWN_OR_NONE}", f"{OWN_OR_NONE} and ", OWN_OR_NONE):
        condition = condition.replace(text, "")
    return condition

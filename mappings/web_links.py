"""Where a record is opened in the system that it belongs to: the web clients of Business Central and Dynamics 365 Sales.

Sources: learn.microsoft.com/dynamics365/business-central/dev-itpro/developer/devenv-web-client-urls (company, page, filter) and
learn.microsoft.com/power-apps/developer/model-driven-apps/open-forms-views-dialogs-reports-url (etn, pagetype, id).
"""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from mappings.models import IntegrationTableMapping, System, SystemKind
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

_SERVICE, _CLIENT = "api.businesscentral.dynamics.com", "https://businesscentral.dynamics.com"
_SALES_CLOUD = ".dynamics.com"
# The page that shows one record of a table, and the table field that names the record (base application of Business Central).
_PAGES = {
    "customers": (21, "No."),
    "contacts": (5050, "No."),
    "currencies": (495, "Code"),
    "customerPriceGroups": (7, "Code"),
    "items": (30, "No."),
    "paymentTerms": (4, "Code"),
    "resources": (76, "No."),
    "salesInvoices": (132, "No."),
    "salespeoplePurchasers": (5116, "Code"),
    "shipmentMethods": (11, "Code"),
    "shippingAgents": (428, "Code"),
    "unitsOfMeasure": (209, "Code"),
    "vendors": (26, "No."),
}


def web_link(mapping: IntegrationTableMapping, side: Side, table: Table, *, key: str, number: str) -> str:
    """The address of the record's page in its own system; "" where that, or the system's web client, is not known.

    ``number`` is what Business Central calls the record; Sales goes by the key.
    """
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    root = web_root(system)
    if not root or not key:
        return ""
    return _card(root, system.company, table.name, number) if side is Side.BUSINESS_CENTRAL else _form(root, table, key)


def web_root(system: System) -> str:
    """Where people open the system: as it is configured, else the usual address of Microsoft's cloud, else ""."""
    if system.web_address:
        return system.web_address.rstrip("/")
    host = urlsplit(system.address).hostname or ""
    if system.kind == SystemKind.BUSINESS_CENTRAL:
        return (
            "/".join((_CLIENT, *(quote(part, safe="") for part in (system.tenant, system.environment) if part))) if host == _SERVICE else ""
        )
    return f"https://{host.replace('.api.', '.', 1)}" if host.endswith(_SALES_CLOUD) else ""


def _card(root: str, company: str, table: str, number: str) -> str:
    page, field = _PAGES.get(table, (0, ""))
    if not page or not number or "'" in number:  # nobody says how a quotation mark is written in such a filter
        return ""
    query = {"company": company, "page": str(page), "filter": f"'{field}' IS '{number}'"}
    return f"{root}/?{urlencode({name: value for name, value in query.items() if value}, quote_via=quote)}"


def _form(root: str, table: Table, key: str) -> str:
    """The options of a column have no page of their own."""
    if "." in table.name or not table.type_name:
        return ""
    return f"{root}/main.aspx?{urlencode({'etn': table.type_name, 'pagetype': 'entityrecord', 'id': key})}"

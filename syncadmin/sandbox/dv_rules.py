"""What Dataverse and the sales tables fill in by themselves: names, currencies, owners, base units, totals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .messages import ApiError, Caller
from .schema import SALES, Entity, entities
from .store import Row, Store

BUSINESS_RULE = "0x80040265"
_INVALID_STATUS = "0x80048408"


def fill_in(store: Store, entity: Entity, row: Row, *, creating: bool, caller: Caller) -> None:
    """Completes the row before it is saved; raises ApiError where a rule of the table forbids it."""
    if entity.owned:
        _set_owner(store, row, caller)
    if "_transactioncurrencyid_value" in row:
        _set_currency(store, entity, row)
    rule = _RULES.get(entity.name)
    if rule:
        rule(store, row, creating)
    _set_base_amounts(entity, row)


def settle_state(entity: Entity, row: Row, sent: dict[str, Any], *, creating: bool) -> None:
    """Makes statecode and statuscode of the row agree; the state is not set on create. Raises ApiError for a pair that does not exist."""
    if "statecode" not in entity.properties:
        return
    states, statuses = entity.properties["statecode"].options, entity.properties["statuscode"].options
    if "statecode" in sent and not creating and "statuscode" not in sent:
        row["statuscode"] = next(option.default_status for option in states if option.value == row["statecode"])
    allowed = {option.value for option in statuses if option.state == row["statecode"]}
    if row["statuscode"] is None:
        row["statuscode"] = next(option.default_status for option in states if option.value == row["statecode"])
    if row["statuscode"] not in allowed:
        text = f"{row['statuscode']} is not a valid status code for state code {row['statecode']} on {entity.type_name}"
        raise ApiError(400, _INVALID_STATUS, f"{text} with Id {row[entity.key]}.")


def refuse_closed(store: Store, entity: Entity, row: Row, sent: dict[str, Any]) -> None:
    """Closed invoices and their lines take no ordinary update (web-apis.md, section 4); opening them again is allowed."""
    if entity.name == "invoices" and row["statecode"] != 0 and sent.get("statecode") != 0 and set(sent) - {"statecode", "statuscode"}:
        raise ApiError(400, BUSINESS_RULE, "The invoice is not active and cannot be changed.")
    if entity.name == "invoicedetails":
        invoice = store.one("SELECT statecode FROM dv_invoices WHERE invoiceid = ?", (row["_invoiceid_value"],))
        if invoice and invoice[0] != 0:
            raise ApiError(400, BUSINESS_RULE, "The invoice of this line is not active and cannot be changed.")


def prices_computed(store: Store) -> bool:
    """Whether the organization has system pricing on (organizations.oobpricecalculationenabled)."""
    found = store.one("SELECT oobpricecalculationenabled FROM dv_organizations")
    return bool(found and found[0])


def base_currency(store: Store) -> str | None:
    found = store.one("SELECT _basecurrencyid_value FROM dv_organizations")
    return found[0] if found else None


def _set_owner(store: Store, row: Row, caller: Caller) -> None:
    if not row["_ownerid_value"]:
        row["_ownerid_value"], row["_ownerid_type"] = caller.user_id, "systemusers"
    team = row["_ownerid_type"] == "teams"
    table = "teams" if team else "systemusers"
    key = "teamid" if team else "systemuserid"
    unit = store.one(f"SELECT _businessunitid_value FROM dv_{table} WHERE {key} = ?", (row["_ownerid_value"],))  # noqa: S608
    for column, value in (
        ("_owninguser_value", None if team else row["_ownerid_value"]),
        ("_owningteam_value", row["_ownerid_value"] if team else None),
        ("_owningbusinessunit_value", unit[0] if unit else None),
    ):
        if column in row:
            row[column] = value


def _set_currency(store: Store, entity: Entity, row: Row) -> None:
    parent = {"productpricelevels": ("pricelevels", "_pricelevelid_value"), "invoicedetails": ("invoices", "_invoiceid_value")}
    if entity.name in parent:
        table, column = parent[entity.name]
        key = entities(SALES)[table].key
        sql = f"SELECT _transactioncurrencyid_value FROM dv_{table} WHERE {key} = ?"  # noqa: S608
        found = store.one(sql, (row[column],))
        row["_transactioncurrencyid_value"] = found[0] if found else None
    if not row["_transactioncurrencyid_value"] and "exchangerate" in row:
        row["_transactioncurrencyid_value"] = base_currency(store)
    if "exchangerate" in row:
        sql = "SELECT exchangerate FROM dv_transactioncurrencies WHERE transactioncurrencyid = ?"
        rate = store.one(sql, (row["_transactioncurrencyid_value"],))
        row["exchangerate"] = rate[0] if rate else None


def _set_base_amounts(entity: Entity, row: Row) -> None:
    """Amount in base currency = amount / exchange rate of the row's currency, four decimals (entities.json, conventions)."""
    for name in entity.properties:
        if name.endswith("_base"):
            amount, rate = row[name.removesuffix("_base")], row.get("exchangerate")
            row[name] = None if amount is None or not rate else round(amount / rate, 4)


def _full_name(_: Store, row: Row, __: bool) -> None:
    row["fullname"] = " ".join(row[name] for name in ("firstname", "middlename", "lastname") if row[name]) or None


def _currency(store: Store, row: Row, _: bool) -> None:
    if not row["exchangerate"] or row["exchangerate"] <= 0:
        raise ApiError(400, BUSINESS_RULE, "The exchange rate of a currency must be greater than zero.")
    found = store.one("SELECT organizationid FROM dv_organizations")
    row["_organizationid_value"] = found[0] if found else None


def _unit(store: Store, row: Row, creating: bool) -> None:
    if creating and row["_baseuom_value"] is None and not row["isschedulebaseuom"]:
        sql = "SELECT uomid FROM dv_uoms WHERE _uomscheduleid_value = ? AND isschedulebaseuom = 1"
        found = store.one(sql, (row["_uomscheduleid_value"],))
        row["_baseuom_value"] = found[0] if found else None
    row["isschedulebaseuom"] = row["isschedulebaseuom"] or 0


def _product(store: Store, row: Row, _: bool) -> None:
    _check_unit(store, row["_defaultuomid_value"], row["_defaultuomscheduleid_value"])


def _price(store: Store, row: Row, _: bool) -> None:
    sql = "SELECT productnumber, _defaultuomscheduleid_value FROM dv_products WHERE productid = ?"
    product = store.one(sql, (row["_productid_value"],))
    row["productnumber"], row["_uomscheduleid_value"] = product or (None, None)
    _check_unit(store, row["_uomid_value"], row["_uomscheduleid_value"])


def _check_unit(store: Store, unit: str | None, group: str | None) -> None:
    found = store.one("SELECT _uomscheduleid_value FROM dv_uoms WHERE uomid = ?", (unit,))
    if found and group and found[0] != group:
        raise ApiError(400, BUSINESS_RULE, "The unit is not part of the unit group of the product.")


def _invoice(store: Store, row: Row, creating: bool) -> None:
    if creating and not row["invoicenumber"]:
        row["invoicenumber"] = f"INV-{store.version:05d}-{str(row['invoiceid'])[:6].upper()}"
    row["ispricelocked"] = row["ispricelocked"] or 0


def _invoice_line(store: Store, row: Row, creating: bool) -> None:
    product = store.one("SELECT name FROM dv_products WHERE productid = ?", (row["_productid_value"],))
    if product is None and not row["productdescription"]:
        raise ApiError(400, BUSINESS_RULE, "An invoice line needs a product, or a description of a write-in product.")
    row["productname"] = product[0] if product else row["productdescription"]
    row["invoicedetailname"] = row["productname"]
    if creating and row["lineitemnumber"] is None:
        sql = "SELECT coalesce(max(lineitemnumber), 0) + 1 FROM dv_invoicedetails WHERE _invoiceid_value = ?"
        row["lineitemnumber"] = store.one(sql, (row["_invoiceid_value"],))[0]
    if prices_computed(store):
        _compute_line(store, row)


def _compute_line(store: Store, row: Row) -> None:
    if not row["ispriceoverridden"] and row["_productid_value"]:
        sql = """SELECT p.amount FROM dv_productpricelevels p JOIN dv_invoices i ON i._pricelevelid_value = p._pricelevelid_value
                 WHERE i.invoiceid = ? AND p._productid_value = ? AND p._uomid_value = ?"""
        listed = store.one(sql, (row["_invoiceid_value"], row["_productid_value"], row["_uomid_value"]))
        row["priceperunit"] = listed[0] if listed else row["priceperunit"]
    row["baseamount"] = round((row["priceperunit"] or 0.0) * (row["quantity"] or 0.0), 2)
    discounts = (row["manualdiscountamount"] or 0.0) + (row["volumediscountamount"] or 0.0)
    row["extendedamount"] = round(row["baseamount"] - discounts + (row["tax"] or 0.0), 2)


_RULES: dict[str, Callable[[Store, Row, bool], None]] = {
    "contacts": _full_name,
    "systemusers": _full_name,
    "transactioncurrencies": _currency,
    "uoms": _unit,
    "products": _product,
    "productpricelevels": _price,
    "invoices": _invoice,
    "invoicedetails": _invoice_line,
}

"""Default dimensions of customers, items and vendors (API v2.0 page defaultDimensions, table 352 Default Dimension)."""

from __future__ import annotations

from collections.abc import Callable

from .messages import ApiError
from .schema import BUSINESS_CENTRAL, ZERO_GUID, entities
from .store import Row, Store

DEFAULT_DIMENSIONS = "defaultDimensions"
GLOBAL_DIMENSIONS = frozenset({"DEPARTMENT", "CUSTOMERGROUP"})
_PARENTS = {"Customer": "customers", "Item": "items", "Vendor": "vendors"}
_BLANK, _NO_CODE = "_x0020_", "No_x0020_Code"


def check_default_dimension(row: Row) -> None:
    """The finished row; raises ApiError (Application_DialogException)."""
    if row["parentType"] == _BLANK or row["parentId"] == ZERO_GUID:
        raise _refused("You must get to the parent first to get to the default dimensions.")
    if not row["dimensionCode"]:
        raise _refused("Dimension Code must have a value in Default Dimension: it cannot be zero or empty.")
    if row["postingValidation"] == _NO_CODE and row["dimensionValueCode"]:
        raise _refused(f"Dimension Value Code must be equal to '' in Default Dimension. Current value is '{row['dimensionValueCode']}'.")


def parent_of(store: Store, row: Row) -> tuple[str, Row] | None:
    """The set and the row of the record that has this default dimension, where it is global and so stands on the record too."""
    name = _PARENTS.get(row["parentType"], "")
    if not name or row["dimensionCode"] not in GLOBAL_DIMENSIONS:
        return None
    parent = store.get(entities(BUSINESS_CENTRAL)[name], row["parentId"])
    return (name, parent) if parent else None


def forget_default_dimensions(store: Store, parent_id: str) -> None:
    """After the deletion of a record."""
    store.run('DELETE FROM "bc_defaultDimensions" WHERE "parentId" = ?', (parent_id,))


def _parent(store: Store, row: Row) -> None:
    name = _PARENTS.get(row["parentType"], "")
    if not name or store.first(entities(BUSINESS_CENTRAL)[name], {"_company": row["_company"], "id": row["parentId"]}) is None:
        raise _refused("Parent is not found.")


def _dimension(store: Store, row: Row) -> None:
    found = store.first(entities(BUSINESS_CENTRAL)["dimensions"], {"_company": row["_company"], "id": row["dimensionId"]})
    if found is None:
        raise _refused('The "dimensionId" does not match to a Dimension.')
    if row["dimensionCode"] not in ("", found["code"]):
        raise _refused("You can't rename a Default Dimension.")
    row["dimensionCode"] = found["code"]


def _dimension_value(store: Store, row: Row) -> None:
    if row["dimensionValueId"] == ZERO_GUID:
        row["dimensionValueCode"] = ""
        return
    found = store.first(entities(BUSINESS_CENTRAL)["dimensionValues"], {"_company": row["_company"], "id": row["dimensionValueId"]})
    if found is None:
        raise _refused('The "dimensionValueId" does not match to a Dimension Value.')
    if row["dimensionId"] not in (ZERO_GUID, found["dimensionId"]):
        raise _refused('The "dimensionId" and "dimensionValueId" match to different Dimension records.')
    if row["dimensionId"] == ZERO_GUID:
        row["dimensionId"] = found["dimensionId"]
        _dimension(store, row)
    row["dimensionValueCode"] = found["code"]


def _refused(text: str) -> ApiError:
    return ApiError(400, "Application_DialogException", text)


TRIGGERS: dict[tuple[str, str], Callable[[Store, Row], None]] = {
    (DEFAULT_DIMENSIONS, "parentId"): _parent,
    (DEFAULT_DIMENSIONS, "dimensionId"): _dimension,
    (DEFAULT_DIMENSIONS, "dimensionValueId"): _dimension_value,
}

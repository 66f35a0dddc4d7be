"""Deleting rows of Dataverse: what goes along, what forbids it, which lookups are cleared (the tables' relationship behaviour)."""

from __future__ import annotations

from .dv_rules import refuse_closed
from .dv_write import DataverseWriter
from .messages import ApiError, Caller
from .schema import SALES, Entity, entities
from .store import Store

# (table of the child, its lookup): rows that are deleted with their parent.
_CASCADE = {
    ("contacts", "parentcustomerid"),
    ("invoices", "customerid"),
    ("invoicedetails", "invoiceid"),
    ("productpricelevels", "pricelevelid"),
    ("productpricelevels", "productid"),
    ("uoms", "uomscheduleid"),
}
# Rows that keep their parent from being deleted (405, 0x80040227).
_RESTRICT = {
    ("products", "defaultuomid"),
    ("products", "defaultuomscheduleid"),
    ("productpricelevels", "uomid"),
    ("invoicedetails", "productid"),
    ("invoicedetails", "uomid"),
    ("teams", "businessunitid"),
    ("systemusers", "businessunitid"),
    ("businessunits", "parentbusinessunitid"),
    ("organizations", "basecurrencyid"),
}
_RESTRICTING_ATTRIBUTES = {"transactioncurrencyid", "ownerid"}
_FREE_ATTRIBUTES = {"createdby", "modifiedby", "owninguser", "owningteam", "owningbusinessunit", "baseuom", "organizationid"}


class DataverseDeleter:
    """Runs inside the caller's transaction; raises ApiError."""

    def __init__(self, store: Store, writer: DataverseWriter) -> None:
        self.store = store
        self.writer = writer

    def delete(self, entity: Entity, key: str, caller: Caller, *, with_parent: bool = False) -> None:
        """Deletes a row that exists. ``with_parent``: the row that held it is being deleted too."""
        row = self.store.get(entity, key)
        if row is None:
            return
        if not entity.delete:
            raise ApiError(403, "0x80040220", f"Principal user (Id={caller.user_id}) is missing prvDelete privilege on {entity.type_name}.")
        if entity.name == "invoicedetails" and not with_parent:
            refuse_closed(self.store, entity, row, {})
        if entity.name == "uoms" and row["isschedulebaseuom"] and not with_parent:
            raise _refused(entity, key, "it is the base unit of its unit group")
        for child, column, attribute in _children(entity):
            self._release(entity, key, child, column, attribute, caller)
        self.store.delete(entity, key, user_id=caller.user_id)
        if entity.name == "invoicedetails" and not with_parent:
            self.writer.sum_up_after_delete(row["_invoiceid_value"], caller)

    def _release(self, entity: Entity, key: str, child: Entity, column: str, attribute: str, caller: Caller) -> None:
        rows = self._referencing(entity, key, child, column)
        link = (child.name, attribute)
        if rows and (link in _RESTRICT or attribute in _RESTRICTING_ATTRIBUTES):
            raise _refused(entity, key, f"{len(rows)} {child.name} refer to it")
        for child_key in rows:
            if link in _CASCADE:
                self.delete(child, child_key, caller, with_parent=True)
            else:
                kind = child.attributes[attribute].type_column
                self.writer.touch(child, child_key, {column: None, **({kind: None} if kind else {})}, caller)

    def _referencing(self, entity: Entity, key: str, child: Entity, column: str) -> list[str]:
        kind = child.properties[column].type_column
        condition = f'"{column}" = ? AND "{kind}" = \'{entity.name}\'' if kind else f'"{column}" = ?'
        return [found[0] for found in self.store.all(f'SELECT "{child.key}" FROM "{child.table}" WHERE {condition}', (key,))]  # noqa: S608


def _children(entity: Entity) -> list[tuple[Entity, str, str]]:
    """(table, column, attribute) of every lookup that may point to the table; those that forbid the deletion come first."""
    found = [
        (child, known.name, known.attribute)
        for child in entities(SALES).values()
        for known in child.properties.values()
        if entity.name in known.targets and known.attribute not in _FREE_ATTRIBUTES
    ]
    return sorted(found, key=lambda item: (item[0].name, item[2]) not in _RESTRICT and item[2] not in _RESTRICTING_ATTRIBUTES)


def _refused(entity: Entity, key: str, reason: str) -> ApiError:
    text = f"The {entity.type_name} {key} cannot be deleted because {reason}."
    return ApiError(405, "0x80040227", text)

"""The first contact of a customer or account becomes its primary one (rules primary-contact-bc and primary-contact-sales)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.related import related_table
from syncadmin.sync.couplings import stamp_later
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Modify, Outcome, Record, Side, WriteResult

_PRIMARY, _NAME = "primaryContactNumber|primarycontactid", "contactName|address1_primarycontactname"


@dataclass(frozen=True)
class PrimaryContacts:
    """Writes primary contacts so that they are not seen as changes of the customer or account afterwards.

    ``customers`` is the mapping of customers and accounts, None where there is none.
    """

    mapping: IntegrationTableMapping
    connectors: Mapping[Side, Connector]
    customers: IntegrationTableMapping | None

    def in_business_central(self, new: Sequence[Record]) -> dict[str, WriteResult]:
        """``new`` contacts with ``number`` and ``customerNumber``; answers by contact key for those that had to be written."""
        first = _first_of_each(new, "customerNumber")
        table = related_table(self.mapping, Side.BUSINESS_CENTRAL, "customers")
        if not first or "primaryContactNumber" not in table.fields:
            return {}
        connector = self.connectors[Side.BUSINESS_CENTRAL]
        found = connector.find_records(table, "number", list(first), ["number", "primaryContactNumber"])
        open_ones = [row for row in found if not row.values.get("primaryContactNumber")]
        contacts = [first[str(row.values["number"])] for row in open_ones]
        rows = [
            Modify(row.key, row.etag, {"primaryContactNumber": contact.values["number"]})
            for row, contact in zip(open_ones, contacts, strict=True)
        ]
        answers = connector.modify(table, rows) if rows else []
        named = [
            {_PRIMARY: contact.values["number"], _NAME: answer.values.get("contactName")}
            for contact, answer in zip(contacts, answers, strict=True)
        ]
        self._remember(Side.BUSINESS_CENTRAL, open_ones, answers, named)
        return {contact.key: answer for contact, answer in zip(contacts, answers, strict=True)}

    def in_sales(self, new: Sequence[Record]) -> dict[str, WriteResult]:
        """``new`` contacts with ``parentcustomerid``; answers by contact key for those that had to be written."""
        first = _first_of_each(new, "parentcustomerid")
        if not first:
            return {}
        table, connector = related_table(self.mapping, Side.SALES, "accounts"), self.connectors[Side.SALES]
        found = connector.read_records(table, list(first), ["primarycontactid"])
        open_ones = [row for row in found.values() if not row.values.get("primarycontactid")]
        rows = [Modify(row.key, row.etag, {"primarycontactid": first[row.key].key}) for row in open_ones]
        answers = connector.modify(table, rows) if rows else []
        self._remember(Side.SALES, open_ones, answers, [{_PRIMARY: first[row.key].key} for row in open_ones])
        return {first[row.key].key: answer for row, answer in zip(open_ones, answers, strict=True)}

    def _remember(self, side: Side, rows: Sequence[Record], answers: Sequence[WriteResult], values: Sequence[Mapping[str, object]]) -> None:
        """The couplings of the customers take our writes for known; a change that somebody made before stays one."""
        name = "bc" if side is Side.BUSINESS_CENTRAL else "sales"
        done = {
            row.key: (row, answer, new) for row, answer, new in zip(rows, answers, values, strict=True) if answer.outcome is Outcome.DONE
        }
        couplings = list(Coupling.objects.filter(mapping=self.customers, **{f"{name}_key__in": done})) if self.customers and done else []
        for coupling in couplings:
            before, answer, new = done[getattr(coupling, f"{name}_key")]
            for pair in new.keys() & coupling.baseline.keys():
                coupling.baseline[pair][0 if side is Side.BUSINESS_CENTRAL else 1] = new[pair]
            if getattr(coupling, f"{name}_etag") == before.etag:
                setattr(coupling, f"{name}_etag", answer.etag)
            setattr(coupling, f"{name}_modified_at", stamp_later(getattr(coupling, f"{name}_modified_at"), answer.modified_at))
        Coupling.objects.bulk_update(couplings, ["baseline", f"{name}_etag", f"{name}_modified_at"])


def _first_of_each(contacts: Sequence[Record], parent: str) -> dict[str, Record]:
    """The first contact of each parent."""
    first: dict[str, Record] = {}
    for contact in contacts:
        if key := str(contact.values.get(parent) or ""):
            first.setdefault(key, contact)
    return first

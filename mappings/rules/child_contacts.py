"""Contacts that were entered before their customer, or account, came to the other side (rules contact-window and child-contacts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.contact_parents import BC, contact_mapping, is_company
from mappings.rules.first import uncoupled_inside
from mappings.rules.references import coupled_keys
from mappings.rules.related import related_table
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Record, Side


@dataclass(frozen=True)
class ChildContacts:
    """Where the reference reads all contacts again that were changed since the customer was created, exactly its own are synchronized."""

    mapping: IntegrationTableMapping
    connectors: Mapping[Side, Connector]

    def waiting(self, direction: Direction, parents: Sequence[str]) -> tuple[str, list[str]]:
        """The mapping of contacts and the source keys of those that belong to these parents; two requests and four statements at most.

        ``parents`` are numbers of customers or keys of accounts that have just got their counterpart. Nobody waits where the mapping does
        not go this way, or has never run: then its first run reads them all. Those that were skipped because their customer was not coupled
        are freed; those that a person holds are not.
        """
        contacts = contact_mapping(self.mapping)
        if not parents or contacts is None or not contacts.enabled or direction not in contacts.directions:
            return "", []
        side = direction.source
        found = self._children(contacts, side, parents) if contacts.watermark(direction) is not None else []
        if not found:
            return "", []
        keys = [record.key for record in found]
        by, error = ("bc_key", "to_error") if side is BC else ("sales_key", "from_error")
        waiting = Coupling.objects.filter(mapping=contacts, skipped=True, held_by="", **{f"{by}__in": keys})
        waiting.filter(**{f"{error}__startswith": "not-coupled:"}).update(skipped=False)
        new = [] if contacts.synch_only_coupled else uncoupled_inside(self.mapping, contacts.name, side, self.connectors[side], keys)
        wanted = {*coupled_keys(self.mapping, contacts.name, keys, by=by), *new}
        return contacts.name, [key for key in keys if key in wanted]

    def _children(self, contacts: IntegrationTableMapping, side: Side, parents: Sequence[str]) -> list[Record]:
        name, parent = (contacts.table, "customerNumber") if side is BC else (contacts.integration_table, "parentcustomerid")
        table = related_table(self.mapping, side, name)
        if parent not in table.fields:
            return []
        found = self.connectors[side].find_records(table, parent, parents, [one for one in ("type",) if one in table.fields])
        return [record for record in found if not is_company(record)]

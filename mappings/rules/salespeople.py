"""New salespeople get a code of their own (engine.md section 19, Salespeople)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import count

from mappings.couplings import couplings_of
from mappings.models import IntegrationTableMapping
from mappings.rules.related import read_all
from mappings.rules.table_rules import FROM, MappingRules, Tables, computed, with_values
from syncadmin.sync.plan import DeletionPolicy, FieldRule
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.tables import FieldType

_PREFIX = "SP NO. 0"
_SENT = "code|=code"  # in a baseline
_CODE = re.compile(r"SP NO\. (0\d*)")


class SalespeopleRules(MappingRules):
    """A new salesperson's user is not added to the owning team of the company (owning-team, optional): the Web API does that by associating
    two rows, which has no etag, no answer to compare and no place in a preview. Give the team its members in Sales."""

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        code = computed("code", FieldType.CODE, "Code")
        own = FieldRule(bc=tables[Side.BUSINESS_CENTRAL].fields["code"], sales=code, direction=FROM, insert_only=True)
        return [*super().field_rules(mapping, tables), own]

    @classmethod
    def deletion_policy(cls, mapping: IntegrationTableMapping) -> DeletionPolicy:
        """Deleting a salesperson removes its coupling (uncouple-on-delete), once its user is read: no page tells of deletions."""
        chosen = super().deletion_policy(mapping)
        return DeletionPolicy.REMOVE_COUPLING if chosen is DeletionPolicy.NONE else chosen

    def prepare_new(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        """Numbers the users that have no salesperson yet (new-code); one whose insert was not answered keeps the number that was sent."""
        if direction is not Direction.FROM_INTEGRATION:
            return records
        states = couplings_of(self.mapping).for_records(Side.SALES, [record.key for record in records])
        sent = {key: state.baseline.get(_SENT, ("", ""))[0] for key, state in states.items() if state.pending_since is not None}
        return [with_values(record, code=sent.get(record.key) or f"SP NO. {next(self.numbers):05}") for record in records]

    @cached_property
    def numbers(self) -> count[int]:
        """The numbers after the highest one that is taken."""
        table = self.plan.bc
        taken = read_all(self.connectors[Side.BUSINESS_CENTRAL], table, ["code"], f"startswith(code,'{_PREFIX}')")
        found = (_CODE.fullmatch(str(record.values.get("code") or "").strip()) for record in taken)
        return count(max((int(one[1]) for one in found if one), default=0) + 1)

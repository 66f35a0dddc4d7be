"""The primary contacts of customers and accounts (rules primary-contact-bc and primary-contact-sales; engine.md section 19, Contacts)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.related import related_table
from syncadmin.sync.couplings import stamp_later
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Modify, Outcome, Record, Side, WriteResult
from syncadmin.sync.tables import Table

BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
_PRIMARY_FIELD = {BC: "primaryContactNumber", SALES: "primarycontactid"}
_NAME_FIELD = "address1_primarycontactname"
_PRIMARY, _NAME = "primaryContactNumber|primarycontactid", f"contactName|{_NAME_FIELD}"  # in a baseline
_FIELDS = {BC: ("number", "primaryContactNumber"), SALES: ("primarycontactid", _NAME_FIELD)}
_KEY = {BC: "bc_key", SALES: "sales_key"}


@dataclass(frozen=True)
class NewContact:
    """A contact that was created just now: its key, what the primary contact field calls it on its side, and on the other side; ``parent``
    is what its customer or account is called: number or key."""

    key: str
    name: str
    counterpart: str
    parent: str


@dataclass
class _Parent:
    """A customer or account and what is to become its primary contact; ``other`` is its counterpart where that has none either."""

    row: Record
    contact: NewContact
    coupling: Coupling | None
    other: Record | None = None


@dataclass(frozen=True)
class PrimaryContacts:
    """Writes primary contacts so that they are not seen as changes of the customer or account afterwards.

    A customer or account without primary contact gets the one that the other side names, else the first that comes; then the other side
    gets it too, where it has none. One that got another one, because the right one was not there yet, gets the right one when it comes.
    ``customers`` is the mapping of customers and accounts, None where there is none.
    """

    mapping: IntegrationTableMapping
    connectors: Mapping[Side, Connector]
    customers: IntegrationTableMapping | None

    def repair(self, side: Side, new: Sequence[NewContact]) -> dict[str, WriteResult]:
        """The answers by contact key for those that had to be written; what was refused before what was taken.

        ``new`` are contacts of ``side``.
        """
        names = list(dict.fromkeys(contact.parent for contact in new if contact.parent))
        if not names or "primaryContactNumber" not in self._table(BC).fields:
            return {}
        parents = self._chosen(side, self._read(side, names), new)
        self._find_others(side, parents)
        rows = {side: [(one, one.row, one.contact.name) for one in parents]}
        rows[side.other] = [(one, one.other, one.contact.counterpart) for one in parents if one.other is not None]
        named = self._write(BC, [(one, row, {"primaryContactNumber": name}) for one, row, name in rows[BC]])
        contact_names = {key: answer.values.get("contactName") for key, answer in named.items()}
        bound = self._write(SALES, [(one, row, self._values(one, row, name, contact_names)) for one, row, name in rows[SALES]])
        return {**bound, **named, **{key: one for key, one in bound.items() if one.outcome is not Outcome.DONE}}

    # ---- which of them

    def _read(self, side: Side, names: Sequence[str]) -> dict[str, Record]:
        """Customers by number, or accounts by key."""
        if side is SALES:
            return self.connectors[SALES].read_records(self._table(SALES), names, _FIELDS[SALES])
        found = self.connectors[BC].find_records(self._table(BC), "number", names, _FIELDS[BC])
        return {str(row.values["number"]): row for row in found}

    def _chosen(self, side: Side, rows: Mapping[str, Record], new: Sequence[NewContact]) -> list[_Parent]:
        contacts: defaultdict[str, list[NewContact]] = defaultdict(list)
        for contact in new:
            contacts[contact.parent].append(contact)
        couplings = self._couplings(side, [row.key for row in rows.values()])
        chosen = []
        for name, row in rows.items():
            coupling = couplings.get(row.key)
            contact_of_row = _contact_for(side, row, contacts[name], coupling)
            if contact_of_row is not None:
                chosen.append(_Parent(row, contact_of_row, coupling))
        return chosen

    def _couplings(self, side: Side, keys: Sequence[str]) -> dict[str, Coupling]:
        name = _KEY[side]
        rows = Coupling.objects.filter(mapping=self.customers, pending="", **{f"{name}__in": keys}) if self.customers else ()
        return {getattr(row, name): row for row in rows}

    def _find_others(self, side: Side, parents: Sequence[_Parent]) -> None:
        keys = {str(getattr(one.coupling, _KEY[side.other])): one for one in parents if one.coupling and one.contact.counterpart}
        if keys:
            found = self.connectors[side.other].read_records(self._table(side.other), list(keys), _FIELDS[side.other])
            for key, row in found.items():
                keys[key].other = None if row.values.get(_PRIMARY_FIELD[side.other]) else row

    # ---- writing

    def _values(self, parent: _Parent, account: Record, key: str, names: Mapping[str, object]) -> dict[str, object]:
        """With the name that Business Central has given the customer's contact, where the mapping carries it and nothing else is there."""
        name = names.get(parent.contact.key)
        carried = parent.coupling is not None and _NAME in parent.coupling.baseline
        more = {_NAME_FIELD: name} if name and carried and not account.values.get(_NAME_FIELD) else {}
        return {"primarycontactid": key, **more}

    def _write(self, side: Side, writes: Sequence[tuple[_Parent, Record | None, Mapping[str, object]]]) -> dict[str, WriteResult]:
        """The answers by contact key. The couplings of the customers take our writes for known; a change that somebody made before stays
        one."""
        rows = [(one, row, values) for one, row, values in writes if row is not None]
        if not rows:
            return {}
        answers = self.connectors[side].modify(self._table(side), [Modify(row.key, row.etag, values) for _, row, values in rows])
        changed = []
        for (parent, row, values), answer in zip(rows, answers, strict=True):
            if answer.outcome is Outcome.DONE and parent.coupling is not None:
                _remember(side, parent.coupling, row, values, answer)
                changed.append(parent.coupling)
        name = "bc" if side is BC else "sales"
        Coupling.objects.bulk_update(changed, ["baseline", f"{name}_etag", f"{name}_modified_at"])
        return {parent.contact.key: answer for (parent, _, _), answer in zip(rows, answers, strict=True)}

    def _table(self, side: Side) -> Table:
        return related_table(self.mapping, side, "customers" if side is BC else "accounts")


def _contact_for(side: Side, row: Record, own: Sequence[NewContact], coupling: Coupling | None) -> NewContact | None:
    """Which of its new contacts becomes the primary one; None where the present one stays."""
    before = (coupling.baseline.get(_PRIMARY) if coupling else None) or (None, None)
    mine, other = (before[0], before[1]) if side is BC else (before[1], before[0])
    right = next((contact for contact in own if other and contact.counterpart == other), None)
    present = str(row.values.get(_PRIMARY_FIELD[side]) or "")
    if not present:
        return right or own[0]
    return right if right is not None and present != right.name and present == mine else None


def _remember(side: Side, coupling: Coupling, before: Record, values: Mapping[str, object], answer: WriteResult) -> None:
    name, place = ("bc", 0) if side is BC else ("sales", 1)
    known = {_PRIMARY: values[_PRIMARY_FIELD[side]], _NAME: answer.values.get("contactName") if side is BC else values.get(_NAME_FIELD)}
    for pair in known.keys() & coupling.baseline.keys():
        if known[pair] is not None:
            coupling.baseline[pair][place] = known[pair]
    if getattr(coupling, f"{name}_etag") == before.etag:
        setattr(coupling, f"{name}_etag", answer.etag)
    setattr(coupling, f"{name}_modified_at", stamp_later(getattr(coupling, f"{name}_modified_at"), answer.modified_at))

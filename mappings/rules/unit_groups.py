"""Units of measure become unit groups with one base unit (engine.md section 19; special rules of UNIT OF MEASURE)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from mappings.couplings import couplings_of
from mappings.models import IntegrationTableMapping
from mappings.rules.related import related_table
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, refused, texts, with_values
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.criteria import Criterion
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Action, Change, Direction, Modify, Outcome, Record, Side, WriteResult
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched

_GROUP = ("name", "statecode")
_INACTIVE = 1


@dataclass(frozen=True)
class _Rename:
    """A base unit that shall be called like its code; ``coupling`` is None for a group that was found just now."""

    source: Record
    group: Record
    unit: Record
    name: str
    coupling: CouplingState | None


class UnitRules(MappingRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.BUSINESS_CENTRAL: ("code",)}

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        name = computed("name", FieldType.TEXT, "Unit Group")
        return [*super().field_rules(mapping, tables), FieldRule(bc=name, sales=tables[Side.SALES].fields["name"], direction=TO)]

    def criteria(self, plan: TablePlan) -> Sequence[Criterion]:
        code, name = plan.bc.fields["code"], plan.sales.fields["name"]
        return [
            Criterion(
                label=code.label or code.name,
                bc=(code,),
                sales=name,
                expected=lambda record, _: group_name(_code(record)),
                found=lambda record: record.values.get("name"),
            )
        ]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        if direction is not Direction.TO_INTEGRATION or not records:
            return records
        couplings = couplings_of(self.mapping).for_records(Side.BUSINESS_CENTRAL, [record.key for record in records])
        self.groups = self._coupled_groups(couplings) | self._named_groups([record for record in records if record.key not in couplings])
        self.renames: dict[str, _Rename] = {}
        units = self._units([group.key for groups in self.groups.values() for group in groups])
        return [self._checked(record, units, couplings.get(record.key)) for record in records]

    def find_uncoupled(self, direction: Direction, records: Sequence[Record]) -> dict[str, str]:
        if direction is not Direction.TO_INTEGRATION:
            return {}
        return {record.key: self.groups[record.key][0].key for record in records if self.groups.get(record.key)}

    def after_page(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        """Renames the units of groups that are in order, also of those where nothing else had to be written."""
        chosen = [self.renames[one.source_key] for one in touched if self._takes_rename(one)] if direction.value == TO else []
        if not chosen:
            return touched
        table = related_table(self.mapping, Side.SALES, "uoms")
        rows = [Modify(one.unit.key, one.unit.etag or "*", {"name": one.name}) for one in chosen]
        answers = self.connectors[Side.SALES].modify(table, rows)
        done = {one.source.key: (one, answer) for one, answer in zip(chosen, answers, strict=True)}
        return [self._renamed(one, *done[one.source_key]) if one.source_key in done else one for one in touched]

    # ---- what Sales has

    def _coupled_groups(self, couplings: Mapping[str, CouplingState]) -> dict[str, list[Record]]:
        keys = {state.sales.key: key for key, state in couplings.items() if state.sales.key and state.pending is None}
        found = self.connectors[Side.SALES].read_records(self.plan.sales, list(keys), _GROUP) if keys else {}
        return {keys[key]: [group] for key, group in found.items()}

    def _named_groups(self, records: Sequence[Record]) -> dict[str, list[Record]]:
        names = texts(group_name(_code(record)) for record in records)
        found = self.connectors[Side.SALES].find_records(self.plan.sales, "name", names, _GROUP) if names else []
        by_name: defaultdict[str, list[Record]] = defaultdict(list)
        for group in found:
            by_name[str(group.values["name"]).casefold()].append(group)
        return {record.key: by_name[group_name(_code(record)).casefold()] for record in records}

    def _units(self, groups: Sequence[str]) -> Mapping[str, list[Record]]:
        found: defaultdict[str, list[Record]] = defaultdict(list)
        if groups:
            table = related_table(self.mapping, Side.SALES, "uoms")
            for unit in self.connectors[Side.SALES].find_records(table, "uomscheduleid", groups, ["name", "uomscheduleid"]):
                found[str(unit.values["uomscheduleid"]).lower()].append(unit)
        return found

    # ---- one record

    def _checked(self, record: Record, units: Mapping[str, list[Record]], coupling: CouplingState | None) -> Record:
        code, groups = _code(record), self.groups.get(record.key, [])
        if len(groups) > 1:
            return refused(record, "ambiguous-group", f"Sales has {len(groups)} unit groups called {group_name(code)}. Keep one.", "code")
        for group in groups:
            if group.values.get("statecode") == _INACTIVE:
                text = f"The unit group {group.values['name']} is inactive in Sales. Activate it, then retry."
                return refused(record, "inactive-group", text, "code")
            own = units.get(group.key, [])
            if len(own) > 1:
                text = f"The unit group {group.values['name']} has {len(own)} units in Sales. Delete all but the base unit, then retry."
                return refused(record, "more-units", text, "code")
            if own and own[0].values.get("name") != code:
                self.renames[record.key] = _Rename(record, group, own[0], code, coupling)
        return with_values(record, name=group_name(code))

    def _takes_rename(self, touched: Touched) -> bool:
        return touched.source_key in self.renames and touched.action in (Action.UNCHANGED, Action.MODIFIED, Action.COUPLED)

    def _renamed(self, touched: Touched, rename: _Rename, answer: WriteResult) -> Touched:
        named = replace(
            touched,
            source_label=touched.source_label or self.plan.label(Side.BUSINESS_CENTRAL, rename.source),
            destination_key=rename.group.key,
            destination_label=touched.destination_label or group_name(rename.name),
        )
        if answer.outcome is Outcome.DONE:
            change = Change("baseuomname", rename.unit.values.get("name"), rename.name)
            return replace(named, action=Action.MODIFIED, changes=(*touched.changes, change))
        return self._failed(named, rename, answer)

    def _failed(self, touched: Touched, rename: _Rename, answer: WriteResult) -> Touched:
        code, reason = answer.code or answer.outcome.value, answer.text or "it was changed or deleted meanwhile."
        text = f"The unit {rename.unit.values.get('name')} in Sales could not be renamed to {rename.name}: {reason}"
        coupling = touched.coupling or rename.coupling
        if coupling is not None:
            coupling = coupling.failed(Direction.TO_INTEGRATION, job_id=None, error=code, message=text, passing=True)
        return replace(touched, action=Action.FAILED, code=code, text=text, coupling=coupling)


def group_name(code: str) -> str:
    """The unit group of a unit of measure (special rule group-name)."""
    return f"NAV {code}"


def _code(record: Record) -> str:
    return str(record.values.get("code") or "").strip()

"""Option sets of Sales columns as tables: a row is an option, its key the value, its label the only field that can be written.

Sources: Microsoft Learn, Dataverse Web API: InsertOptionValue, UpdateOptionValue, DeleteOptionValue, PublishXml; "Publish customizations"
(definitions show what is published). Columns that share an option mapping are kept alike: what is written goes into all of them, into the
first one last, so that an option in the first one is in all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from syncadmin.connectors.batch import Operation
from syncadmin.connectors.definitions import label_of, options_of
from syncadmin.connectors.http import Answer, Http, LostAnswer, Repeat
from syncadmin.connectors.odata import JSON_BODY, Fault, address, fault_of, to_json
from syncadmin.connectors.refusals import refused_read, refused_write
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Delete, Insert, KeyPage, Modify, Outcome, Page, Record, WriteResult
from syncadmin.sync.tables import Field, FieldType, Table

VALUE, LABEL = "value", "label"
_ROUTE = "options:"
_ENGLISH = 1033
_GROUPS = {"entity": "entities", "optionset": "optionsets"}  # elements of a publish request, and what they stand in
_PASSES = 2  # the second one finds published what an interrupted run had left unpublished

Column = tuple[str, str]  # logical names of table and column
Ask = Callable[[Sequence[str]], list[Answer]]
SendBatch = Callable[[Sequence[Operation], Repeat], list[Answer | None]]


def option_set_table(name: str, label: str, columns: Sequence[Column]) -> Table:
    """The options of ``columns``, of which the first one is read, as a table."""
    fields = (
        Field(VALUE, FieldType.INTEGER, "Option Value", on_insert=False, on_update=False),
        Field(LABEL, FieldType.TEXT, "Option Label", required=True),
    )
    route = _ROUTE + ",".join(f"{entity}.{attribute}" for entity, attribute in columns)
    return Table(
        name=name, label=label, key=VALUE, modified_on="", caption=LABEL, number=LABEL, chosen_keys=True, route=route,
        fields={one.name: one for one in fields},
    )  # fmt: skip


def is_option_set(table: Table) -> bool:
    return table.route.startswith(_ROUTE)


@dataclass(frozen=True)
class _Choices:
    """The options of one column (``named`` as actions want it), and the language of its labels."""

    named: tuple[tuple[str, str], ...]
    options: Mapping[int, str]
    language: int

    @property
    def publish(self) -> tuple[str, str]:
        """The element and the name by which the publish request calls it."""
        own = dict(self.named)
        return ("entity", own["EntityLogicalName"]) if "EntityLogicalName" in own else ("optionset", own["OptionSetName"])

    def action(self, name: str, value: int, label: str = "") -> tuple[str, dict[str, Any]]:
        body: dict[str, Any] = {**dict(self.named), "Value": value}
        if label:
            body["Label"] = {"LocalizedLabels": [{"Label": label, "LanguageCode": self.language}]}
        return name, body | ({"MergeLabels": True} if name == "UpdateOptionValue" else {})


@dataclass
class OptionSets:
    """The Connector port for option sets of one environment.

    ``root`` is the address of its Web API with a slash at its end, ``path`` the same without the host; ``ask`` gives the answers to several
    GETs, ``send_batch`` those to several operations.
    """

    http: Http
    root: str
    path: str
    ask: Ask
    send_batch: SendBatch
    _unpublished: set[tuple[str, str]] = field(default_factory=set)

    def read_changes(self, table: Table, condition: str = "") -> Page:
        """All options in one page: they have no stamps. Raises RunError ``bad-filter`` for a condition."""
        choices, at = self._read(table, condition)
        return Page(tuple(_record(value, label) for value, label in choices.options.items()), "", at, len(choices.options))

    def read_records(self, table: Table, keys: Sequence[str], condition: str = "") -> dict[str, Record]:
        choices, _ = self._read(table, condition)
        return {key: _record(int(key), choices.options[int(key)]) for key in keys if _is_value(key) and int(key) in choices.options}

    def find_records(self, table: Table, name: str, values: Sequence[str]) -> list[Record]:
        """Texts are compared without letter case, as Dataverse compares them."""
        wanted = {value.strip().casefold() for value in values}
        return [one for one in self.read_changes(table).records if str(one.values[name]).strip().casefold() in wanted]

    def read_keys(self, table: Table) -> KeyPage:
        """The whole list; there is no delta."""
        return KeyPage(tuple(one.key for one in self.read_changes(table).records), (), "", "")

    def insert(self, table: Table, rows: Sequence[Insert]) -> list[WriteResult]:
        """See the port. An option that is there with this very label was inserted by a run that was cut short, and is done."""
        return self._write(table, {int(row.key): str(row.values[LABEL]) for row in rows}, new=True)

    def modify(self, table: Table, rows: Sequence[Modify]) -> list[WriteResult]:
        """See the port. Options have no versions: the last one wins."""
        return self._write(table, {int(row.key): str(row.values[LABEL]) for row in rows}, new=False)

    def delete(self, table: Table, rows: Sequence[Delete]) -> list[WriteResult]:
        """See the port. Rows that hold the value keep it, without a label."""
        columns = self._columns(table)
        there = [int(row.key) for row in rows if int(row.key) in columns[0].options]
        last = [*columns[1:], *columns[:1]]
        calls = [one.action("DeleteOptionValue", value) for one in last for value in there if value in one.options]
        try:
            faults = self._send(columns, calls)
        except LostAnswer as error:
            return [_unknown(int(row.key), error) for row in rows]
        self._publish()
        return [self._result(table, int(row.key), "", faults) if int(row.key) in there else _gone(int(row.key)) for row in rows]

    # ---- reading

    def _read(self, table: Table, condition: str) -> tuple[_Choices, datetime]:
        if condition.strip():
            raise RunError("bad-filter", f"The options of {table.label} cannot be filtered. Leave the filter of this side empty.")
        self._publish()
        answer = self.ask([self._definition(_columns_of(table)[0])])[0]
        return self._choices(table, answer, _columns_of(table)[0]), answer.date

    def _columns(self, table: Table) -> list[_Choices]:
        """All columns of the table, each option set once, the first one first."""
        self._publish()
        names = _columns_of(table)
        answers = self.ask([self._definition(column) for column in names])
        found = [self._choices(table, answer, column) for column, answer in zip(names, answers, strict=True)]
        return list({one.named: one for one in found}.values())

    def _definition(self, column: Column) -> str:
        entity, attribute = column
        place = f"EntityDefinitions(LogicalName='{entity}')/Attributes(LogicalName='{attribute}')"
        options = {"$select": "LogicalName,DisplayName", "$expand": "OptionSet,GlobalOptionSet"}
        return address(f"{self.root}{place}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata", options)

    def _choices(self, table: Table, answer: Answer, column: Column) -> _Choices:
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.http.name, table=table)
        document = answer.document if isinstance(answer.document, dict) else {}
        chosen = document.get("OptionSet") or document.get("GlobalOptionSet")
        if not isinstance(chosen, dict) or not isinstance(chosen.get("Options"), list):
            raise RunError("address", f"{self.http.name} answered with something that is no definition of {table.label}. Run it again.")
        named = [("EntityLogicalName", column[0]), ("AttributeLogicalName", column[1])]
        if chosen.get("IsGlobal") or not document.get("OptionSet"):
            named = [("OptionSetName", str(chosen.get("Name")))]
        labels = [one.get("Label") for one in chosen["Options"]]
        options = {int(value): label for value, label in options_of(document)}
        return _Choices(tuple(named), options, _language([*labels, document.get("DisplayName")]))

    # ---- writing

    def _write(self, table: Table, labels: Mapping[int, str], *, new: bool) -> list[WriteResult]:
        try:
            present, faults = self._written(table, labels, new=new)
        except LostAnswer as error:
            return [_unknown(value, error) for value in labels]
        if not new:
            return [self._result(table, value, label, faults) if value in present else _gone(value) for value, label in labels.items()]
        return [
            self._result(table, value, label, faults, new=True) if present.get(value, label) == label else _taken(table, value)
            for value, label in labels.items()
        ]

    def _written(self, table: Table, labels: Mapping[int, str], *, new: bool) -> tuple[Mapping[int, str], dict[int, Fault]]:
        """Brings these options into all columns; what the first one had before, and what was refused.

        A new option whose value the first column has with another label is somebody else's and left alone; so is one to change that the
        first column does not have.
        """
        present: Mapping[int, str] = {}
        faults: dict[int, Fault] = {}
        for _ in range(_PASSES):
            columns = self._columns(table)
            present, faults = columns[0].options, {}
            ours = {value: label for value, label in labels.items() if (present.get(value, label) == label if new else value in present)}
            for group in (columns[1:], columns[:1]):
                calls = [_change(one, value, label) for one in group for value, label in ours.items() if value not in faults]
                faults |= self._send(columns, [call for call in calls if call is not None])
            self._publish()
            if not faults:
                break
        return present, faults

    def _send(self, columns: Sequence[_Choices], calls: Sequence[tuple[str, dict[str, Any]]]) -> dict[int, Fault]:
        """One batch, in its order; what was refused, by value. Afterwards all of ``columns`` are to be published."""
        if not calls:
            return {}
        before = set(self._unpublished)
        self._unpublished |= {one.publish for one in columns}  # also where the answer is lost on its way
        answers = self.send_batch([Operation("POST", self.path + name, {}, body) for name, body in calls], Repeat.REFUSED)
        if all(answer is not None and answer.status == 403 for answer in answers):
            self._unpublished = before
        pairs = zip(calls, answers, strict=True)
        return {body["Value"]: _fault(answer) for (_, body), answer in pairs if answer is None or not answer.ok}

    def _publish(self) -> None:
        """Lets everybody see what was changed; where that does not succeed, the next reading tries again."""
        if not self._unpublished:
            return
        body = to_json({"ParameterXml": _publish_request(self._unpublished)}).encode()
        answer = self.http.send("POST", f"{self.root}PublishXml", repeat=Repeat.ALWAYS, headers=JSON_BODY, body=body)
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.http.name)
        self._unpublished.clear()

    def _result(self, table: Table, value: int, label: str, faults: Mapping[int, Fault], *, new: bool = False) -> WriteResult:
        if value in faults:
            return refused_write(faults[value], table, str(value), {LABEL: label}, system=self.http.name, new=new)
        return WriteResult(Outcome.DONE, key=str(value), values={VALUE: value, LABEL: label} if label else {})


def _columns_of(table: Table) -> list[Column]:
    pairs = (text.partition(".") for text in table.route.removeprefix(_ROUTE).split(","))
    return [(entity, attribute) for entity, _, attribute in pairs]


def _change(column: _Choices, value: int, label: str) -> tuple[str, dict[str, Any]] | None:
    """What has to be called so that the column has the option with this label; None where it has."""
    if value not in column.options:
        return column.action("InsertOptionValue", value, label)
    return column.action("UpdateOptionValue", value, label) if column.options[value] != label else None


def _publish_request(components: Iterable[tuple[str, str]]) -> str:
    """The publish request for (element, name) of tables and global option sets."""
    inner = {kind: "".join(f"<{kind}>{escape(name)}</{kind}>" for one, name in sorted(components) if one == kind) for kind in _GROUPS}
    groups = "".join(f"<{_GROUPS[kind]}>{text}</{_GROUPS[kind]}>" for kind, text in inner.items() if text)
    return f"<importexportxml>{groups}</importexportxml>"


def _gone(value: int) -> WriteResult:
    return WriteResult(Outcome.GONE, key=str(value))


def _unknown(value: int, error: LostAnswer) -> WriteResult:
    return WriteResult(Outcome.UNKNOWN, key=str(value), code=error.code, text=error.text, passing=True)


def _taken(table: Table, value: int) -> WriteResult:
    text = f"{table.label} has another option with the value {value} by now. The next run chooses another value."
    return WriteResult(Outcome.REFUSED, code="duplicate", text=text, passing=True)


def _language(labels: Iterable[Any]) -> int:
    """The language of the first label that has a text: that of the user, which every environment has."""
    texts = (label.get("UserLocalizedLabel") for label in labels if isinstance(label, Mapping) and label_of(label))
    return next((int(text["LanguageCode"]) for text in texts if text and text.get("LanguageCode")), _ENGLISH)


def _record(value: int, label: str) -> Record:
    return Record(str(value), {VALUE: value, LABEL: label})


def _is_value(key: str) -> bool:
    return key.removeprefix("-").isdecimal()


def _fault(answer: Answer | None) -> Fault:
    return fault_of(answer) if answer is not None else Fault(503, "", "The batch ended before this option's turn.")

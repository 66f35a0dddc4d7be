"""Dynamics 365 Sales on Dataverse: Web API v9.2 (web-apis.md sections 0, 2 to 4, 8 and 9)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from syncadmin.connectors.auth import Credential, sign_in
from syncadmin.connectors.batch import CONTINUE, Operation, multipart_answers, multipart_batch
from syncadmin.connectors.bulk import CreateMultiple
from syncadmin.connectors.connector import ODataConnector
from syncadmin.connectors.definitions import OPTION_KINDS, TABLE_COLUMNS, label_of, options_of, table_of
from syncadmin.connectors.http import Answer, Http, Limits, LostAnswer, Repeat, shared_places
from syncadmin.connectors.odata import HEADERS, JSON_BODY, address, chunks, fault_of, text_literal
from syncadmin.connectors.prepared import Prepared, etag_of
from syncadmin.connectors.refusals import refused_read
from syncadmin.connectors.webhooks import Webhooks
from syncadmin.connectors.wire import dataverse_body
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Delete, Insert, Modify, WriteResult
from syncadmin.sync.tables import Field, FieldType, Table

_API = "/api/data/v9.2/"
_RUNNING = 52  # requests under way per user and server (section 8)
_PARALLEL = 4  # of them for one call: start low
_BATCH = 1000  # operations per $batch (section 4)
_CHANGES = 250  # modifications per $batch: they run one after the other there, and time-outs are 2 to 4 minutes
_INSERTS = 1000  # rows per CreateMultiple
_PAGE = 5000  # rows per page at most (section 2)
_COUNTED = 5000  # $count ends here (section 2)
_FILTER_LENGTH = 12_000  # an address may have 32 KB, and encoding can double a filter


@dataclass(frozen=True, slots=True, kw_only=True)
class DataverseSettings:
    """``address`` is that of the environment, such as ``https://contoso.crm4.dynamics.com``."""

    address: str
    tenant: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    certificate_pem: str = field(default="", repr=False)
    token_address: str = ""
    scope: str = ""

    @property
    def credential(self) -> Credential:
        # The environment's own address, without the "api." of its Web API (section 1, scope).
        return Credential(
            token_address=self.token_address or f"https://login.microsoftonline.com/{self.tenant}/oauth2/v2.0/token",
            client_id=self.client_id,
            scope=self.scope or self.origin.replace(".api.crm", ".crm") + "/.default",
            secret=self.client_secret,
            certificate=self.certificate_pem,
        )

    @property
    def origin(self) -> str:
        """Scheme and host."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class WhoAmI:
    user_id: str
    business_unit_id: str
    organization_id: str


class Dataverse(ODataConnector):
    """One environment; implements the Connector port."""

    label: ClassVar[str] = "Dynamics 365 Sales"
    keys_at_once: ClassVar[int] = 500
    counts_to: ClassVar[int | None] = _COUNTED
    parallel: ClassVar[int] = _PARALLEL
    precision: ClassVar[str] = "seconds"
    _api_path: ClassVar[str] = _API
    _key_headers: ClassVar[Mapping[str, str]] = {"Prefer": f"odata.track-changes,odata.maxpagesize={_PAGE}"}

    def __init__(self, settings: DataverseSettings, *, limits: Limits | None = None) -> None:
        places = shared_places(settings.origin, settings.client_id, _RUNNING)
        authorize = sign_in(settings.credential)
        super().__init__(Http(self.label, authorize=authorize, headers=HEADERS, limits=limits, places=places, pool=_PARALLEL))
        self._settings = settings
        self._root = settings.origin + _API

    @property
    def front(self) -> str:
        return self._root + "WhoAmI"

    @property
    def credential(self) -> Credential:
        return self._settings.credential

    def who_am_i(self) -> WhoAmI:
        """The application user that the sign-in stands for."""
        answer = self._get(self._root + "WhoAmI")
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.label)
        if not isinstance(answer.document, dict) or "UserId" not in answer.document:
            raise RunError("address", f"{self._settings.address} is no environment of {self.label}. Correct the address of the system.")
        document = answer.document
        return WhoAmI(*(str(document[name]).lower() for name in ("UserId", "BusinessUnitId", "OrganizationId")))

    def check(self) -> None:
        """Proves address and sign-in with one request; raises RunError or RetryLater with what is wrong."""
        self.who_am_i()

    def tables(self, names: Iterable[str] | None = None) -> dict[str, Table]:
        """See the port: one request for the list of tables, one batch for the columns of those wanted."""
        listed = self._listed(address(self._root + "EntityDefinitions", {"$select": ",".join(TABLE_COLUMNS)}))
        definitions = {str(one["EntitySetName"]): one for one in listed if one.get("EntitySetName")}
        set_of = {str(one["LogicalName"]): name for name, one in definitions.items()}
        wanted = list(definitions) if names is None else [name for name in dict.fromkeys(names) if name in definitions]
        urls = [url for name in wanted for url in self._definition_addresses(definitions[name])]
        answers = chunks([self.rows_of(answer) for answer in self._answers(urls)], 2 + len(OPTION_KINDS))
        found = {}
        for name, (columns, relations, *choices) in zip(wanted, answers, strict=True):
            options = {str(one["LogicalName"]): options_of(one) for rows in choices for one in rows}
            found[name] = table_of(definitions[name], columns, options, relations, set_of)
        return found

    def table_labels(self) -> dict[str, str]:
        """What people call each table, by set name; one request, since an organization has thousands and their columns are not asked."""
        listed = self._listed(address(self._root + "EntityDefinitions", {"$select": ",".join(TABLE_COLUMNS)}))
        return {
            str(one["EntitySetName"]): label_of(one.get("DisplayName")) or str(one["LogicalName"])
            for one in listed
            if one.get("EntitySetName")
        }

    def count(self, table: Table, condition: str = "") -> int:
        """See the port. The system's own count ends at 5,000; beyond, the keys are read."""
        answer = self._get(address(f"{self._set_address(table)}/$count", {"$filter": condition}))
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.label, table=table, condition=condition)
        number = int(answer.content.decode("utf-8-sig"))
        return number if number < _COUNTED else len(self._read_all(table, [], [condition], condition))

    def insert(self, table: Table, rows: Sequence[Insert]) -> list[WriteResult]:
        """See the port. CreateMultiple answers with ids alone, so etag and stamp stay empty."""

        def prepare(row: Insert) -> Mapping[str, Any]:
            key = {table.key: row.key} if row.key else {}
            return key | dataverse_body(table, row.values, new=True)

        def send(batch: Sequence[Prepared]) -> list[WriteResult]:
            return CreateMultiple(table, partial(self._create_multiple, table), partial(self._insert_each, table)).create(batch)

        return self._write(rows, prepare, send, _INSERTS)

    def modify(self, table: Table, rows: Sequence[Modify]) -> list[WriteResult]:
        def prepare(row: Modify) -> Mapping[str, Any]:
            return dataverse_body(table, row.values, new=False)

        def operation(one: Prepared) -> Operation:
            return self._operation(table, "PATCH", f"({one.row.key})", {"If-Match": etag_of(one) or "*"}, one.body)

        def send(batch: Sequence[Prepared]) -> list[WriteResult]:
            return self._results(table, batch, [operation(one) for one in batch], Repeat.ANSWERED)

        return self._write(rows, prepare, send, _CHANGES)

    def delete(self, table: Table, rows: Sequence[Delete]) -> list[WriteResult]:
        def operation(one: Prepared) -> Operation:
            return Operation("DELETE", f"{_API}{table.name}({one.row.key})", {"If-Match": etag_of(one) or "*"})

        def send(batch: Sequence[Prepared]) -> list[WriteResult]:
            return self._results(table, batch, [operation(one) for one in batch], Repeat.ANSWERED)

        return self._write(rows, lambda _: {}, send, _CHANGES)

    def webhooks(self) -> Webhooks:
        """The environment's webhooks, as far as they are ours."""
        return Webhooks(self._http, self._root, _API, self._batch)

    # ---- addresses and filters

    @property
    def _origin(self) -> str:
        return self._settings.origin

    def _set_address(self, table: Table) -> str:
        return self._root + table.name

    def _order(self, table: Table, terms: Sequence[str]) -> str:
        return ",".join((*terms, table.key))

    def _key_filter(self, table: Table, keys: Sequence[str]) -> str:
        return _in(table.key, keys)

    def _value_filters(self, field: Field, values: Sequence[str]) -> list[str]:
        # Values with marks that JSON or OData escape are compared one by one, lookups too: their column is no attribute name.
        odd = [value for value in values if field.type is FieldType.LOOKUP or any(mark in value for mark in "'\"\\")]
        plain = [value for value in values if value not in set(odd)]
        literals = [value if field.type in _BARE else text_literal(value) for value in odd]
        comparisons = [f"{field.property_name} eq {literal}" for literal in literals]
        return [_in(field.name, part) for part in _portions(plain)] + [" or ".join(part) for part in _portions(comparisons)]

    def _definition_addresses(self, definition: Mapping[str, Any]) -> list[str]:
        root = f"{self._root}EntityDefinitions(LogicalName='{definition['LogicalName']}')"
        relations = {"$select": "ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName"}
        return [
            f"{root}/Attributes",
            address(f"{root}/ManyToOneRelationships", relations),
            *(
                address(f"{root}/Attributes/Microsoft.Dynamics.CRM.{kind}AttributeMetadata", {"$select": "LogicalName", "$expand": expand})
                for kind, expand in OPTION_KINDS.items()
            ),
        ]

    def _listed(self, url: str) -> list[dict[str, Any]]:
        return self.rows_of(self._get(url))

    # ---- requests

    def _get_many(self, urls: Sequence[str]) -> list[Answer | None]:
        operations = [Operation("GET", url.removeprefix(self._origin)) for url in urls]
        calls = [partial(self._batch, part, Repeat.ALWAYS) for part in chunks(operations, _BATCH)]
        return [answer for answers in self._in_parallel(calls) for answer in answers]

    def _create_multiple(self, table: Table, body: bytes) -> Answer:
        url = f"{self._set_address(table)}/Microsoft.Dynamics.CRM.CreateMultiple"
        return self._http.send("POST", url, repeat=Repeat.REFUSED, headers=JSON_BODY, body=body)

    def _insert_each(self, table: Table, batch: Sequence[Prepared]) -> list[WriteResult]:
        operations = [self._operation(table, "POST", "", {}, one.body) for one in batch]
        return self._results(table, batch, operations, Repeat.REFUSED)

    def _operation(self, table: Table, method: str, key: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Operation:
        """A write whose answer brings the new etag and stamp."""
        shown = ",".join(name for name in (table.key, table.modified_on) if name)
        url = address(f"{_API}{table.name}{key}", {"$select": shown})
        return Operation(method, url, {**headers, "Prefer": "return=representation"}, body)

    def _results(self, table: Table, batch: Sequence[Prepared], operations: Sequence[Operation], repeat: Repeat) -> list[WriteResult]:
        answers = self._batch(operations, repeat)
        return [self._result(table, one, answer) for one, answer in zip(batch, answers, strict=True)]

    def _batch(self, operations: Sequence[Operation], repeat: Repeat) -> list[Answer | None]:
        kind, body = multipart_batch(operations)
        answer = self._http.send("POST", self._root + "$batch", repeat=repeat, headers={"Content-Type": kind, **CONTINUE}, body=body)
        if answer.status >= 500 or answer.status == 408:
            raise LostAnswer(f"{self.label} failed (HTTP {answer.status}); whether the records were written is not known.")
        if not answer.headers.get("content-type", "").startswith("multipart/"):
            raise refused_read(fault_of(answer), system=self.label)
        return multipart_answers(answer, len(operations))


_BARE = {FieldType.LOOKUP, FieldType.GUID, FieldType.INTEGER, FieldType.DECIMAL, FieldType.OPTION, FieldType.DATE, FieldType.MOMENT}


def _in(name: str, values: Sequence[str]) -> str:
    return f"Microsoft.Dynamics.CRM.In(PropertyName='{name}',PropertyValues={json.dumps(list(values), separators=(',', ':'))})"


def _portions(values: Sequence[str]) -> list[list[str]]:
    """The values in groups of at most 100 that fit an address."""
    groups: list[list[str]] = []
    length = 0
    for value in values:
        if not groups or len(groups[-1]) == 100 or length + len(value) > _FILTER_LENGTH:
            groups.append([])
            length = 0
        groups[-1].append(value)
        length += len(value) + 4
    return groups

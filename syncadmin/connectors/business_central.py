"""Business Central: API v2.0 and the custom pages beside it (web-apis.md sections 0 and 5 to 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import quote

from syncadmin.connectors.auth import Credential, sign_in
from syncadmin.connectors.batch import CONTINUE, Operation, json_answers, json_batch
from syncadmin.connectors.connector import ODataConnector
from syncadmin.connectors.edmx import tables_of
from syncadmin.connectors.http import Answer, Http, Limits, LostAnswer, Repeat, shared_places
from syncadmin.connectors.odata import HEADERS, JSON_BODY, address, chunks, fault_of, text_literal
from syncadmin.connectors.prepared import Prepared, etag_of
from syncadmin.connectors.refusals import refused_read
from syncadmin.connectors.subscriptions import Subscriptions
from syncadmin.connectors.wire import business_central_body
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Delete, Insert, Modify, WriteResult
from syncadmin.sync.tables import Field, FieldType, Table

SERVICE_ADDRESS = "https://api.businesscentral.dynamics.com/v2.0"
CUSTOM_PAGES = "api/saleslink/sync/v1.0"
STANDARD_PAGES = "api/v2.0"
_PAGES = {"custom": CUSTOM_PAGES, "v2.0": STANDARD_PAGES}

_RUNNING = 5  # requests under way per user (section 8)
_BATCH = 100  # operations per $batch (section 7)
_FILTER_LENGTH = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCentralSettings:
    """``company_id`` wins over ``company`` (the name); token address and scope have those of the real service as default."""

    address: str = SERVICE_ADDRESS
    tenant: str
    environment: str
    company: str = ""
    company_id: str = ""
    client_id: str
    client_secret: str = field(default="", repr=False)
    certificate_pem: str = field(default="", repr=False)
    token_address: str = ""
    scope: str = ""

    @property
    def credential(self) -> Credential:
        return Credential(
            token_address=self.token_address or f"https://login.microsoftonline.com/{self.tenant}/oauth2/v2.0/token",
            client_id=self.client_id,
            scope=self.scope or "https://api.businesscentral.dynamics.com/.default",
            secret=self.client_secret,
            certificate=self.certificate_pem,
        )

    @property
    def root(self) -> str:
        """The address that the API routes follow, with a slash at its end."""
        return "/".join(part for part in (self.address.rstrip("/"), self.tenant, quote(self.environment)) if part) + "/"


@dataclass(frozen=True, slots=True)
class Company:
    id: str
    name: str
    display_name: str


class BusinessCentral(ODataConnector):
    """One company of one environment; implements the Connector port."""

    label: ClassVar[str] = "Business Central"
    keys_at_once: ClassVar[int] = 100
    parallel: ClassVar[int] = _RUNNING
    precision: ClassVar[str] = "milliseconds"

    def __init__(self, settings: BusinessCentralSettings, *, limits: Limits | None = None) -> None:
        places = shared_places(settings.root, settings.client_id, _RUNNING)
        authorize = sign_in(settings.credential)
        super().__init__(Http(self.label, authorize=authorize, headers=HEADERS, limits=limits, places=places, pool=_RUNNING))
        self._settings = settings
        self._company_id = settings.company_id.lower()
        self._company_lock = Lock()

    @property
    def front(self) -> str:
        return f"{self._settings.root}api/v2.0/companies"

    @property
    def credential(self) -> Credential:
        return self._settings.credential

    def companies(self) -> list[Company]:
        """The companies of the environment, by name."""
        rows = self.rows_of(self._get(f"{self._root()}/companies"))
        found = [Company(str(row["id"]).lower(), row["name"], row.get("displayName") or row["name"]) for row in rows]
        return sorted(found, key=lambda company: company.name)

    def check(self) -> None:
        """Proves address, sign-in and company with one request; raises RunError or RetryLater with what is wrong."""
        if self._company_id:
            known = {company.id for company in self.companies()}
            if self._company_id not in known:
                raise self._unknown_company(self._company_id)
        self._company()

    def local_currency(self) -> str:
        """Code of the local currency (general ledger setup), such as ``USD``."""
        url = address(f"{self._root()}/companies({self._company()})/generalLedgerSetup", {"$select": "localCurrencyCode"})
        rows = self.rows_of(self._get(url))
        code = str(rows[0].get("localCurrencyCode") or "") if rows else ""
        if not code:
            raise RunError("local-currency", "Business Central has no local currency code. Fill in LCY Code in General Ledger Setup.")
        return code

    def tables(self, names: Iterable[str] | None = None) -> dict[str, Table]:
        """See the port. A set that the custom pages serve is taken from there: they have all of its properties and take chosen keys."""
        found = tables_of(self._metadata(STANDARD_PAGES), route="v2.0")
        custom = self._metadata(CUSTOM_PAGES, optional=True)
        if custom:
            found |= tables_of(custom, route="custom")
        wanted = found.keys() if names is None else set(names)
        return {name: table for name, table in found.items() if name in wanted}

    def table_labels(self) -> dict[str, str]:
        """What people call each table, by set name."""
        return {name: table.label for name, table in self.tables().items()}

    def count(self, table: Table, condition: str = "") -> int:
        options = {"$select": table.key, "$filter": condition, "$count": "true", "$top": "1"}
        answer = self._get(address(self._set_address(table), options))
        self._rows(answer, table, [], condition)
        return int(answer.document["@odata.count"])

    def insert(self, table: Table, rows: Sequence[Insert]) -> list[WriteResult]:
        """See the port. A chosen key is sent where the table takes one (custom pages), else the system chooses."""

        def prepare(row: Insert) -> Mapping[str, Any]:
            key = {table.key: row.key} if table.chosen_keys and row.key else {}
            return key | business_central_body(table, row.values)

        def send(batch: Sequence[Prepared]) -> list[WriteResult]:
            operations = [Operation("POST", self._path(table), {}, one.body) for one in batch]
            return self._results(table, batch, self._batch(table, operations, Repeat.REFUSED))

        return self._write(rows, prepare, send, _BATCH, _at_once(table))

    def modify(self, table: Table, rows: Sequence[Modify]) -> list[WriteResult]:
        def prepare(row: Modify) -> Mapping[str, Any]:
            return business_central_body(table, row.values)

        def operation(one: Prepared) -> Operation:
            return Operation("PATCH", f"{self._path(table)}({one.row.key})", {"If-Match": etag_of(one) or "*"}, one.body)

        def send(batch: Sequence[Prepared]) -> list[WriteResult]:
            return self._results(table, batch, self._batch(table, [operation(one) for one in batch], Repeat.ANSWERED))

        return self._write(rows, prepare, send, _BATCH, _at_once(table))

    def delete(self, table: Table, rows: Sequence[Delete]) -> list[WriteResult]:
        def operation(one: Prepared) -> Operation:
            return Operation("DELETE", f"{self._path(table)}({one.row.key})", {"If-Match": etag_of(one) or "*"})

        def send(batch: Sequence[Prepared]) -> list[WriteResult]:
            return self._results(table, batch, self._batch(table, [operation(one) for one in batch], Repeat.ANSWERED))

        return self._write(rows, lambda _: {}, send, _BATCH, _at_once(table))

    def subscriptions(self) -> Subscriptions:
        """The company's subscriptions to notifications of changes."""
        return Subscriptions(self._http, self._company(), lambda route: self._settings.root + _PAGES[route])

    # ---- addresses

    @property
    def _origin(self) -> str:
        return self._settings.root

    def _root(self, table: Table | None = None) -> str:
        return self._settings.root + (CUSTOM_PAGES if table is not None and table.route == "custom" else STANDARD_PAGES)

    def _path(self, table: Table) -> str:
        return f"companies({self._company()})/{table.name}"

    def _set_address(self, table: Table) -> str:
        return f"{self._root(table)}/{self._path(table)}"

    def _company(self) -> str:
        with self._company_lock:
            if not self._company_id:
                self._company_id = self._company_by_name()
            return self._company_id

    def _company_by_name(self) -> str:
        wanted = self._settings.company.casefold()
        for company in self.companies():
            if wanted in {company.name.casefold(), company.display_name.casefold()}:
                return company.id
        raise self._unknown_company(self._settings.company)

    def _unknown_company(self, wanted: str) -> RunError:
        known = ", ".join(company.name for company in self.companies()) or "none"
        text = f"Business Central has no company {wanted} in the environment {self._settings.environment}; it has: {known}."
        return RunError("unknown-company", f"{text} Choose the company in the system's settings.")

    # ---- reading

    def _order(self, table: Table, terms: Sequence[str]) -> str:  # noqa: ARG002  (its pages continue by the key by themselves)
        return ",".join(terms)

    def _key_filter(self, table: Table, keys: Sequence[str]) -> str:
        return " or ".join(f"{table.key} eq {key}" for key in keys)

    def _value_filters(self, field: Field, values: Sequence[str]) -> list[str]:
        # "or" is allowed over one and the same field alone (section 5).
        filters: list[str] = []
        for value in values:
            literal = value if field.type in _BARE else text_literal(value)
            one = f"{field.name} eq {literal}"
            if filters and len(filters[-1]) + len(one) < _FILTER_LENGTH and filters[-1].count(" or ") < _BATCH - 1:
                filters[-1] += f" or {one}"
            else:
                filters.append(one)
        return filters

    def _metadata(self, pages: str, *, optional: bool = False) -> bytes:
        answer = self._http.send(
            "GET", f"{self._settings.root}{pages}/$metadata", repeat=Repeat.ALWAYS, headers={"Accept": "application/xml"}
        )
        if answer.status == 404 and optional:
            return b""
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.label)
        return answer.content

    # ---- batches

    def _get_many(self, urls: Sequence[str]) -> list[Answer | None]:
        root = next(self._settings.root + pages for pages in (CUSTOM_PAGES, STANDARD_PAGES) if f"/{pages}/" in urls[0])
        operations = [Operation("GET", url.removeprefix(root + "/")) for url in urls]
        batches = chunks(operations, _BATCH)
        calls = [lambda batch=batch: self._post_batch(root, batch, Repeat.ALWAYS) for batch in batches]
        return [answer for answers in self._in_parallel(calls) for answer in answers]

    def _batch(self, table: Table, operations: Sequence[Operation], repeat: Repeat) -> list[Answer | None]:
        return self._post_batch(self._root(table), operations, repeat)

    def _post_batch(self, root: str, operations: Sequence[Operation], repeat: Repeat) -> list[Answer | None]:
        answer = self._http.send("POST", f"{root}/$batch", repeat=repeat, headers={**JSON_BODY, **CONTINUE}, body=json_batch(operations))
        if answer.status >= 500 or answer.status == 408:
            raise LostAnswer(f"{self.label} failed (HTTP {answer.status}); whether the records were written is not known.")
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.label)
        return json_answers(answer, len(operations))

    def _results(self, table: Table, batch: Sequence[Prepared], answers: Sequence[Answer | None]) -> list[WriteResult]:
        return [self._result(table, one, answer) for one, answer in zip(batch, answers, strict=True)]


def _at_once(table: Table) -> int:
    # Lines of one document lock each other out when they are written in parallel (section 7).
    return 1 if "documentId" in table.fields else _RUNNING


_BARE = {FieldType.GUID, FieldType.LOOKUP, FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.DATE, FieldType.MOMENT}

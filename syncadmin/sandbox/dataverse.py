"""Dataverse at its address: which operation a method and path mean, and the answers to writes (web-apis.md, sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .clock import Clock
from .dv_address import ROOT, Segment, bad_request, does_not_exist, no_segment, parse_segments, require_set
from .dv_batch import DataverseBatch
from .dv_bulk import DataverseBulk
from .dv_customization import DataverseCustomization
from .dv_definitions import DataverseDefinitions
from .dv_delete import DataverseDeleter
from .dv_functions import DataverseFunctions
from .dv_payload import alternate_key_values, find_key, read_body, resolve_reference
from .dv_read import DataverseReader, applied
from .dv_registration import Registration
from .dv_tracking import DataverseTracking
from .dv_write import EXISTS, DataverseWriter
from .messages import ApiError, Caller, Request, Response, dataverse_error
from .metadata import dataverse_metadata
from .schema import SALES, Entity, entities
from .settings import Settings
from .stats import Stats
from .store import Row, Store

Special = Callable[[Request, tuple[Segment, ...]], Response | None]


class Dataverse:
    """``specials`` are asked first: batch, metadata, webhooks, functions, bulk messages, change tracking; None for what is not theirs."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, stats: Stats) -> None:
        self.store = store
        self.stats = stats
        self.reader = DataverseReader(store, settings, clock)
        self.writer = DataverseWriter(store, settings, clock)
        self.deleter = DataverseDeleter(store, self.writer)
        self.tracking = DataverseTracking(store, settings, clock, self.reader)
        self.registration = Registration(store)
        self.specials: tuple[Special, ...] = (
            DataverseBatch(store, self.operation).answer,
            dataverse_metadata,
            DataverseDefinitions(store).answer,
            self.registration.answer,
            DataverseFunctions(store).answer,
            DataverseCustomization(store).answer,
            DataverseBulk(store, self.writer).answer,
            self.tracking.answer,
        )

    def handle(self, request: Request) -> Response:
        """Answers any request under ``/api/data/v9.2/``, refusals included."""
        try:
            return self.operation(self._for_other_user(request))
        except ApiError as error:
            return dataverse_error(error)

    def operation(self, request: Request) -> Response:
        """One operation, alone or inside a batch; raises ApiError."""
        if not f"{request.path}/".startswith(ROOT):
            raise no_segment(request.path.strip("/").rpartition("/")[2])
        segments = parse_segments(request.path[len(ROOT) :])
        if request.in_batch:
            self.stats.count_operation(SALES, request.method)
        for special in self.specials:
            answer = special(request, segments)
            if answer is not None:
                return answer
        entity = require_set(segments[0].name)
        if segments[0].key is None:
            return self._on_set(request, entity, segments[1:])
        return self._on_row(request, entity, segments[0], segments[1:])

    def _for_other_user(self, request: Request) -> Request:
        """``MSCRMCallerID`` (systemuserid) or ``CallerObjectId`` (here the same id) lets the client act for that user (section 4)."""
        wanted = request.header("mscrmcallerid") or request.header("callerobjectid")
        if not wanted:
            return request
        if self.store.get(entities(SALES)["systemusers"], wanted.lower()) is None:
            raise ApiError(403, "0x80040220", f"There is no user with id {wanted} to act for.")
        return replace(request, caller=Caller(request.caller.client, wanted.lower()))

    def _on_set(self, request: Request, entity: Entity, rest: tuple[Segment, ...]) -> Response:
        if rest and rest[0].name == "$count" and request.method == "GET":
            return self.reader.count(request, entity)
        if rest:
            raise no_segment(rest[0].name)
        if request.method == "GET":
            return self.reader.rows(request, entity)
        if request.method == "POST":
            with self.store.transaction():
                key = self.writer.create(entity, read_body(request.body), request.caller)
                return self._saved(request, entity, key, created=True)
        raise ApiError(405, "0x80060888", f"The method {request.method} is not allowed on the collection '{entity.name}'.")

    def _on_row(self, request: Request, entity: Entity, segment: Segment, rest: tuple[Segment, ...]) -> Response:
        if rest:
            return self._below_row(request, entity, find_key(self.store, entity, segment), rest)
        if request.method == "GET":
            return self.reader.row(request, entity, find_key(self.store, entity, segment))
        if request.method == "PATCH":
            with self.store.transaction():
                return self._save(request, entity, segment)
        if request.method == "DELETE":
            with self.store.transaction():
                return self._delete(request, entity, find_key(self.store, entity, segment))
        raise ApiError(405, "0x80060888", f"The method {request.method} is not allowed on a row of '{entity.name}'.")

    def _save(self, request: Request, entity: Entity, segment: Segment) -> Response:
        """PATCH: updates, or creates where the row is missing and no If-Match forbids it."""
        wanted = {entity.key: segment.guid} if segment.guid else alternate_key_values(self.store, entity, segment)
        current = self.store.first(entity, wanted)
        if_match = request.header("if-match")
        body = read_body(request.body)
        if current is None:
            if if_match:
                raise does_not_exist(entity, segment.key or "")
            named = {} if segment.guid else {name: literal.value for name, literal in segment.parts().items()}
            key = self.writer.create(entity, {**named, **body}, request.caller, key=segment.guid)
            return self._saved(request, entity, key, created=True)
        if request.header("if-none-match") == "*":
            raise ApiError(412, EXISTS, "A record with matching key values already exists.")
        self._check_match(if_match, current)
        sent = body if segment.guid else {name: value for name, value in body.items() if name not in wanted}
        self.writer.update(entity, current[entity.key], sent, request.caller, current=current)
        return self._saved(request, entity, current[entity.key], created=False)

    def _delete(self, request: Request, entity: Entity, key: str) -> Response:
        current = self.store.get(entity, key)
        if current is None:
            raise does_not_exist(entity, key)
        self._check_match(request.header("if-match"), current)
        self.deleter.delete(entity, key, request.caller)
        return Response(204, b"", {"OData-Version": "4.0"})

    def _check_match(self, if_match: str, current: Row) -> None:
        if if_match and if_match != "*":
            self.writer.check_etag(current, if_match)

    def _saved(self, request: Request, entity: Entity, key: str, *, created: bool) -> Response:
        address = f"{request.base}{ROOT}{entity.name}({key})"
        if request.preferences.get("return") == "representation":
            return self.reader.row(request, entity, key, status=201 if created else 200)
        headers = {"OData-Version": "4.0", "OData-EntityId": address, **applied(request, 0)}
        if request.in_batch and created:
            headers["Location"] = address
        return Response(204, b"", headers)

    def _below_row(self, request: Request, entity: Entity, key: str, rest: tuple[Segment, ...]) -> Response:
        """``accounts(id)/name``, ``accounts(id)/primarycontactid``, ``…/$ref``, ``accounts(id)/contact_customer_accounts``."""
        row = self.store.get(entity, key)
        if row is None:
            raise does_not_exist(entity, key)
        name = rest[0].name
        if name in entity.properties and request.method in ("PUT", "DELETE", "GET"):
            return self._single_property(request, entity, row, name)
        navigation = entity.navigations.get(name)
        if navigation is None:
            raise no_segment(name)
        if rest[-1].name == "$ref" and request.method in ("PUT", "DELETE") and not navigation.collection:
            target = resolve_reference(self.store, read_body(request.body).get("@odata.id"), navigation.targets) if request.body else None
            bound = f"/{target[0]}({target[1]})" if target and request.method == "PUT" else None
            return self._change(request, entity, row, {f"{name}@odata.bind": bound})
        if request.method != "GET":
            raise ApiError(405, "0x80060888", f"The method {request.method} is not allowed on '{name}'.")
        if navigation.collection:
            target_set = entities(SALES)[navigation.targets[0]]
            inverse = target_set.attributes[navigation.inverse]
            parent = f"t0.\"{inverse.name}\" = '{row[entity.key]}'"
            parent += f" AND t0.\"{inverse.type_column}\" = '{entity.name}'" if inverse.type_column else ""
            counted = len(rest) > 1 and rest[1].name == "$count"
            return (self.reader.count if counted else self.reader.rows)(request, target_set, parent=parent)
        return self._single_target(request, entity, row, name)

    def _single_target(self, request: Request, entity: Entity, row: Row, name: str) -> Response:
        navigation = entity.navigations[name]
        known = entity.attributes[navigation.attribute]
        kind = row[known.type_column] if known.type_column else navigation.targets[0]
        if not row[known.name] or kind not in navigation.targets:
            return Response(204, b"", {"OData-Version": "4.0"})
        return self.reader.row(request, entities(SALES)[kind], row[known.name])

    def _single_property(self, request: Request, entity: Entity, row: Row, name: str) -> Response:
        if request.method == "GET":
            raise bad_request("Reading a single property is done with $select.")
        value = read_body(request.body).get("value") if request.method == "PUT" else None
        return self._change(request, entity, row, {name: value})

    def _change(self, request: Request, entity: Entity, row: Row, body: dict[str, object]) -> Response:
        with self.store.transaction():
            self._check_match(request.header("if-match"), row)
            self.writer.update(entity, row[entity.key], body, request.caller)
        return Response(204, b"", {"OData-Version": "4.0"})

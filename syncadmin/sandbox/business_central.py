"""Business Central at its address: which operation a method and path mean (web-apis.md, sections 5 and 7)."""

from __future__ import annotations

from collections.abc import Callable

from .bc_address import Address, Segment, no_segment, parse_address, parse_root
from .bc_batch import BusinessCentralBatch
from .bc_read import BusinessCentralReader, link_sql, require_set, tied_values
from .bc_subscriptions import Subscriptions
from .bc_values import read_body
from .bc_write import BusinessCentralWriter, Place, method_not_allowed
from .clock import Clock
from .messages import ApiError, Request, Response, business_central_error, json_response
from .metadata import business_central_metadata
from .schema import BUSINESS_CENTRAL, Entity, entities
from .settings import Settings
from .stats import Stats
from .store import Store

Special = Callable[[Request, Address], Response | None]
_ACTION = "Microsoft.NAV."


class BusinessCentral:
    """``specials`` are asked first: batch, metadata, subscriptions. They answer None for what is not theirs."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, stats: Stats, *, custom_pages: bool) -> None:
        self.store = store
        self.stats = stats
        self.custom_pages = custom_pages
        self.reader = BusinessCentralReader(store, settings)
        self.writer = BusinessCentralWriter(store, settings, clock)
        self.specials: list[Special] = [
            BusinessCentralBatch(store, self.operation).answer,
            business_central_metadata,
            Subscriptions(store, settings, clock).answer,
        ]

    def handle(self, request: Request) -> Response:
        """Answers any request under ``/v2.0/…/api/``, refusals included."""
        try:
            return self.operation(request)
        except ApiError as error:
            return business_central_error(error)

    def operation(self, request: Request) -> Response:
        """One operation, alone or inside a batch; raises ApiError."""
        root, custom, rest = parse_root(request, custom_pages=self.custom_pages)
        if request.header("data-access-intent").lower() == "readonly" and request.method != "GET":
            raise ApiError(400, "BadRequest", "A request that writes cannot have Data-Access-Intent: ReadOnly.")
        address = parse_address(self.store, request, root=root, custom=custom, rest=rest)
        if request.in_batch:
            self.stats.count_operation(BUSINESS_CENTRAL, request.method)
        for special in self.specials:
            answer = special(request, address)
            if answer is not None:
                return answer
        if not address.segments:
            return self._service_document(address)
        entity = require_set(address.segments[0].name, custom=custom)
        if address.segments[0].key is None:
            return self._on_set(request, address, entity, address.segments[1:])
        return self._on_row(request, address, entity, address.segments[0].guid, address.segments[1:])

    def _on_set(self, request: Request, address: Address, entity: Entity, rest: tuple[Segment, ...], parent: str = "") -> Response:
        if rest and rest[0].name == "$count" and request.method == "GET":
            return self.reader.count(request, address, entity, parent=parent)
        if rest:
            raise no_segment(rest[0].name)
        if request.method == "GET":
            return self.reader.rows(request, address, entity, parent=parent)
        if request.method == "POST":
            return self._create(request, address, entity, {})
        raise method_not_allowed(f"The method {request.method} is not allowed on the set '{entity.name}'.")

    def _on_row(self, request: Request, address: Address, entity: Entity, key: str, rest: tuple[Segment, ...]) -> Response:
        if rest:
            return self._below_row(request, address, entity, key, rest)
        if request.method == "GET":
            return self.reader.row(request, address, entity, key)
        place = Place(address.company, address.custom, request.caller)
        if_match = request.header("if-match")
        if request.method == "PATCH":
            with self.store.transaction():
                self.writer.update(entity, key, read_body(request.body), place, if_match=if_match)
                return self.reader.row(request, address, entity, key)
        if request.method == "DELETE":
            with self.store.transaction():
                self.writer.delete(entity, key, place, if_match=if_match)
            return Response(204)
        raise method_not_allowed(f"The method {request.method} is not allowed on a row of '{entity.name}'.")

    def _create(self, request: Request, address: Address, entity: Entity, extra: dict[str, str]) -> Response:
        with self.store.transaction():
            body = {**extra, **read_body(request.body)}
            key = self.writer.create(entity, body, Place(address.company, address.custom, request.caller))
            return self.reader.row(request, address, entity, key, status=201)

    def _below_row(self, request: Request, address: Address, entity: Entity, key: str, rest: tuple[Segment, ...]) -> Response:
        """``salesInvoices(id)/salesInvoiceLines``, ``customers(id)/currency``, ``salesInvoices(id)/Microsoft.NAV.post``."""
        row = self.writer.existing(entity, key, address.company)
        name = rest[0].name
        if name.startswith(_ACTION):
            return self._action(request, entity, row, name.removeprefix(_ACTION))
        navigation = entity.navigations.get(name)
        target = entities(BUSINESS_CENTRAL)[navigation.targets[0]] if navigation else None
        if navigation is None or target is None or not target.on_route(custom=address.custom):
            raise no_segment(name)
        link = link_sql(entity, navigation, target, "owner", "t0")
        owner = f'EXISTS (SELECT 1 FROM "{entity.table}" owner WHERE owner."{entity.key}" = \'{key}\' AND {link})'  # noqa: S608
        if not navigation.collection:
            return self._related(request, address, target, owner)
        if rest[0].key is not None:
            return self._on_row(request, address, target, rest[0].guid, rest[1:])
        if request.method == "POST" and target.create:
            return self._create(request, address, target, tied_values(navigation, row))
        return self._on_set(request, address, target, rest[1:], parent=owner)

    def _related(self, request: Request, address: Address, target: Entity, condition: str) -> Response:
        found = self.store.one(f'SELECT t0."{target.key}" FROM "{target.table}" t0 WHERE {condition}')  # noqa: S608
        if request.method != "GET":
            raise method_not_allowed(f"The method {request.method} is not allowed on '{target.type_name}' here.")
        if not found:
            return Response(204)
        return self.reader.row(request, address, target, found[0])

    def _action(self, request: Request, entity: Entity, row: dict[str, object], name: str) -> Response:
        actions = {"post": self.writer.documents.post, "cancel": self.writer.documents.cancel}
        if entity.name != "salesInvoices" or name not in actions:
            raise no_segment(_ACTION + name)
        if request.method != "POST":
            raise method_not_allowed(f"The action {name} is called with POST.")
        with self.store.transaction():
            actions[name](row)
        return Response(204)

    def _service_document(self, address: Address) -> Response:
        names = [entity.name for entity in entities(BUSINESS_CENTRAL).values() if entity.on_route(custom=address.custom)]
        sets = ",".join(f'{{"name":"{name}","kind":"EntitySet","url":"{name}"}}' for name in names)
        return json_response(200, f'{{"@odata.context":"{address.root}$metadata","value":[{sets}]}}')

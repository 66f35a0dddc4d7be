"""``$batch`` of Dataverse: parts in order, change sets as transactions (web-apis.md, section 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from .dv_address import ROOT, Segment, parse_segments
from .dv_values import PAYLOAD
from .messages import ApiError, Request, Response, dataverse_error
from .multipart import InnerRequest, MultipartError, Part, boundary_of, new_boundary, read_parts, read_request, write_change_set, write_part
from .schema import SALES, entities
from .store import Store

_MOST_OPERATIONS = 1000
_NOT_INHERITED = {"prefer", "content-type", "content-length", "transfer-encoding", "if-match", "if-none-match"}
_REFERENCE = re.compile(rb'"/?\$([\w.-]+)"')
_URL_REFERENCE = re.compile(r"^(?:https?://[^/]+)?(?:/api/data/v9\.2/|/)?\$([\w.-]+)(?=/|$)")


class DataverseBatch:
    """``operation`` runs one request and raises ApiError."""

    def __init__(self, store: Store, operation: Callable[[Request], Response]) -> None:
        self.store = store
        self.operation = operation

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Response | None:
        """The multipart answer to ``POST $batch``; None for any other request."""
        if not segments or segments[0].name != "$batch":
            return None
        if request.in_batch:
            raise ApiError(400, PAYLOAD, "A batch request cannot contain another batch.")
        if request.method != "POST":
            raise ApiError(405, "0x80060888", "$batch is called with POST.")
        try:
            parts = self._read(request)
        except MultipartError as error:
            text = f"The stream of the batch request is not readable: {error}"
            raise ApiError(400, PAYLOAD, text) from error
        return self._run(request, parts)

    def _read(self, request: Request) -> list[list[InnerRequest] | InnerRequest]:
        content_type = request.header("content-type")
        if not content_type.lower().startswith("multipart/mixed"):
            raise ApiError(415, PAYLOAD, f"$batch takes multipart/mixed, not '{content_type}'.")
        parts = [_inner(part) for part in read_parts(request.body, boundary_of(content_type))]
        number = sum(len(part) if isinstance(part, list) else 1 for part in parts)
        if not 0 < number <= _MOST_OPERATIONS:
            raise ApiError(400, "0x80060888", f"A batch has from 1 to {_MOST_OPERATIONS} operations, this one has {number}.")
        return parts

    def _run(self, request: Request, parts: list[list[InnerRequest] | InnerRequest]) -> Response:
        boundary = new_boundary("batchresponse")
        go_on = "odata.continue-on-error" in request.preferences
        written, status = [], 200
        for part in parts:
            text, failed = self._run_set(request, part, boundary) if isinstance(part, list) else self._run_one(request, part, boundary)
            written.append(text)
            if failed and not go_on:
                status = 400
                break
        body = b"".join(written) + f"--{boundary}--\r\n".encode()
        return Response(status, body, {"Content-Type": f"multipart/mixed; boundary={boundary}", "OData-Version": "4.0"})

    def _run_one(self, request: Request, inner: InnerRequest, boundary: str) -> tuple[bytes, bool]:
        try:
            response = self.operation(_resolved(request, inner, {}))
        except ApiError as error:
            response = dataverse_error(error)
        return write_part(response, boundary, content_id=inner.content_id), response.status >= 400

    def _run_set(self, request: Request, inners: list[InnerRequest], boundary: str) -> tuple[bytes, bool]:
        """One transaction; where an operation fails a single error part stands for the whole set."""
        known: dict[str, str] = {}
        answers: list[tuple[str, Response]] = []
        try:
            with self.store.transaction():
                for inner in inners:
                    _check_member(inner, known)
                    resolved = _resolved(request, inner, known)
                    response = self.operation(resolved)
                    known[inner.content_id] = _entity_path(resolved, response)
                    answers.append((inner.content_id, response))
        except ApiError as error:
            return write_part(dataverse_error(error), boundary), True
        return write_change_set(answers, boundary), False


def _inner(part: Part) -> list[InnerRequest] | InnerRequest:
    if part.content_type.lower().startswith("multipart/mixed"):
        return [read_request(item) for item in read_parts(part.content, boundary_of(part.content_type))]
    return read_request(part)


def _check_member(inner: InnerRequest, known: dict[str, str]) -> None:
    if inner.method == "GET":
        raise ApiError(400, PAYLOAD, "A change set cannot contain GET requests.")
    if not inner.content_id:
        raise ApiError(400, PAYLOAD, "Each request of a change set needs a Content-ID header.")
    if inner.content_id in known:
        raise ApiError(400, PAYLOAD, f"The Content-ID '{inner.content_id}' is used twice in the change set.")


def _resolved(request: Request, inner: InnerRequest, known: dict[str, str]) -> Request:
    """The inner request as one of its own, with references such as ``$1`` replaced by the rows they stand for."""
    url = inner.url
    reference = _URL_REFERENCE.match(url)
    if reference and not url.lstrip("/").startswith(("$metadata", "$batch")):
        url = _referenced(known, reference[1]) + url[reference.end() :]
    body = _REFERENCE.sub(lambda match: json.dumps(_referenced(known, match[1].decode())).encode(), inner.body) if known else inner.body
    path, _, query = re.sub(r"^https?://[^/]+", "", url).partition("?")
    inherited = {name: value for name, value in request.headers.items() if name not in _NOT_INHERITED}
    full = path if path.startswith("/api/") else ROOT + path.lstrip("/")
    return replace(
        request,
        method=inner.method,
        path=quote(full, safe="/%$(),='@:!*+;~-._&"),
        query=query,
        headers={**inherited, **inner.headers},
        body=body,
        in_batch=True,
    )


def _referenced(known: dict[str, str], content_id: str) -> str:
    if content_id not in known:
        raise ApiError(400, PAYLOAD, f"The Content-ID reference '${content_id}' was not found: only earlier requests of the set count.")
    return known[content_id]


def _entity_path(request: Request, response: Response) -> str:
    """``accounts(guid)`` of the row that an operation of a change set created or changed."""
    address = response.headers.get("OData-EntityId", "")
    if address:
        return address.partition(ROOT)[2]
    segments = parse_segments(request.path.removeprefix(ROOT))
    entity = entities(SALES).get(segments[0].name) if segments else None
    if entity is None:
        return ""
    key = segments[0].guid or (str(json.loads(response.body).get(entity.key)) if response.body else "")
    return f"{entity.name}({key})"

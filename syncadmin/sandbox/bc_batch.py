"""``$batch`` of Business Central: JSON or multipart, 100 operations, one transaction only with ``Isolation: snapshot`` (section 7)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .bc_address import Address
from .bc_values import read_body
from .messages import ApiError, Request, Response, business_central_error
from .multipart import MultipartError, boundary_of, new_boundary, read_parts, read_request, write_change_set, write_part
from .store import Store

_MOST_OPERATIONS = 100
_NOT_INHERITED = {"prefer", "content-type", "content-length", "transfer-encoding", "if-match", "isolation", "accept"}


@dataclass(frozen=True)
class _Operation:
    id: str | None
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    in_set: bool = False


class _Undo(Exception):
    """Takes a snapshot batch back; its answers are kept."""


class BusinessCentralBatch:
    """``operation`` runs one request and raises ApiError."""

    def __init__(self, store: Store, operation: Callable[[Request], Response]) -> None:
        self.store = store
        self.operation = operation

    def answer(self, request: Request, address: Address) -> Response | None:
        """The answer to ``POST $batch``; None for any other request."""
        if not address.segments or address.segments[0].name != "$batch":
            return None
        if request.method != "POST" or request.in_batch:
            raise ApiError(405, "BadRequest_MethodNotAllowed", "$batch is called with POST, and not inside a batch.")
        content_type = request.header("content-type").lower()
        if content_type.startswith("application/json"):
            return _json_answer(self._run(request, address, _read_json(request.body)))
        if content_type.startswith("multipart/mixed"):
            return _multipart_answer(self._run(request, address, _read_multipart(request)))
        raise ApiError(415, "BadRequest", f"$batch takes application/json or multipart/mixed, not '{content_type}'.")

    def _run(self, request: Request, address: Address, operations: list[_Operation]) -> list[tuple[_Operation, Response]]:
        if len(operations) > _MOST_OPERATIONS:
            text = f"The batch has {len(operations)} operations; the maximum is {_MOST_OPERATIONS}."
            raise ApiError(400, "BadRequest", text)
        answers: list[tuple[_Operation, Response]] = []
        steps = self._steps(request, address, operations)
        if request.header("isolation").lower() != "snapshot":
            answers.extend(steps)
            return answers
        try:
            with self.store.transaction():
                for answer in steps:
                    answers.append(answer)
                if any(response.status >= 400 for _, response in answers):
                    raise _Undo
        except _Undo:
            pass  # earlier answers still say 2xx although their work is gone (section 7)
        return answers

    def _steps(self, request: Request, address: Address, operations: list[_Operation]) -> Iterator[tuple[_Operation, Response]]:
        go_on = "odata.continue-on-error" in request.preferences
        for operation in operations:
            try:
                response = self.operation(_inner_request(request, address, operation))
            except ApiError as error:
                response = business_central_error(error)
            yield operation, response
            if response.status >= 400 and not go_on:
                return


def _read_json(body: bytes) -> list[_Operation]:
    requests = read_body(body).get("requests")
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "BadRequest", "The batch needs a property 'requests' with at least one request.")
    return [_json_operation(item) for item in requests]


def _json_operation(item: Any) -> _Operation:
    if not isinstance(item, dict) or not isinstance(item.get("method"), str) or not isinstance(item.get("url"), str):
        raise ApiError(400, "BadRequest", "Each request of a batch needs the texts 'method' and 'url'.")
    body = item.get("body")
    text = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body, default=float).encode()
    headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    number = item.get("id")
    return _Operation(None if number is None else str(number), item["method"].upper(), item["url"], headers, text)


def _read_multipart(request: Request) -> list[_Operation]:
    operations = []
    try:
        for part in read_parts(request.body, boundary_of(request.header("content-type"))):
            nested = part.content_type.lower().startswith("multipart/mixed")
            inners = read_parts(part.content, boundary_of(part.content_type)) if nested else [part]
            if len(inners) > 1:
                raise ApiError(400, "BadRequest", "A change set with more than one request is not supported.")
            for inner in (read_request(item) for item in inners):
                operations.append(_Operation(inner.content_id or None, inner.method, inner.url, inner.headers, inner.body, nested))
    except MultipartError as error:
        raise ApiError(400, "BadRequest", f"The batch request cannot be read: {error}") from error
    return operations


def _inner_request(request: Request, address: Address, operation: _Operation) -> Request:
    path, _, query = re.sub(r"^https?://[^/]+", "", operation.url).partition("?")
    root = address.root.removeprefix(request.base)
    inherited = {name: value for name, value in request.headers.items() if name not in _NOT_INHERITED}
    company = request.options.get("company")
    if company and "company" not in operation.headers:
        inherited["company"] = company
    return replace(
        request,
        method=operation.method,
        path=path if path.startswith("/v2.0/") else root + path.lstrip("/"),
        query=query,
        headers={**inherited, **operation.headers},
        body=operation.body,
        in_batch=True,
    )


def _json_answer(answers: list[tuple[_Operation, Response]]) -> Response:
    responses = []
    for operation, response in answers:
        head = f'"id":{json.dumps(operation.id)},"status":{response.status},"headers":{json.dumps(_lowered(response.headers))}'
        body = response.body.decode()
        if body and "json" not in response.headers.get("Content-Type", ""):
            body = json.dumps(body)
        responses.append(f'{{{head},"body":{body}}}' if body else f"{{{head}}}")
    text = f'{{"responses":[{",".join(responses)}]}}'
    return Response(200, text.encode(), {"Content-Type": "application/json; odata.metadata=minimal", "OData-Version": "4.0"})


def _multipart_answer(answers: list[tuple[_Operation, Response]]) -> Response:
    boundary = new_boundary("batchresponse")
    parts = []
    for operation, response in answers:
        content_id = operation.id or ""
        in_set = operation.in_set and response.status < 400
        parts.append(
            write_change_set([(content_id, response)], boundary) if in_set else write_part(response, boundary, content_id=content_id)
        )
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return Response(200, body, {"Content-Type": f"multipart/mixed; boundary={boundary}", "OData-Version": "4.0"})


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

"""Many operations in one request: JSON batches (Business Central) and multipart batches (Dataverse).

Sources: web-apis.md section 7 ($batch, JSON form) and section 4 ($batch, multipart form).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncadmin.connectors.http import Answer, parse_json
from syncadmin.connectors.odata import JSON_BODY, to_json

CONTINUE = {"Prefer": "odata.continue-on-error"}
_CRLF = b"\r\n"


@dataclass(frozen=True, slots=True)
class Operation:
    """One request inside a batch. ``url`` is relative to the service root (JSON) or begins with "/" (multipart)."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


def json_batch(operations: Sequence[Operation]) -> bytes:
    """The body of a JSON batch; answers are told apart by the place of the operation."""
    return to_json({"requests": [_json_request(place, one) for place, one in enumerate(operations)]}).encode()


def _json_request(place: int, operation: Operation) -> dict[str, Any]:
    headers = dict(operation.headers) | (JSON_BODY if operation.body is not None else {})
    request = {"id": str(place), "method": operation.method, "url": operation.url, "headers": headers}
    return request | ({"body": operation.body} if operation.body is not None else {})


def json_answers(answer: Answer, number: int) -> list[Answer | None]:
    """The answers in the order of the operations; None for one that was not run."""
    document = answer.document if isinstance(answer.document, dict) else {}
    found: list[Answer | None] = [None] * number
    for response in document.get("responses", ()):
        place = str(response.get("id"))
        if place.isdecimal() and int(place) < number:
            headers = {name.lower(): str(value) for name, value in (response.get("headers") or {}).items()}
            found[int(place)] = Answer(int(response["status"]), headers, response.get("body"))
    return found


def multipart_batch(operations: Sequence[Operation]) -> tuple[str, bytes]:
    """Content type and body of a multipart batch without change sets: every operation stands for itself."""
    boundary = f"batch_{uuid.uuid4()}"
    opening = b"--" + boundary.encode() + _CRLF + b"Content-Type: application/http" + _CRLF
    opening += b"Content-Transfer-Encoding: binary" + _CRLF + _CRLF
    parts = [opening + _http_request(one) + _CRLF for one in operations]
    closing = b"--" + boundary.encode() + b"--" + _CRLF
    return f'multipart/mixed; boundary="{boundary}"', b"".join(parts) + closing


def _http_request(operation: Operation) -> bytes:
    # The empty line behind a body is asked for by Dataverse (web-apis.md section 4, $batch).
    body = b"" if operation.body is None else to_json(operation.body).encode() + _CRLF
    headers = {"Accept": "application/json", **operation.headers, **(JSON_BODY if body else {})}
    lines = [f"{operation.method} {operation.url} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + _CRLF + _CRLF + body


def multipart_answers(answer: Answer, number: int) -> list[Answer | None]:
    """The answers in the order of the operations; None for those behind the point where the system stopped."""
    found: list[Answer | None] = [_http_answer(part) for part in _parts(answer)]
    return (found + [None] * number)[:number]


def _parts(answer: Answer) -> list[bytes]:
    kind = answer.headers.get("content-type", "")
    boundary = kind.partition("boundary=")[2].partition(";")[0].strip().strip('"')
    if not boundary:
        return []
    pieces = (_CRLF + answer.content).split(_CRLF + b"--" + boundary.encode())
    return [piece for piece in pieces[1:] if not piece.startswith(b"--")]


def _http_answer(part: bytes) -> Answer:
    message = part.partition(_CRLF + _CRLF)[2]
    head, _, body = message.partition(_CRLF + _CRLF)
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = body.strip()
    return Answer(int(status.split(" ", 2)[1]), headers, parse_json(body) if body else None, body)

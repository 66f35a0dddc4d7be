"""``multipart/mixed`` batches read and written: parts, change sets, the HTTP request inside a part (web-apis.md, section 4, $batch)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from .messages import Response

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"^(\S+)\s+(.*?)\s+HTTP/1\.[01]$")


class MultipartError(Exception):
    """The body cannot be read as a batch; the message says where."""


@dataclass(frozen=True)
class Part:
    headers: Mapping[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True)
class InnerRequest:
    """The HTTP request of a part; ``content_id`` is '' outside change sets."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    content_id: str


def boundary_of(content_type: str) -> str:
    match = _BOUNDARY.search(content_type)
    if not match:
        raise MultipartError("The Content-Type has no boundary.")
    return match[1].strip()


def read_parts(body: bytes, boundary: str) -> list[Part]:
    """The parts between the boundaries. Lines must end with CR LF. Raises MultipartError."""
    mark = b"\r\n--" + boundary.encode()
    pieces = (b"\r\n" + body).split(mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise MultipartError("The message ends before the closing boundary, or its lines do not end with CR LF.")
    return [_part(piece) for piece in pieces[1:-1]]


def read_request(part: Part) -> InnerRequest:
    """Raises MultipartError."""
    if not part.content_type.lower().startswith("application/http"):
        raise MultipartError(f"A part has the Content-Type '{part.content_type}' instead of application/http.")
    head, _, body = part.content.partition(b"\r\n\r\n")
    line, _, rest = head.decode("utf-8", "replace").partition("\r\n")
    match = _REQUEST_LINE.match(line.strip())
    if not match:
        raise MultipartError(f"'{line[:100]}' is no request line.")
    return InnerRequest(match[1].upper(), match[2], _headers(rest), body.rstrip(b"\r\n"), part.headers.get("content-id", ""))


def new_boundary(kind: str) -> str:
    return f"{kind}_{uuid.uuid4()}"


def write_part(response: Response, boundary: str, *, content_id: str = "") -> bytes:
    """An answer as a part; refusals carry a REQ_ID."""
    lines = [f"--{boundary}", "Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {content_id}"] if content_id else []
    lines += ["", f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"REQ_ID: {uuid.uuid4()}"] if response.status >= 400 else []
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + response.body + b"\r\n"


def write_change_set(answers: list[tuple[str, Response]], boundary: str) -> bytes:
    """The answers (Content-ID, response) of a change set as one part of the outer message."""
    inner = new_boundary("changesetresponse")
    head = f"--{boundary}\r\nContent-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode()
    parts = b"".join(write_part(response, inner, content_id=content_id) for content_id, response in answers)
    return head + parts + f"--{inner}--\r\n".encode()


def _part(piece: bytes) -> Part:
    if not piece.startswith(b"\r\n"):
        raise MultipartError("The lines of the message do not end with CR LF.")
    head, gap, content = piece[2:].partition(b"\r\n\r\n")
    if not gap:
        raise MultipartError("A part has no empty line between its headers and its content.")
    return Part(_headers(head.decode("utf-8", "replace")), content)


def _headers(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.split("\r\n") if line.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}

"""What travels inside the sandbox: a request, an answer, and the two families of errors with their bodies."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote_plus

_PREFERENCE = re.compile(r'([^\s=,;]+)(?:\s*=\s*("[^"]*"|[^,;]*))?')
_QUERY_SAFE = "%$&=',()/:@+*!;?-._~[]"
JSON_TYPE = "application/json; odata.metadata=minimal"


@dataclass(frozen=True)
class Caller:
    """Who signed in: the client's name, the user row in Dataverse and the user in Business Central."""

    client: str
    user_id: str


@dataclass(frozen=True)
class Request:
    """One operation. ``path`` is percent-encoded and without query, ``headers`` has lower-case names, ``base`` is ``http://host:port``."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base: str
    caller: Caller = field(default_factory=lambda: Caller("", ""))
    in_batch: bool = False

    @property
    def options(self) -> dict[str, str]:
        """The query options, decoded; a name given twice keeps its last value."""
        pairs = (part.partition("=") for part in self.query.split("&") if part)
        return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}

    @property
    def preferences(self) -> dict[str, str]:
        """The Prefer header taken apart: ``{"odata.maxpagesize": "100", "return": "representation"}``."""
        found = _PREFERENCE.findall(self.headers.get("prefer", ""))
        return {name.lower(): value.strip().strip('"') for name, value in found}

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    def with_body(self, body: bytes) -> Request:
        return replace(self, body=body)


@dataclass
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal with the status, code and text that the client gets; which body it becomes is up to the system that answers."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def linked(request: Request, kept: Iterable[str], option: str) -> str:
    """The request's own address with these parts of its query and one more option behind them, fit for a JSON text."""
    query = quote("&".join([*kept, option]), safe=_QUERY_SAFE)
    return f"{request.base}{request.path}?{query}"


def json_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose body is this JSON text."""
    return Response(status, text.encode(), {"Content-Type": JSON_TYPE, "OData-Version": "4.0", **(headers or {})})


def dataverse_error(error: ApiError) -> Response:
    """Body of web-apis.md, section 9: code and message, nothing more."""
    body = {"error": {"code": error.code, "message": error.message}}
    return json_response(error.status, json.dumps(body), error.headers)


def business_central_error(error: ApiError) -> Response:
    """Body of web-apis.md, section 9: the message ends with two blanks, ``CorrelationId:``, two blanks, a GUID and a dot."""
    message = f"{error.message}  CorrelationId:  {uuid.uuid4()}."
    return json_response(error.status, json.dumps({"error": {"code": error.code, "message": message}}), error.headers)

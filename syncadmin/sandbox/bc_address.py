"""Addresses of Business Central taken apart: service root, company, the chain of sets and keys (web-apis.md, section 5, Addressing)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .messages import ApiError, Request
from .schema import BUSINESS_CENTRAL, ZERO_GUID, entities
from .store import Row, Store

TENANT = "sandbox"
ENVIRONMENT = "demo"
STANDARD = "v2.0"
CUSTOM = "saleslink/sync/v1.0"
_ROOT = re.compile(r"^/v2\.0/(?:(?P<tenant>[^/]+)/)?(?P<environment>[^/]+)/api/(?P<rest>.*)$")
_SEGMENT = re.compile(r"^(?P<name>[$\w.]+)(?:\((?P<key>.*)\))?$")
_GUID = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


@dataclass(frozen=True)
class Segment:
    """A set or action; ``key`` is the text in the brackets, None without brackets."""

    name: str
    key: str | None

    @property
    def guid(self) -> str:
        """The row id; raises ApiError where the key is none."""
        text = (self.key or "").removeprefix("id=")
        if not _GUID.match(text):
            raise ApiError(400, "BadRequest_InvalidRequestUrl", f"The key '{self.key}' of '{self.name}' is not a valid id.")
        return text.lower()


@dataclass(frozen=True)
class Address:
    """``root`` is the absolute service root with a slash at the end; ``company`` the company's id, '' where none was named."""

    root: str
    custom: bool
    company: str
    segments: tuple[Segment, ...]

    @property
    def context(self) -> str:
        return f"{self.root}$metadata#"


def parse_root(request: Request, *, custom_pages: bool) -> tuple[str, bool, str]:
    """The service root, whether it is the custom one, and the rest of the path. Raises ApiError (404) as the gateway does."""
    match = _ROOT.match(unquote(request.path))
    if not match or match["environment"] != ENVIRONMENT or match["tenant"] not in (TENANT, None):
        raise ApiError(404, "NoEnvironment", f"The environment of '{request.path}' does not exist.")
    for api in (STANDARD, CUSTOM) if custom_pages else (STANDARD,):
        if f"{match['rest']}/".startswith(f"{api}/"):
            tenant = f"{match['tenant']}/" if match["tenant"] else ""
            root = f"{request.base}/v2.0/{tenant}{match['environment']}/api/{api}/"
            return root, api == CUSTOM, match["rest"].removeprefix(api)
    raise no_segment(match["rest"].partition("/")[0])


def parse_address(store: Store, request: Request, *, root: str, custom: bool, rest: str) -> Address:
    """The company comes from the path, ``?company=`` or the header Company; without any the first company answers."""
    segments = tuple(_segment(part) for part in rest.strip("/").split("/") if part)
    if len(segments) > 1 and segments[0].name == "companies":
        return Address(root, custom, company_row(store, segments[0].guid)["id"], segments[1:])
    named = request.options.get("company") or request.header("company")
    row = company_row(store, named.strip("'\"")) if named else None
    return Address(root, custom, str(row["id"]) if row else _first_company(store), segments)


def company_row(store: Store, wanted: str) -> Row:
    """The company with this id or name; raises ApiError (404)."""
    for row in store.find(entities(BUSINESS_CENTRAL)["companies"], {}):
        if wanted.lower() in (row["id"], row["name"].lower()):
            return row
    raise ApiError(404, "Internal_CompanyNotFound", f"Cannot find company '{wanted}'.")


def no_segment(name: str) -> ApiError:
    return ApiError(404, "BadRequest_ResourceNotFound", f"Resource not found for the segment '{name}'.")


def _segment(text: str) -> Segment:
    match = _SEGMENT.match(text)
    if not match:
        raise ApiError(400, "BadRequest_InvalidRequestUrl", f"The segment '{text}' cannot be read.")
    return Segment(match["name"], match["key"])


def _first_company(store: Store) -> str:
    found = store.one("SELECT id FROM bc_companies ORDER BY rowid")
    return str(found[0]) if found else ZERO_GUID

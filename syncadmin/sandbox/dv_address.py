"""Addresses of Dataverse taken apart: sets, keys, navigation properties, functions (web-apis.md, section 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .expression import FilterSyntaxError, Literal, parse_filter
from .messages import ApiError
from .query import split_outside
from .schema import SALES, Entity, entities

ROOT = "/api/data/v9.2/"
_SEGMENT = re.compile(r"^(?P<name>[$\w.]+)(?:\((?P<key>.*)\))?$", re.DOTALL)
_GUID = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


@dataclass(frozen=True)
class Segment:
    """A set, function or property; ``key`` is the text in the brackets, None without brackets."""

    name: str
    key: str | None

    @property
    def guid(self) -> str:
        """The primary key in lower case, '' where the key is of another kind."""
        return self.key.lower() if self.key and _GUID.match(self.key) else ""

    def parts(self) -> dict[str, Literal]:
        """The named parts of an alternate key or the parameters of a function: ``accountnumber='A',x=1``."""
        found = {}
        for part in split_outside(self.key or "", ","):
            name, equals, value = part.partition("=")
            try:
                literal = parse_filter(value) if equals else None
            except FilterSyntaxError as error:
                raise bad_request(str(error)) from error
            if not isinstance(literal, Literal):
                raise bad_request(f"Bad Request - Error in query syntax near '{part}'.")
            found[name.strip()] = literal
        return found


def parse_segments(path: str) -> tuple[Segment, ...]:
    """The parts of a path behind the service root; raises ApiError."""
    return tuple(_segment(part) for part in split_outside(unquote(path).strip("/"), "/") if part)


def require_set(name: str) -> Entity:
    """The entity set; set names are case-sensitive. Raises ApiError (404)."""
    entity = entities(SALES).get(name)
    if entity is None:
        raise no_segment(name)
    return entity


def no_segment(name: str) -> ApiError:
    return ApiError(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def bad_request(message: str) -> ApiError:
    return ApiError(400, "0x80060888", message)


def does_not_exist(entity: Entity, key: str) -> ApiError:
    return ApiError(404, "0x80040217", f"Entity '{entity.type_name}' With Id = {key} Does Not Exist")


def _segment(text: str) -> Segment:
    match = _SEGMENT.match(text)
    if not match:
        raise bad_request(f"Bad Request - Error in query syntax: '{text}'.")
    return Segment(match["name"], match["key"])

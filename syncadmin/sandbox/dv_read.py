"""Reading of Dataverse: sets, rows, counts and pages (web-apis.md, section 2)."""

from __future__ import annotations

import re
from urllib.parse import quote

from .clock import Clock
from .dv_address import ROOT, bad_request, does_not_exist
from .dv_statement import DataverseStatement
from .messages import Request, Response, json_response, linked
from .query import Dialect, Query, parse_query
from .reading import Reading, TokenError, count_rows, read_page
from .render import row_sql
from .schema import SALES, Entity
from .settings import Settings
from .store import Store

_OPTIONS = ("select", "filter", "orderby", "expand", "top", "count", "skiptoken", "deltatoken")
DIALECT = Dialect(frozenset(f"${name}" for name in _OPTIONS), "0x80060888")
_MOST_COUNTED = 5000
_COOKIE = re.compile(r'pagenumber="(\d+)" pagingcookie="([^"]*)"')


class DataverseReader:
    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock

    def rows(self, request: Request, entity: Entity, *, parent: str = "") -> Response:
        """A page of the set. ``parent`` is a condition that ties the rows to the row they were reached through."""
        query = parse_query(request.options, DIALECT)
        reading = self.reading(request, entity, query)
        reading.where += [parent] if parent else []
        size, preferred = self.page_size(request)
        # A page size makes Dataverse forget $top (section 2, Paging).
        whole = query.top is None or preferred
        number, after = read_cookie(query.skip_token)
        try:
            page = read_page(self.store, reading, limit=size if whole else min(query.top or 0, size), after=after)
        except TokenError as error:
            raise bad_request("Malformed XML in the paging cookie.") from error
        follow = next_link(request, number + 1, page.continuation) if page.continuation and whole else ""
        head = f'"@odata.context":"{context(request, entity.name, query)}"{self._count_members(reading, query)}'
        body = f'{{{head},"value":[{",".join(page.rows)}]{follow}}}'
        return json_response(200, body, applied(request, size if preferred else 0))

    def row(self, request: Request, entity: Entity, key: str, *, status: int = 200) -> Response:
        """One row with its etag in a header too; raises ApiError (404). After a write (status 201 or 200 of a PATCH) no ``$expand``."""
        query = parse_query(request.options, DIALECT)
        query = Query(select=query.select, expand=query.expand if request.method == "GET" else ())
        reading = self.reading(request, entity, query)
        text = row_sql(entity, reading.names, "t0", extra=reading.extra, annotations=reading.annotations)
        sql = f'SELECT {text}, t0.versionnumber FROM "{entity.table}" t0 WHERE t0."{entity.key}" = {reading.parameters.add(key)}'  # noqa: S608
        found = self.store.one(sql, reading.parameters)
        if not found:
            raise does_not_exist(entity, key)
        etag = f'W/"{found[1]}"'
        if request.method == "GET" and request.header("if-none-match") == etag and not query.expand and not reading.annotations:
            return Response(304, b"", {"ETag": etag, "OData-Version": "4.0"})
        body = f'{{"@odata.context":"{context(request, entity.name, query)}/$entity",{found[0][1:]}'
        return json_response(status, body, {"ETag": etag, **applied(request, 0)})

    def count(self, request: Request, entity: Entity, *, parent: str = "") -> Response:
        """Plain text, never more than 5000."""
        query = parse_query(request.options, DIALECT)
        reading = self.reading(request, entity, Query(filter=query.filter))
        reading.where += [parent] if parent else []
        return plain_number(min(count_rows(self.store, reading), _MOST_COUNTED))

    def reading(self, request: Request, entity: Entity, query: Query) -> Reading:
        """The statement of a query, without limits and continuation."""
        statement = DataverseStatement(
            clock=self.clock,
            user_id=request.caller.user_id,
            annotations=request.preferences.get("odata.include-annotations", ""),
        )
        return statement.reading(entity, query)

    def page_size(self, request: Request) -> tuple[int, bool]:
        """The rows of a page and whether the client asked for that number."""
        largest = self.settings.page_size[SALES]
        wanted = request.preferences.get("odata.maxpagesize", "")
        return (min(int(wanted), largest), True) if wanted.isdigit() and int(wanted) > 0 else (largest, False)

    def _count_members(self, reading: Reading, query: Query) -> str:
        total = count_rows(self.store, reading) if query.count else -1
        text = f',"@odata.count":{min(total, _MOST_COUNTED)}' if query.count else ""
        if reading.annotations:
            exceeded = "true" if total > _MOST_COUNTED else "false"
            text += f',"@Microsoft.Dynamics.CRM.totalrecordcount":{min(total, _MOST_COUNTED)}'
            text += f',"@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded":{exceeded}'
        return text


def context(request: Request, path: str, query: Query) -> str:
    """The context URL of an answer: ``{root}$metadata#accounts(name,accountnumber)``."""
    chosen = f"({','.join(query.select)})" if query.select else ""
    return f"{request.base}{ROOT}$metadata#{path}{chosen}"


def next_link(request: Request, number: int, continuation: str) -> str:
    """The member with the absolute address of page ``number``: all options kept, another paging cookie."""
    cookie = f'<cookie pagenumber="{number}" pagingcookie="{continuation}" istracking="False" />'
    return f',"@odata.nextLink":"{continued(request, "$skiptoken", cookie)}"'


def continued(request: Request, option: str, token: str) -> str:
    """The request's own address with its tokens replaced by this one."""
    dropped = ("$skiptoken", "%24skiptoken", "$deltatoken", "%24deltatoken")
    kept = [part for part in request.query.split("&") if part and not part.startswith(dropped)]
    return linked(request, kept, f"{option}={quote(token, safe='')}")


def read_cookie(token: str) -> tuple[int, str]:
    """Page number and continuation out of a ``$skiptoken``; (1, '') without one."""
    if not token:
        return 1, ""
    match = _COOKIE.search(token)
    if not match:
        raise bad_request("Malformed XML in the Paging Cookie.")
    return int(match[1]), match[2]


def applied(request: Request, size: int) -> dict[str, str]:
    """The header Preference-Applied for what was honoured."""
    found = [f"odata.maxpagesize={size}"] if size else []
    preferences = request.preferences
    if "odata.include-annotations" in preferences:
        found.append(f'odata.include-annotations="{preferences["odata.include-annotations"]}"')
    if preferences.get("return") == "representation" and request.method != "GET":
        found.append("return=representation")
    return {"Preference-Applied": ", ".join(found)} if found else {}


def plain_number(number: int) -> Response:
    return Response(200, str(number).encode(), {"Content-Type": "text/plain", "OData-Version": "4.0"})

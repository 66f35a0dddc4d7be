"""Change tracking of Dataverse: a first full reading, then delta links with changed rows and deletions (web-apis.md, section 3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .clock import Clock
from .dv_address import ROOT, Segment, bad_request, require_set
from .dv_read import DIALECT, DataverseReader, applied, context, continued, plain_number
from .messages import ApiError, Request, Response, json_response
from .query import Query, parse_query
from .reading import Ordering, Reading, TokenError, decode_token, encode_token, read_page
from .schema import SALES, Entity
from .settings import Settings
from .store import Store

_FORBIDDEN = ("$filter", "$orderby", "$expand", "$top", "$apply")
_TOKEN = re.compile(r"^(\d+)!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)$")
_MOMENT = "%m/%d/%Y %H:%M:%S"
_COOKIE = re.compile(r'pagenumber="(\d+)" pagingcookie="([^"]*)" istracking="True"')
EXPIRED = "delta expired below"


@dataclass(frozen=True)
class _Place:
    """Where a reading stands: rows changed after ``since`` (-1: all) and up to ``until``; ``cursor`` is the token of the rows read last;
    ``deleted`` the version of the last tombstone read, -1 while rows are still coming."""

    since: int
    until: int
    cursor: str = ""
    deleted: int = -1
    number: int = 1


class DataverseTracking:
    def __init__(self, store: Store, settings: Settings, clock: Clock, reader: DataverseReader) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.reader = reader

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Response | None:
        """The answer to a reading with ``odata.track-changes`` or a delta token; None for any other request."""
        options = request.options
        cookie = _COOKIE.search(options.get("$skiptoken", ""))
        tracked = "odata.track-changes" in request.preferences
        if request.method != "GET" or not segments or segments[0].key is not None or not (tracked or cookie or "$deltatoken" in options):
            return None
        entity = require_set(segments[0].name)
        for name in _FORBIDDEN:
            if name in options:
                raise bad_request(f'The "{name}" query parameter isn\'t supported when tracking changes.')
        if len(segments) > 1:
            return self._count(request, entity, segments[1])
        if cookie:
            return self._page(request, entity, _read_place(cookie[1], cookie[2]))
        if "$deltatoken" in options:
            return self._page(request, entity, _Place(self._since(options["$deltatoken"]), self.store.version))
        return self._page(request, entity, _Place(-1, self.store.version))

    def expire(self) -> None:
        """From now on every delta link given so far is refused."""
        self.store.keep_setting(EXPIRED, str(self.store.next_version()))

    def _page(self, request: Request, entity: Entity, place: _Place) -> Response:
        size, preferred = self.reader.page_size(request)
        query = parse_query(request.options, DIALECT)
        query = Query(select=query.select)
        rows, follow = self._rows(request, entity, query, place, size)
        if follow is None:
            ending = f'"@odata.deltaLink":"{continued(request, "$deltatoken", self._token(place))}"'
        else:
            ending = f'"@odata.nextLink":"{continued(request, "$skiptoken", _cookie(follow))}"'
        where = context(request, entity.name, query) + ("/$delta" if place.since >= 0 else "")
        body = f'{{"@odata.context":"{where}","value":[{",".join(rows)}],{ending}}}'
        headers = applied(request, size if preferred else 0)
        if "odata.track-changes" in request.preferences:
            headers["Preference-Applied"] = ", ".join(filter(None, ["odata.track-changes", headers.get("Preference-Applied", "")]))
        return json_response(200, body, headers)

    def _rows(self, request: Request, entity: Entity, query: Query, place: _Place, size: int) -> tuple[list[str], _Place | None]:
        """The rows of a page and where the next one begins (None at the end): new and changed rows by version, then deletions."""
        rows: list[str] = []
        after = place.deleted
        if after < 0:
            page = read_page(self.store, self._changed(request, entity, query, place), limit=size, after=place.cursor)
            if page.continuation:
                return page.rows, _Place(place.since, place.until, page.continuation, -1, place.number + 1)
            rows, after = page.rows, max(place.since, 0)
        if place.since < 0:
            return rows, None
        deleted = self._deleted(entity, after, place.until, size - len(rows) + 1)
        room = size - len(rows)
        rows += [self._tombstone(request, entity, key) for key, _ in deleted[:room]]
        if len(deleted) <= room:
            return rows, None
        reached = deleted[room - 1][1] if room else after
        return rows, _Place(place.since, place.until, "", reached, place.number + 1)

    def _changed(self, request: Request, entity: Entity, query: Query, place: _Place) -> Reading:
        reading = self.reader.reading(request, entity, query)
        if place.since < 0:
            reading.order = [Ordering(f't0."{entity.key}"')]
            return reading
        since, until = reading.parameters.add(place.since), reading.parameters.add(place.until)
        reading.where.append(f"t0.versionnumber > {since} AND t0.versionnumber <= {until}")
        reading.order = [Ordering("t0.versionnumber")]
        return reading

    def _deleted(self, entity: Entity, after: int, until: int, limit: int) -> list[tuple[str, int]]:
        """Tombstones (id, version) of rows that are not there again."""
        sql = f"""SELECT key, max(version) AS latest FROM sandbox_deleted WHERE entity = ? AND version > ? AND version <= ?
                  AND key NOT IN (SELECT "{entity.key}" FROM "{entity.table}") GROUP BY key ORDER BY latest LIMIT ?"""  # noqa: S608
        return self.store.all(sql, (entity.table, after, until, limit))

    @staticmethod
    def _tombstone(request: Request, entity: Entity, key: str) -> str:
        where = f"{request.base}{ROOT}$metadata#{entity.name}/$deletedEntity"
        return json.dumps({"@odata.context": where, "id": key, "reason": "deleted"})

    def _count(self, request: Request, entity: Entity, segment: Segment) -> Response:
        if segment.name != "$count" or "$deltatoken" not in request.options:
            raise bad_request("Only the set itself and its $count can be tracked.")
        since = self._since(request.options["$deltatoken"])
        changed = self.store.one(f'SELECT count(*) FROM "{entity.table}" WHERE versionnumber > ?', (since,))[0]  # noqa: S608
        return plain_number(changed + len(self._deleted(entity, since, self.store.version, -1)))

    def _token(self, place: _Place) -> str:
        version = place.until
        if self.settings.delta_repeat > 0 and place.since >= 0:
            # The rows of this delta come once more in the next one, as the service may do.
            self.settings.delta_repeat -= 1
            version = place.since
        return f"{version}!{self.clock.now(SALES).strftime(_MOMENT)}"

    def _since(self, token: str) -> int:
        """The version of a delta token; raises ApiError for one that is malformed or too old."""
        match = _TOKEN.match(token)
        if not match:
            raise bad_request("The delta token is malformed.")
        given = datetime.strptime(match[2], _MOMENT).replace(tzinfo=UTC)
        too_old = self.clock.now(SALES) - given > timedelta(days=self.settings.delta_days)
        if too_old or int(match[1]) < int(self.store.setting(EXPIRED) or 0):
            text = "Version stamp associated with the client has expired. Please perform a full sync."
            raise ApiError(400, "0x80044352", text)
        return int(match[1])


def _cookie(place: _Place) -> str:
    token = encode_token([place.since, place.until, place.cursor, place.deleted])
    return f'<cookie pagenumber="{place.number}" pagingcookie="{token}" istracking="True" />'


def _read_place(number: str, token: str) -> _Place:
    try:
        since, until, cursor, deleted = decode_token(token)
    except (TokenError, ValueError) as error:
        raise bad_request("Malformed XML in the Paging Cookie.") from error
    return _Place(since, until, cursor, deleted, int(number))

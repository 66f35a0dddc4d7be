"""Functions and documents of the Dataverse root: WhoAmI, RetrieveTotalRecordCount, the service document (section 2, Metadata)."""

from __future__ import annotations

import json
import re

from .dv_address import ROOT, Segment, bad_request
from .ids import BUSINESS_UNIT_ID, ORGANIZATION_ID
from .messages import ApiError, Request, Response, json_response
from .schema import SALES, by_logical_name, entities
from .store import Store

_NAMESPACE = "Microsoft.Dynamics.CRM."


class DataverseFunctions:
    def __init__(self, store: Store) -> None:
        self.store = store

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Response | None:
        """The answer where the path is the root or one of these functions, else None."""
        if not segments:
            return _service_document(request)
        functions = {
            "WhoAmI": self._who_am_i,
            "RetrieveTotalRecordCount": self._total_counts,
            "RetrieveVersion": self._version,
        }
        function = functions.get(segments[0].name.removeprefix(_NAMESPACE))
        if function is None:
            return None
        if request.method != "GET":
            raise ApiError(404, "", f"The function {segments[0].name} is called with GET.")
        return function(request, segments[0])

    def _who_am_i(self, request: Request, _: Segment) -> Response:
        ids = {"BusinessUnitId": BUSINESS_UNIT_ID, "UserId": request.caller.user_id, "OrganizationId": ORGANIZATION_ID}
        return json_response(200, json.dumps({"@odata.context": _context(request, "WhoAmIResponse"), **ids}))

    def _total_counts(self, request: Request, segment: Segment) -> Response:
        names = self._entity_names(request, segment)
        counts = []
        for name in names:
            entity = by_logical_name(name)
            if entity is None:
                raise ApiError(400, "0x80041102", f"The entity with a name = '{name}' was not found in the MetadataCache.")
            counts.append(self.store.one(f'SELECT count(*) FROM "{entity.table}"')[0])  # noqa: S608
        collection = {"Count": len(names), "IsReadOnly": False, "Keys": names, "Values": counts}
        context = _context(request, "RetrieveTotalRecordCountResponse")
        return json_response(200, json.dumps({"@odata.context": context, "EntityRecordCountCollection": collection}))

    @staticmethod
    def _entity_names(request: Request, segment: Segment) -> list[str]:
        """``EntityNames=['account','contact']``, in the brackets or as a parameter alias."""
        text = re.sub(r"^EntityNames=", "", segment.key or "").strip()
        if text.startswith("@"):
            text = request.options.get(text, "")
        names = re.findall(r"""["']([\w]+)["']""", text)
        if not names:
            raise bad_request("The parameter EntityNames of RetrieveTotalRecordCount is missing.")
        return names

    @staticmethod
    def _version(request: Request, _: Segment) -> Response:
        return json_response(
            200, json.dumps({"@odata.context": _context(request, "RetrieveVersionResponse"), "Version": "9.2.26103.00168"})
        )


def _context(request: Request, name: str) -> str:
    return f"{request.base}{ROOT}$metadata#{_NAMESPACE}{name}"


def _service_document(request: Request) -> Response:
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in entities(SALES)]
    return json_response(200, json.dumps({"@odata.context": f"{request.base}{ROOT}$metadata", "value": sets}))

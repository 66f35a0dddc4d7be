"""Actions that change the choices of Sales columns: InsertOptionValue, UpdateOptionValue, DeleteOptionValue, and publishing.

Source: Microsoft Learn, Dataverse Web API reference of these actions; "Create and update choices (option sets) using the Web API";
"Publish customizations" (changes are seen by readers once they are published; by default metadata shows what is published).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from .dv_address import ROOT, Segment
from .dv_payload import read_body
from .dv_values import PAYLOAD
from .ids import INTEGRATION_USER_ID
from .messages import ApiError, Caller, Request, Response, json_response
from .option_sets import changeable, drafted, keep_draft, publish
from .schema import Entity, Option, Property, by_logical_name
from .store import Store

INVALID = "0x80040203"
FIRST_CUSTOM_VALUE = 100_000_000  # values of a publisher begin with its prefix, 10000 at the least
_SET = {"OptionSetName", "AttributeLogicalName", "EntityLogicalName", "SolutionUniqueName"}
_PARAMETERS = {
    "InsertOptionValue": _SET | {"Value", "Label", "Description", "Color", "ExternalValue", "IsHidden", "ParentValues"},
    "UpdateOptionValue": _SET | {"Value", "Label", "Description", "MergeLabels", "Color", "ExternalValue", "IsHidden", "ParentValues"},
    "DeleteOptionValue": _SET | {"Value"},
    "PublishXml": {"ParameterXml"},
    "PublishAllXml": set(),
}
_PRIVILEGES = {"PublishXml": "prvPublishCustomization", "PublishAllXml": "prvPublishCustomization"}


class DataverseCustomization:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._actions: dict[str, Callable[[Request, Mapping[str, Any]], Response]] = {
            "InsertOptionValue": self._insert,
            "UpdateOptionValue": self._update,
            "DeleteOptionValue": self._delete,
            "PublishXml": self._publish,
            "PublishAllXml": self._publish_all,
        }

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Response | None:
        """The answer to ``POST InsertOptionValue`` and its like, None for what is none of these actions."""
        action = self._actions.get(segments[0].name) if len(segments) == 1 else None
        if action is None:
            return None
        name = segments[0].name
        if request.method != "POST":
            raise ApiError(404, "", f"The action {name} is called with POST.")
        _check_privilege(request.caller, name)
        body = read_body(request.body) if request.body else {}
        for unknown in body.keys() - _PARAMETERS[name]:
            text = f"The parameter '{unknown}' in the request payload is not a valid parameter for the operation '{name}'."
            raise ApiError(400, PAYLOAD, f"Error identified in Payload provided by the user: {text}")
        with self.store.transaction():
            return action(request, body)

    def _insert(self, request: Request, body: Mapping[str, Any]) -> Response:
        entity, known = _column(body)
        options, label = drafted(self.store, entity, known), _label(body)
        value = _value(body) if body.get("Value") is not None else _next_value(options)
        if value in {option.value for option in options}:
            # What the service answers here is not documented; that it refuses is.
            raise ApiError(400, INVALID, f"The option value {value} exists already in the option set {entity.type_name}_{known.name}.")
        keep_draft(self.store, entity, known, [*options, Option(value, label)])
        context = f"{request.base}{ROOT}$metadata#Microsoft.Dynamics.CRM.InsertOptionValueResponse"
        return json_response(200, json.dumps({"@odata.context": context, "NewOptionValue": value}))

    def _update(self, _: Request, body: Mapping[str, Any]) -> Response:
        if not isinstance(body.get("MergeLabels"), bool):
            raise ApiError(400, INVALID, "The required parameter 'MergeLabels' is missing.")
        entity, known, value = *_column(body), _value(body)
        options, label = self._with(entity, known, value), _label(body)
        keep_draft(self.store, entity, known, [Option(value, label) if one.value == value else one for one in options])
        return _done()

    def _delete(self, _: Request, body: Mapping[str, Any]) -> Response:
        entity, known, value = *_column(body), _value(body)
        keep_draft(self.store, entity, known, [one for one in self._with(entity, known, value) if one.value != value])
        return _done()

    def _with(self, entity: Entity, known: Property, value: int) -> tuple[Option, ...]:
        """The drafted options, among which the value must be."""
        options = drafted(self.store, entity, known)
        if value not in {option.value for option in options}:
            raise ApiError(400, INVALID, f"The option value {value} does not exist in the option set {entity.type_name}_{known.name}.")
        return options

    def _publish(self, _: Request, body: Mapping[str, Any]) -> Response:
        try:
            tree: Element = fromstring(str(body.get("ParameterXml") or ""))
        except ParseError as error:
            raise ApiError(400, INVALID, f"ParameterXml does not follow the publish request schema: {error}") from error
        if tree.tag != "importexportxml":
            raise ApiError(400, INVALID, "ParameterXml does not follow the publish request schema: importexportxml is expected.")
        names = [str(one.text or "").strip() for one in tree.findall("entities/entity")]
        for name in names:
            _entity(name)
        publish(self.store, names)
        return _done()

    def _publish_all(self, _request: Request, _body: Mapping[str, Any]) -> Response:
        publish(self.store)
        return _done()


def _check_privilege(caller: Caller, action: str) -> None:
    """Customizing takes a role such as System Customizer, which ordinary users do not have."""
    if caller.user_id != INTEGRATION_USER_ID:
        privilege = _PRIVILEGES.get(action, "prvWriteAttribute")
        raise ApiError(403, "0x80040220", f"Principal user (Id={caller.user_id}, type=8) is missing {privilege} privilege.")


def _column(body: Mapping[str, Any]) -> tuple[Entity, Property]:
    """The choice column that the parameters name; there are no global option sets here."""
    if body.get("OptionSetName"):
        raise ApiError(404, INVALID, f"There is no global option set {body['OptionSetName']}.")
    entity = _entity(str(body.get("EntityLogicalName") or ""))
    known = entity.attributes.get(str(body.get("AttributeLogicalName") or ""))
    if known is None or not changeable(known):
        text = f"The attribute '{body.get('AttributeLogicalName')}' of '{entity.type_name}' is no choice whose options can be changed."
        raise ApiError(400, INVALID, text)
    return entity, known


def _entity(logical_name: str) -> Entity:
    entity = by_logical_name(logical_name)
    if entity is None:
        raise ApiError(404, "0x80060888", f"Could not find an entity with name {logical_name}.")
    return entity


def _value(body: Mapping[str, Any]) -> int:
    value = body.get("Value")
    if not isinstance(value, int) or isinstance(value, bool):
        raise ApiError(400, PAYLOAD, "Error identified in Payload provided by the user: 'Value' must be a whole number.")
    return value


def _label(body: Mapping[str, Any]) -> str:
    """The text of the first localized label."""
    label = body.get("Label")
    labels = label.get("LocalizedLabels") if isinstance(label, Mapping) else None
    first = labels[0] if isinstance(labels, list) and labels and isinstance(labels[0], Mapping) else {}
    text, language = first.get("Label"), first.get("LanguageCode")
    if not isinstance(text, str) or not text.strip() or not isinstance(language, int):
        raise ApiError(400, INVALID, "The required parameter 'Label' is missing, or has no text and language code.")
    return text


def _next_value(options: tuple[Option, ...]) -> int:
    return max(FIRST_CUSTOM_VALUE - 1, *(int(option.value) for option in options)) + 1


def _done() -> Response:
    return Response(204, b"", {"OData-Version": "4.0"})

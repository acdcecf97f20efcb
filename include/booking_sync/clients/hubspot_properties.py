"""Definitions of properties: reading them, and making our own."""

from __future__ import annotations

from typing import Any

from booking_sync.clients.answer import as_object, as_objects
from booking_sync.clients.hubspot_calls import HubSpotCalls
from booking_sync.clients.hubspot_model import PropertyDefinition
from booking_sync.errors import IncompleteRead, NotFound, Refused

_ALL = "/crm/properties/{version}/{object_type}"
_ONE = "/crm/properties/{version}/{object_type}/{name}"
_GROUPS = "/crm/properties/{version}/{object_type}/groups"
_CONFLICT = 409


def property_definition(calls: HubSpotCalls, object_type: str, name: str) -> PropertyDefinition | None:
    """Return one definition, or None where the portal has no such property."""
    try:
        return _definition(calls.read("GET", _ONE, object_type=object_type, name=name))
    except NotFound:
        return None


def property_definitions(calls: HubSpotCalls, object_type: str) -> list[PropertyDefinition]:
    """Return every definition of an object type."""
    document = calls.read("GET", _ALL, object_type=object_type)
    if not isinstance(document.get("results"), list):
        raise IncompleteRead(f"HubSpot: GET {_ALL}: the answer has no list of results")
    return [_definition(payload) for payload in as_objects(document["results"])]


def create_property(calls: HubSpotCalls, object_type: str, definition: PropertyDefinition) -> bool:
    """Make a property; return False where one of that name exists, which may be defined otherwise."""
    body: dict[str, Any] = {
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "groupName": definition.group,
    }
    if definition.has_unique_value:
        body["hasUniqueValue"] = True
    if definition.options:
        body["options"] = [_option(value, order) for order, value in enumerate(definition.options)]
    return _is_made(calls, _ALL, object_type, body)


def create_property_group(calls: HubSpotCalls, object_type: str, name: str, label: str) -> bool:
    """Make a group of properties; return False where one of that name exists."""
    return _is_made(calls, _GROUPS, object_type, {"name": name, "label": label})


def _is_made(calls: HubSpotCalls, path: str, object_type: str, body: dict[str, Any]) -> bool:
    try:
        calls.write(path, body, object_type=object_type)
    except Refused as error:
        if error.status != _CONFLICT:
            raise
        return False
    return True


def _option(value: str, order: int) -> dict[str, Any]:
    return {"label": value, "value": value, "displayOrder": order, "hidden": False}


def _definition(payload: dict[str, Any]) -> PropertyDefinition:
    options = [one for one in as_objects(payload.get("options")) if isinstance(one.get("value"), str)]
    return PropertyDefinition(
        name=_text(payload, "name"),
        label=_text(payload, "label"),
        type=_text(payload, "type"),
        field_type=_text(payload, "fieldType"),
        group=_text(payload, "groupName"),
        has_unique_value=payload.get("hasUniqueValue") is True,
        options=tuple(_text(one, "value") for one in options),
        option_labels=tuple(_text(one, "label") for one in options),
        is_read_only=as_object(payload.get("modificationMetadata")).get("readOnlyValue") is True,
    )


def _text(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""

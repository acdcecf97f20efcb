"""The properties API: definitions and groups."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from booking_sandbox.hubspot_calls import Answer, Call, checked_keys
from booking_sandbox.hubspot_errors import Refusal, bad_json, invalid, not_found
from booking_sandbox.hubspot_schema import (
    FIELD_TYPES,
    MEETINGS,
    PROPERTY_TYPES,
    UNIQUE_PROPERTIES_PER_OBJECT,
    ObjectType,
    Option,
    PropertyDefinition,
    PropertyGroup,
)
from booking_sandbox.wire import Json

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_REQUIRED = {"name", "label", "type", "fieldType", "groupName"}
_PLAIN = {"hidden", "formField", "displayOrder", "dataSensitivity", "textDisplayHint"}
_OPTIONAL = {"hasUniqueValue", "options", "description", *_PLAIN}
_FIXED = {"name", "type", "hasUniqueValue"}


def list_properties(call: Call) -> Answer:
    """``GET /crm/properties/{V}/{type}``."""
    wants_archived = call.flag("archived")
    definitions = call.portal.properties[call.object_type().name].values()
    return Answer(
        200, {"results": [one.as_json() for one in definitions if (one.archived_at is not None) is wants_archived]}
    )


def _existing(call: Call) -> PropertyDefinition:
    definition = call.portal.definition(call.object_type(), call.params["name"])
    if definition is None:
        raise not_found(f"Property {call.params['name']} does not exist")
    return definition


def read_property(call: Call) -> Answer:
    """``GET …/{name}``: 200 or 404."""
    return Answer(200, _existing(call).as_json())


def create_property(call: Call) -> Answer:
    """``POST …/{type}``: 201, or 409 where the name is taken. The name of an archived property restores it."""
    definition = _create(call, call.body)
    return Answer(201, definition.as_json(), 1, (definition.name,))


def create_properties(call: Call) -> Answer:
    """``POST …/batch/create``: 201, or 207 with an error for every name that is taken."""
    body = call.inputs(_REQUIRED | _OPTIONAL)
    if body is None:
        return call.nothing_to_do()
    results, errors = [], []
    for one in body:
        try:
            results.append(_create(call, one).as_json())
        except Refusal as error:
            errors.append(error.item())
    names = tuple(one["name"] for one in results)
    return Answer(207 if errors else 201, call.envelope(results, errors), len(body), names)


def read_properties(call: Call) -> Answer:
    """``POST …/batch/read``: 200, or 207 where names are missing."""
    inputs = call.inputs({"name"}, top=frozenset({"archived", "dataSensitivity"}))
    if inputs is None:
        return call.nothing_to_do()
    found = {str(one.get("name")): call.portal.definition(call.object_type(), str(one.get("name"))) for one in inputs}
    missing = [name for name, definition in found.items() if definition is None]
    errors = [not_found("Some properties do not exist", context={"name": missing}).item()] if missing else []
    results = [one.as_json() for one in found.values() if one is not None]
    return Answer(207 if errors else 200, call.envelope(results, errors))


def _create(call: Call, given: Json) -> PropertyDefinition:
    body = checked_keys(given, _REQUIRED | _OPTIONAL, "the property")
    object_type = call.object_type()
    definition = _definition(call, object_type, body)
    known = call.portal.properties[object_type.name]
    before = known.get(definition.name)
    if before is not None and before.archived_at is None:
        raise Refusal(
            409,
            "OBJECT_ALREADY_EXISTS",
            f"A property named '{definition.name}' already exists.",
            context={"name": [definition.name]},
            more={"subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS"},
        )
    if before is not None:
        definition = replace(before, archived_at=None)
    elif definition.has_unique_value:
        definition = _unique(call, object_type, definition)
    known[definition.name] = definition
    return definition


def _unique(call: Call, object_type: ObjectType, definition: PropertyDefinition) -> PropertyDefinition:
    mode = call.switches.unique_properties_on_meetings if object_type is MEETINGS else "allowed"
    if mode == "refused":
        raise invalid(f"Unique properties are not supported for object type {object_type.type_id}")
    if mode == "ignored":
        return replace(definition, has_unique_value=False)
    known = call.portal.properties[object_type.name].values()
    in_use = [one for one in known if one.has_unique_value and not one.is_hubspot_defined and one.archived_at is None]
    if len(in_use) >= UNIQUE_PROPERTIES_PER_OBJECT:
        raise invalid(f"An object has at most {UNIQUE_PROPERTIES_PER_OBJECT} unique properties")
    call.portal.store.declare_unique(object_type.name, definition.name)
    return definition


def _definition(call: Call, object_type: ObjectType, body: dict[str, Any]) -> PropertyDefinition:
    missing = sorted(_REQUIRED - body.keys())
    if missing:
        raise invalid(f"Some required fields were not set: [{', '.join(missing)}]")
    if not all(isinstance(body[key], str) for key in _REQUIRED) or not _NAME.fullmatch(body["name"]):
        raise invalid(f"{body['name']} is not a property name: lower case letters, digits and _ after a letter")
    if body["type"] not in PROPERTY_TYPES or body["fieldType"] not in FIELD_TYPES:
        raise invalid(f"{body['type']}/{body['fieldType']} is not a property type and field type")
    if body["groupName"] not in call.portal.groups[object_type.name]:
        raise invalid(f"Property group {body['groupName']} does not exist", context={"groupName": [body["groupName"]]})
    return PropertyDefinition(
        name=body["name"],
        label=body["label"],
        type=body["type"],
        field_type=body["fieldType"],
        group_name=body["groupName"],
        description=body.get("description", ""),
        options=_options(body),
        has_unique_value=body.get("hasUniqueValue") is True,
        is_hubspot_defined=False,
        created_at=call.now,
        extra={key: body[key] for key in _PLAIN if key in body},
    )


def _options(body: dict[str, Any]) -> tuple[Option, ...]:
    options = body.get("options", [])
    if not isinstance(options, list):
        raise bad_json("options is a list")
    keys = {"label", "value", "displayOrder", "hidden", "description"}
    checked = [checked_keys(one, keys, "an option") for one in options]
    return tuple(Option(str(one["value"]), str(one["label"]), bool(one.get("hidden"))) for one in checked)


def update_property(call: Call) -> Answer:
    """``PATCH …/{name}``: label, group, description and options; name, type and uniqueness are fixed."""
    definition = _existing(call)
    body = call.fields(_REQUIRED | _OPTIONAL)
    fixed = sorted(_FIXED & body.keys())
    if fixed or definition.is_hubspot_defined:
        raise invalid(f"{definition.name} cannot be changed: {', '.join(fixed) or 'HubSpot defined'}")
    merged = {**definition.as_json(), **body}
    changed = replace(
        definition,
        label=merged["label"],
        description=merged["description"],
        group_name=merged["groupName"],
        options=_options(merged),
    )
    call.portal.properties[call.object_type().name][definition.name] = changed
    return Answer(200, changed.as_json(), 1, (definition.name,))


def archive_property(call: Call) -> Answer:
    """``DELETE …/{name}``: 204; the values of the records stay hidden until it is restored."""
    definition = _existing(call)
    if definition.is_hubspot_defined:
        raise invalid(f"{definition.name} is defined by HubSpot")
    call.portal.properties[call.object_type().name][definition.name] = definition.archived(call.now)
    return Answer(204, None, 1, (definition.name,))


def list_groups(call: Call) -> Answer:
    """``GET …/{type}/groups``."""
    return Answer(200, {"results": [one.as_json() for one in call.portal.groups[call.object_type().name].values()]})


def read_group(call: Call) -> Answer:
    """``GET …/groups/{name}``."""
    group = call.portal.groups[call.object_type().name].get(call.params["name"])
    if group is None:
        raise not_found(f"Property group {call.params['name']} does not exist")
    return Answer(200, group.as_json())


def create_group(call: Call) -> Answer:
    """``POST …/{type}/groups``: 201, or 409 where the name is taken."""
    body = call.fields({"name", "label", "displayOrder"})
    name, label = body.get("name"), body.get("label")
    if not isinstance(name, str) or not isinstance(label, str) or not _NAME.fullmatch(name):
        raise invalid("A property group has a name (lower case letters, digits and _) and a label")
    groups = call.portal.groups[call.object_type().name]
    if name in groups:
        more = {"subCategory": "Properties.GROUP_WITH_NAME_EXISTS"}
        raise Refusal(409, "OBJECT_ALREADY_EXISTS", f"A property group named '{name}' already exists.", more=more)
    groups[name] = PropertyGroup(name, label, body.get("displayOrder", -1))
    return Answer(201, groups[name].as_json(), 1, (name,))


def update_group(call: Call) -> Answer:
    """``PATCH …/groups/{name}``: its label and place."""
    body, groups = call.fields({"label", "displayOrder"}), call.portal.groups[call.object_type().name]
    read_group(call)
    before = groups[call.params["name"]]
    label, order = body.get("label", before.label), body.get("displayOrder", before.display_order)
    groups[before.name] = PropertyGroup(before.name, label, order)
    return Answer(200, groups[before.name].as_json(), 1, (before.name,))


def delete_group(call: Call) -> Answer:
    """``DELETE …/groups/{name}``: refused while live properties are in it."""
    object_type, name = call.object_type(), call.params["name"]
    read_group(call)
    in_use = [one for one in call.portal.properties[object_type.name].values() if one.group_name == name]
    if any(one.archived_at is None for one in in_use):
        more = {"subCategory": "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"}
        raise invalid(f"Property group {name} has active properties", more=more)
    del call.portal.groups[object_type.name][name]
    return Answer(204, None, 1, (name,))

"""The associations API: reading, creating and removing links between records."""

from __future__ import annotations

from typing import Any

from booking_sandbox.hubspot_calls import Answer, Call, checked_keys
from booking_sandbox.hubspot_errors import Refusal, bad_json, invalid, not_found
from booking_sandbox.hubspot_records import Record
from booking_sandbox.hubspot_schema import AssociationType, ObjectType
from booking_sandbox.hubspot_writes import association_type
from booking_sandbox.wire import Json

MOST_READ_INPUTS = 1_000
MOST_CREATE_INPUTS = 2_000
MOST_ARCHIVE_INPUTS = 100
LARGEST_LINK_PAGE = 500


def _types(call: Call) -> tuple[ObjectType, ObjectType]:
    return call.object_type("from_type"), call.object_type("to_type")


def _id(given: Json) -> str:
    one = checked_keys(given, {"id"}, "an end of an association")
    if not isinstance(one.get("id"), str | int):
        raise bad_json("an end of an association has an id")
    return str(one["id"])


def _record(call: Call, object_type: ObjectType, record_id: str) -> Record:
    record = call.portal.store.get(object_type, record_id)
    if record is None:
        raise not_found(f"No {object_type.legacy_name} with ID {record_id} exists", context={"id": [record_id]})
    return record


def read_links(call: Call) -> Answer:
    """``POST …/{from}/{to}/batch/read``; records without links are reported in the errors of a 207."""
    from_type, to_type = _types(call)
    inputs = call.inputs({"id", "after"}, most=MOST_READ_INPUTS)
    if inputs is None:
        return call.nothing_to_do()
    results, errors = [], []
    for one in inputs:
        record_id = _id({"id": one.get("id")})
        found = _links_of(call, from_type, to_type, record_id)
        if found:
            results.append({"from": {"id": record_id}, **_link_page(found, str(one.get("after") or "0"))})
        else:
            errors.append(_no_links(from_type, to_type, record_id))
    return Answer(207 if errors else 200, call.envelope(call.shuffled(results), errors))


def _links_of(call: Call, from_type: ObjectType, to_type: ObjectType, record_id: str) -> list[dict[str, Any]]:
    if call.portal.store.get(from_type, record_id) is None:
        return []
    known = call.portal.links.types.get((from_type.name, to_type.name), {})
    return [
        {"toObjectId": to_id, "associationTypes": [_type_json(known[kind]) for kind in sorted(kinds)]}
        for to_id, kinds in call.portal.links.towards((from_type.name, record_id), to_type.name)
        if call.portal.store.get(to_type, to_id) is not None
    ]


def _type_json(one: AssociationType) -> dict[str, Any]:
    return {"category": one.category, "typeId": one.type_id, "label": one.label}


def _link_page(found: list[dict[str, Any]], after: str) -> dict[str, Any]:
    if not after.isdigit():
        raise invalid("after is not a cursor of ours")
    end = int(after) + LARGEST_LINK_PAGE
    paging = {"paging": {"next": {"after": str(end)}}} if end < len(found) else {}
    return {"to": found[int(after) : end], **paging}


def _no_links(from_type: ObjectType, to_type: ObjectType, record_id: str) -> dict[str, Any]:
    message = f"No {to_type.legacy_name.lower()} is associated with {from_type.legacy_name.lower()} {record_id}."
    more = {"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
    return not_found(message, context={"fromObjectId": [record_id]}, more=more).item()


def create_links(call: Call) -> Answer:
    """``POST …/{from}/{to}/batch/create``: 201, or 207 where an end does not exist. Repeating it changes nothing."""
    inputs = call.inputs({"from", "to", "types"}, most=MOST_CREATE_INPUTS)
    return _create(call, inputs, success=201)


def create_default_links(call: Call) -> Answer:
    """``POST …/{from}/{to}/batch/associate/default``: 200; the unlabelled type is taken."""
    inputs = call.inputs({"from", "to"}, most=MOST_CREATE_INPUTS)
    return _create(call, inputs, success=200)


def _create(call: Call, inputs: list[dict[str, Any]] | None, success: int) -> Answer:
    if inputs is None:
        return call.nothing_to_do()
    wanted = [(_id(one.get("from")), _asked_types(call, one), _id(one.get("to"))) for one in inputs]
    results, errors, effected = [], [], []
    for from_id, types, to_id in wanted:
        try:
            is_new = _link(call, from_id, types, to_id)
        except Refusal as error:
            errors.append(error.item())
            continue
        results += [_link_json(one, from_id, to_id) for one in types]
        effected += [from_id] if is_new else []
    body = call.envelope(call.shuffled(results), errors)
    return Answer(207 if errors else success, body, len(inputs), tuple(effected))


def _asked_types(call: Call, one: dict[str, Any]) -> list[AssociationType]:
    from_type, to_type = _types(call)
    if "types" in one:
        types = one["types"]
        if not isinstance(types, list) or not types:
            raise bad_json("types is a list with at least one type")
        return [association_type(call.portal, from_type, given, to_type) for given in types]
    default = call.portal.links.default(from_type, to_type)
    if default is None:
        raise invalid(f"{from_type.legacy_name} and {to_type.legacy_name} cannot be associated")
    return [default]


def _link(call: Call, from_id: str, types: list[AssociationType], to_id: str) -> bool:
    from_type, to_type = _types(call)
    _record(call, from_type, from_id)
    _record(call, to_type, to_id)
    return True in [call.portal.links.link(from_id, one, to_id) for one in types]


def _link_json(one: AssociationType, from_id: str, to_id: str) -> dict[str, Any]:
    return {
        "from": {"id": from_id},
        "to": {"id": to_id},
        "associationSpec": {"associationCategory": one.category, "associationTypeId": one.type_id},
    }


def archive_links(call: Call) -> Answer:
    """``POST …/{from}/{to}/batch/archive``: 200 with an empty batch answer; a link that is not there is no error."""
    inputs = call.inputs({"from", "to"}, most=MOST_ARCHIVE_INPUTS)
    if inputs is None:
        return call.nothing_to_do()
    from_type, to_type = _types(call)
    effected = []
    for one in inputs:
        from_id, targets = _id(one.get("from")), one.get("to")
        if not isinstance(targets, list):
            raise bad_json("to is a list of ids")
        near, ends = (from_type.name, from_id), [_id(target) for target in targets]
        effected += [from_id for end in ends if call.portal.links.unlink(near, (to_type.name, end))]
    return Answer(200, call.envelope([]), len(inputs), tuple(effected))


def put_link(call: Call) -> Answer:
    """``PUT /crm/objects/…/{from}/{id}/associations/{to}/{id}``: 201."""
    if not isinstance(call.body, list) or not call.body:
        raise bad_json("the body is a list of association types")
    types = _asked_types(call, {"types": call.body})
    from_id, to_id = call.params["from_id"], call.params["to_id"]
    is_new = _link(call, from_id, types, to_id)
    body = {
        "fromObjectTypeId": types[0].from_type,
        "fromObjectId": from_id,
        "toObjectTypeId": types[0].to_type,
        "toObjectId": to_id,
        "labels": [one.label for one in types if one.label],
    }
    return Answer(201, body, 1, (from_id,) if is_new else ())


def put_default_link(call: Call) -> Answer:
    """``PUT /crm/objects/…/{from}/{id}/associations/default/{to}/{id}``: 200, also when repeated."""
    types = _asked_types(call, {})
    from_id, to_id = call.params["from_id"], call.params["to_id"]
    is_new = _link(call, from_id, types, to_id)
    return Answer(200, call.envelope([_link_json(types[0], from_id, to_id)]), 1, (from_id,) if is_new else ())


def delete_link(call: Call) -> Answer:
    """``DELETE /crm/objects/…/{from}/{id}/associations/{to}/{id}``: 204."""
    from_type, to_type = _types(call)
    near, far = (from_type.name, call.params["from_id"]), (to_type.name, call.params["to_id"])
    is_effected = call.portal.links.unlink(near, far)
    return Answer(204, None, 1, (near[1],) if is_effected else ())


def list_links(call: Call) -> Answer:
    """``GET /crm/objects/…/{from}/{id}/associations/{to}``."""
    from_type, to_type = _types(call)
    record = _record(call, from_type, call.params["from_id"])
    page = _link_page(_links_of(call, from_type, to_type, record.id), call.query.get("after", "0"))
    paging = {"paging": page["paging"]} if "paging" in page else {}
    return Answer(200, {"results": page["to"], **paging})

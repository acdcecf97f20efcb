"""Reading and writing records one by one, batch read, and moving records to the recycle bin."""

from __future__ import annotations

from itertools import islice
from typing import Any

from booking_sandbox.hubspot_batches import created, find, require_unique, updated
from booking_sandbox.hubspot_calls import LARGEST_PAGE, Answer, Call, text_id
from booking_sandbox.hubspot_errors import (
    InvalidProperties,
    Refusal,
    invalid,
    missing_objects,
    not_found,
    property_refusal,
)
from booking_sandbox.hubspot_merges import merge_contacts
from booking_sandbox.hubspot_records import Record
from booking_sandbox.hubspot_schema import CONTACTS, OBJECT_TYPES, ObjectType
from booking_sandbox.hubspot_values import normal_email
from booking_sandbox.hubspot_writes import Checker
from booking_sandbox.wire import Json


def read_batch(call: Call) -> Answer:
    """``POST …/batch/read``. Archived and merged ids are misses; misses make the answer a 207."""
    top = frozenset({"idProperty", "properties", "propertiesWithHistory"})
    inputs = call.inputs({"id"}, top=top)
    if inputs is None:
        return call.nothing_to_do()
    object_type, name = call.object_type(), call.body.get("idProperty")
    refuse_history(call.body.get("propertiesWithHistory"))
    if name is not None:
        require_unique(call, object_type, name, "read")
    found: dict[str, Record] = {}
    missing: list[str] = []
    for one in inputs:
        record = find(call, object_type, {"id": text_id(one), "idProperty": name})
        if record is None or call.flag("archived"):
            missing.append(one["id"])
        else:
            found[record.id] = record
    results = [call.portal.view(record, call.body.get("properties")) for record in found.values()]
    errors = [missing_objects(object_type.legacy_name, missing).item()] if missing else []
    return Answer(207 if errors else 200, call.envelope(call.shuffled(results), errors))


def refuse_history(names: Json) -> None:
    """Say clearly that this sandbox keeps no history of values."""
    if names:
        raise Refusal(501, None, "The sandbox does not model propertiesWithHistory.")


def archive_batch(call: Call) -> Answer:
    """``POST …/batch/archive``: 204, whether the records exist or not."""
    inputs = call.inputs({"id"})
    if inputs is None:
        return Answer(204)
    object_type = call.object_type()
    records = [call.portal.store.get(object_type, text_id(one)) for one in inputs]
    live = {record.id: record for record in records if record is not None}
    for record in live.values():
        call.portal.archive(record)
    return Answer(204, None, len(inputs), tuple(live))


def create_one(call: Call) -> Answer:
    """``POST …/{type}``."""
    body = call.fields({"properties", "associations", "objectWriteTraceId"})
    checker = Checker(call.portal, call.object_type(), call.version)
    try:
        values = checker.new_values(body.get("properties"))
    except InvalidProperties as error:
        raise property_refusal(error.problems, call.portal.id) from error
    links = checker.links(body.get("associations"))
    conflict = checker.conflict(values, None, {})
    if conflict:
        raise _single_conflict(conflict)
    record = call.portal.create(checker.object_type, values, links)
    return Answer(201, created(call, record), 1, (record.id,))


def _single_conflict(conflict: Refusal) -> Refusal:
    existing = conflict.context.get("existingId")
    if not existing:
        return conflict
    more = {"error": "CONTACT_EXISTS", "identityProfile": {"vid": int(existing[0]), "identity": []}}
    errors = [{"message": conflict.message, "in": "email"}]
    return Refusal(409, "OBJECT_ALREADY_EXISTS", conflict.message, errors=errors, more=more)


def update_one(call: Call) -> Answer:
    """``PATCH …/{type}/{id}``; a merged id leads to the survivor."""
    body = call.fields({"properties"})
    record = _one(call)
    checker = Checker(call.portal, record.object_type, call.version)
    try:
        values = checker.values(body.get("properties"))
    except InvalidProperties as error:
        raise property_refusal(error.problems, call.portal.id) from error
    conflict = checker.conflict(values, record, {})
    if conflict:
        raise conflict
    call.portal.update(record, values)
    return Answer(200, updated(call, record, values), 1, (record.id,))


def read_one(call: Call) -> Answer:
    """``GET …/{type}/{id}``; ``archived=true`` reads the recycle bin."""
    refuse_history(call.query.get("propertiesWithHistory"))
    record = _archived_one(call) if call.flag("archived") else _one(call)
    return Answer(200, {**call.portal.view(record, call.names("properties")), **_associations(call, record)})


def archive_one(call: Call) -> Answer:
    """``DELETE …/{type}/{id}``: 204, whether the record exists or not."""
    record = call.portal.store.get(call.object_type(), call.params["record_id"])
    if record is not None:
        call.portal.archive(record)
    return Answer(204, None, 1, (record.id,) if record else ())


def list_page(call: Call) -> Answer:
    """``GET …/{type}``: records in the order of their ids; ``after`` is the last id of the page before."""
    refuse_history(call.query.get("propertiesWithHistory"))
    limit, after = call.number("limit", 10, LARGEST_PAGE), call.query.get("after", "0")
    if not after.isdigit():
        raise invalid("after is not a cursor of ours")
    records = call.portal.store.all(call.object_type(), archived=call.flag("archived"))
    page = list(islice((one for one in records if int(one.id) > int(after)), limit + 1))
    names = call.names("properties")
    body: dict[str, Any] = {
        "results": [{**call.portal.view(one, names), **_associations(call, one)} for one in page[:limit]]
    }
    if len(page) > limit:
        body["paging"] = {"next": {"after": page[limit - 1].id}}
    return Answer(200, body)


def merge(call: Call) -> Answer:
    """``POST …/contacts/merge``: the merged contact gets a new id (HubSpot docs, "Merge contacts")."""
    body = call.fields({"primaryObjectId", "objectIdToMerge"})
    keep, gone = (call.portal.store.get(CONTACTS, text_id(body, key)) for key in ("primaryObjectId", "objectIdToMerge"))
    if keep is None or gone is None or keep is gone:
        raise invalid("Both contacts must exist and differ.")
    record = merge_contacts(call.portal, keep, gone, has_new_id=True)
    return Answer(200, call.portal.view(record), 2, (keep.id, gone.id, record.id))


def gdpr_delete(call: Call) -> Answer:
    """``POST …/contacts/gdpr-delete``: permanent; an unknown address goes to the blocklist."""
    body = call.fields({"objectId", "idProperty"})
    value, store = text_id(body, "objectId"), call.portal.store
    if body.get("idProperty") == "email":
        record = store.by_email(value)
        if record is None:
            call.portal.blocklist.add(normal_email(value))
            return Answer(204, None, 1)
    else:
        record = store.get(CONTACTS, value)
    if record is None:
        raise not_found()
    store.unindex(record)
    del store.records[CONTACTS.name][record.id]
    return Answer(204, None, 1, (record.id,))


def _one(call: Call) -> Record:
    object_type, value = call.object_type(), call.params["record_id"]
    name = call.query.get("idProperty")
    if name is None:
        record = call.portal.store.survivor(object_type, value)
    else:
        require_unique(call, object_type, name, "read")
        record = find(call, object_type, {"id": value, "idProperty": name})
    if record is None:
        raise not_found()
    return record


def _archived_one(call: Call) -> Record:
    record = call.portal.store.get_any(call.object_type(), call.params["record_id"])
    if record is None or not record.is_archived:
        raise not_found()
    return record


def _associations(call: Call, record: Record) -> dict[str, Any]:
    names = call.names("associations")
    if not names:
        return {}
    found: dict[str, Any] = {}
    for name in names:
        if name not in OBJECT_TYPES:
            raise Refusal(400, None, f"Unable to infer object type from: {name}")
        to_type: ObjectType = OBJECT_TYPES[name]
        results = [
            {"id": one, "type": f"{record.object_type.legacy_name.lower()}_to_{to_type.legacy_name.lower()}"}
            for one in call.portal.linked_ids(record, to_type)
        ]
        if results:
            found[to_type.name] = {"results": results}
    return {"associations": found} if found else {}

"""Associations between activities and contacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from booking_sync.clients.answer import as_id, as_object, as_objects, as_texts
from booking_sync.clients.hubspot_batch import results_of
from booking_sync.clients.hubspot_calls import MOST_PAGES, HubSpotCalls, check_size, chunks, next_after
from booking_sync.clients.hubspot_errors import is_not_found
from booking_sync.errors import IncompleteRead

MEETING_TO_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}
"""HubSpot docs, associations: the type of a meeting's association with a contact."""

MEETING_TO = {
    "contacts": MEETING_TO_CONTACT,
    "companies": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 188},
    "deals": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 212},
    "tickets": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 226},
}
"""HubSpot docs, associations: the types of a meeting's associations, by the type of the other object."""

_READ = "/crm/associations/{version}/{from_type}/{to_type}/batch/read"
_CREATE = "/crm/associations/{version}/meetings/contacts/batch/create"
_MOST_READ = 1000  # HubSpot docs, associations
_MOST_CREATED = 2000  # same


def associate(calls: HubSpotCalls, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Associate activities with contacts; return the pairs that HubSpot's answer does not confirm.

    Repeating it does no harm. A pair is not confirmed where the activity or the contact no longer exists.
    """
    check_size(pairs, _MOST_CREATED)
    distinct = tuple(dict.fromkeys(pairs))
    if not distinct:
        return ()
    inputs = [{"from": {"id": one}, "to": {"id": other}, "types": [MEETING_TO_CONTACT]} for one, other in distinct]
    _, document = calls.write(_CREATE, {"inputs": inputs})
    results = results_of(document, "creation of associations")
    if not as_objects((document or {}).get("errors")):
        return ()
    confirmed = {(_end(result, "from"), _end(result, "to")) for result in results}
    return tuple(pair for pair in distinct if pair not in confirmed)


def associated_ids(calls: HubSpotCalls, from_type: str, to_type: str, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the ids of associated objects for each id asked for, empty where there are none.

    An id that HubSpot's answer does not mention at all is absent: nothing is known of it.
    """
    found: dict[str, dict[str, None]] = {}
    for asked in chunks(list(ids), _MOST_READ):
        inputs = [{"id": value} for value in asked]
        for _ in range(MOST_PAGES):
            inputs = _read_page(calls, from_type, to_type, inputs, found)
            if not inputs:
                break
        else:
            raise IncompleteRead(f"HubSpot: associations of {from_type} do not come to an end")
    return {asked: tuple(associated) for asked, associated in found.items()}


def _read_page(
    calls: HubSpotCalls, from_type: str, to_type: str, inputs: list[dict[str, str]], found: dict[str, dict[str, None]]
) -> list[dict[str, str]]:
    """Add one answer to ``found``; return the inputs that have more."""
    document = calls.read("POST", _READ, json={"inputs": inputs}, from_type=from_type, to_type=to_type)
    asked_after = {asked["id"]: asked.get("after") for asked in inputs}
    following: list[dict[str, str]] = []
    for result in results_of(document, f"read of associations of {from_type}"):
        from_id = _end(result, "from")
        if from_id not in asked_after:
            continue
        targets = (as_id(target.get("toObjectId")) for target in as_objects(result.get("to")))
        found.setdefault(from_id, {}).update(dict.fromkeys(target for target in targets if target))
        after = next_after(result)
        if after is not None:
            if after == asked_after[from_id]:
                raise IncompleteRead(f"HubSpot: associations of {from_type} come back to the same page")
            following.append({"id": from_id, "after": after})
    _note_without_associations(document, asked_after, found)
    return following


def _note_without_associations(
    document: dict[str, Any], asked: dict[str, str | None], found: dict[str, dict[str, None]]
) -> None:
    for error in as_objects(document.get("errors")):
        if not is_not_found(error):
            raise IncompleteRead("HubSpot: some associations of a batch could not be read")
        for values in as_object(error.get("context")).values():
            for named in as_texts(values):
                if named in asked:
                    found.setdefault(named, {})


def _end(result: dict[str, Any], side: str) -> str | None:
    """Return the id of one end; it is nested when associations are read, flat when they are made."""
    return as_id(as_object(result.get(side)).get("id")) or as_id(result.get(f"{side}ObjectId"))

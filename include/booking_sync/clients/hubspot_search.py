"""Search without a limit to what it can list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from booking_sync.clients.answer import as_id, as_objects
from booking_sync.clients.hubspot_calls import MOST_PAGES, HubSpotCalls, chunks, next_after
from booking_sync.errors import IncompleteRead

_SEARCH = "/crm/objects/{version}/meetings/search"
_ID = "hs_object_id"
_PAGE_SIZE = 200  # HubSpot docs, search: the most that may be asked for
_MOST_VALUES = 100  # of an IN filter; HubSpot docs name no figure, and clients keep to the size of a batch


def activity_ids_with(
    calls: HubSpotCalls, properties: Sequence[str], *, modified_since: datetime | None = None
) -> Iterator[tuple[str, ...]]:
    """Yield the ids of the activities that have a value in any of the properties, in ascending order, page by page.

    ``modified_since`` leaves out what has not changed since then, whoever changed it. The index may lag: what was just
    written can be absent, and values in it can be old.

    Raises:
        IncompleteRead: the list does not come to an end, or not in the order that was asked for.
    """
    recent = [_modified_since(modified_since)] if modified_since else []
    return _listed(calls, [[{"propertyName": name, "operator": "HAS_PROPERTY"}, *recent] for name in properties])


def activity_ids_of(calls: HubSpotCalls, name: str, values: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the ids of the activities that have one of these values in a property, in the same manner.

    HubSpot docs, search: IN compares texts in lower case, so the values must be.
    """
    for some in chunks([value.lower() for value in values], _MOST_VALUES):
        yield from _listed(calls, [[{"propertyName": name, "operator": "IN", "values": list(some)}]])


def _listed(calls: HubSpotCalls, alternatives: Sequence[list[dict[str, Any]]]) -> Iterator[tuple[str, ...]]:
    """Yield every page of a search, asked for as "greater than the last id".

    HubSpot's own paging ends at 10,000 results (HubSpot docs, search).
    """
    last = 0
    for _ in range(MOST_PAGES):
        document = calls.read("POST", _SEARCH, json=_body(alternatives, last))
        ids = _ids(document)
        if ids:
            if [last, *ids] != sorted({last, *ids}):
                raise IncompleteRead("HubSpot: a search came back in another order than the one asked for")
            last = ids[-1]
            yield tuple(map(str, ids))
        if next_after(document) is None:
            return
        if not ids:
            raise IncompleteRead("HubSpot: a search named a next page, but showed nothing")
    raise IncompleteRead("HubSpot: a search does not come to an end")


def _body(alternatives: Sequence[list[dict[str, Any]]], last: int) -> dict[str, Any]:
    beyond = {"propertyName": _ID, "operator": "GT", "value": str(last)}
    sorts = [{"propertyName": _ID, "direction": "ASCENDING"}]
    groups = [{"filters": [*filters, beyond]} for filters in alternatives]
    return {"filterGroups": groups, "sorts": sorts, "properties": [_ID], "limit": _PAGE_SIZE}


def _modified_since(at: datetime) -> dict[str, str]:
    return {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(int(at.timestamp() * 1000))}


def _ids(document: dict[str, Any]) -> list[int]:
    results = document.get("results")
    ids = [as_id(result.get("id")) for result in as_objects(results)]
    if not isinstance(results, list) or not all(found and found.isdecimal() for found in ids):
        raise IncompleteRead("HubSpot: the answer to a search has no list of results with ids")
    return [int(str(found)) for found in ids]

"""The shapes of request that HubSpot's object APIs share: batch reads, batch writes and paged lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from booking_sync.clients.answer import as_id, as_object, as_objects
from booking_sync.clients.http import JsonHttp
from booking_sync.clients.hubspot_batch import Sent, batch_result, results_of
from booking_sync.clients.hubspot_errors import batch_refused, is_invalid, is_not_found, missing_ids
from booking_sync.clients.hubspot_model import BatchResult
from booking_sync.errors import IncompleteRead

MOST_INPUTS = 100
"""HubSpot docs: the most inputs of an object batch."""

MOST_PAGES = 10_000

_OBJECT_BATCH = "/crm/objects/{version}/{object_type}/batch/{operation}"


@dataclass(frozen=True, slots=True)
class BatchRead:
    """The objects found, and the ids (as they were sent) that HubSpot reports as missing."""

    results: list[dict[str, Any]]
    missing: frozenset[str]


class HubSpotCalls:
    """Requests of one portal, with the API version filled into every path."""

    def __init__(self, http: JsonHttp, api_version: str) -> None:
        self._http = http
        self.version = api_version

    def read(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        **values: str,
    ) -> dict[str, Any]:
        """Ask once, with ``values`` filled into the path."""
        return self._http.read(method, path, path_values=self._values(values), params=params, json=json)

    def write(self, path: str, json: Mapping[str, Any], **values: str) -> tuple[int, dict[str, Any] | None]:
        """POST a change; a refusal comes as BatchRefused."""
        return self._http.write("POST", path, json=json, path_values=self._values(values), refine=batch_refused)

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, following ``paging.next.after`` to its end."""
        after: str | None = None
        seen: set[str] = set()
        while True:
            document = self.read("GET", path, params={**params, **({"after": after} if after else {})})
            yield from _listed(document, path)
            after = next_after(document)
            if after is None:
                return
            if after in seen or len(seen) > MOST_PAGES:
                raise IncompleteRead(f"HubSpot: GET {path}: the list does not come to an end")
            seen.add(after)

    def batch_read(
        self, object_type: str, ids: Sequence[str], properties: Iterable[str], *, id_property: str | None = None
    ) -> BatchRead:
        """Read up to 100 live objects by id, or by a unique property.

        What HubSpot reports as missing, or as impossible, is missing. Any other error in the answer raises
        IncompleteRead: an object that could not be read must not be taken for one that does not exist.
        """
        body: dict[str, Any] = {"inputs": [{"id": value} for value in ids], "properties": list(properties)}
        if id_property is not None:
            body["idProperty"] = id_property
        document = self.read(
            "POST",
            _OBJECT_BATCH,
            params={"archived": "false"},
            json=body,
            object_type=object_type,
            operation="read",
        )
        errors = as_objects(document.get("errors"))
        if not all(is_not_found(error) or is_invalid(error) for error in errors):
            raise IncompleteRead(f"HubSpot: some {object_type} of a batch could not be read")
        missing = frozenset(name for error in errors for name in missing_ids(error))
        return BatchRead(results_of(document, f"batch read of {object_type}"), missing)

    def batch_write(
        self, object_type: str, operation: str, inputs: Sequence[Mapping[str, Any]], sent: Sequence[Sent]
    ) -> BatchResult:
        """Send up to 100 creations or updates; return what became of each."""
        check_size(inputs, MOST_INPUTS)
        if not inputs:
            return BatchResult()
        if len({item.trace_id for item in sent}) != len(sent):
            raise ValueError("trace ids must be unique within a batch")
        body = {"inputs": list(inputs)}
        _, document = self.write(_OBJECT_BATCH, body, object_type=object_type, operation=operation)
        return batch_result(document, sent, f"batch {operation} of {object_type}")

    def batch_archive(self, object_type: str, ids: Sequence[str]) -> int:
        """Archive up to 100 objects; return the status."""
        body = {"inputs": [{"id": value} for value in ids]}
        status, _ = self.write(_OBJECT_BATCH, body, object_type=object_type, operation="archive")
        return status

    def _values(self, values: Mapping[str, str]) -> dict[str, str]:
        return {"version": self.version, **values}


def chunks(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield the values, without repetition, in pieces of at most ``size``."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]


def check_size(inputs: Sequence[object], most: int) -> None:
    """Refuse what HubSpot would refuse whole."""
    if len(inputs) > most:
        raise ValueError(f"{len(inputs)} inputs in one batch; HubSpot takes {most}")


def next_after(document: Mapping[str, Any]) -> str | None:
    """Return the cursor of the next page, or None on the last."""
    return as_id(as_object(as_object(document.get("paging")).get("next")).get("after"))


def _listed(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
    if not isinstance(document.get("results"), list):
        raise IncompleteRead(f"HubSpot: GET {path}: the answer has no list of results")
    return as_objects(document["results"])

"""Joins the answer of a batch to what was sent: by trace id, else by key, never by position.

HubSpot returns results in any order, may leave some out, and lower-cases e-mail addresses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from booking_sync.clients.answer import as_id, as_object, as_objects
from booking_sync.clients.hubspot_errors import item_refusal, missing_ids, trace_ids
from booking_sync.clients.hubspot_model import KEY_PROPERTY, BatchResult, ItemRefusal
from booking_sync.errors import OutcomeUnknown

_COMPLETE = "COMPLETE"


@dataclass(frozen=True, slots=True)
class Sent:
    """One input of a batch as it can be recognised: trace id, unique values, object id or marker of an update."""

    trace_id: str
    properties: Mapping[str, str]
    object_id: str | None = None
    key: str | None = None


def results_of(document: dict[str, Any] | None, request: str) -> list[dict[str, Any]]:
    """Return the results of a finished batch.

    HubSpot may accept a batch and carry it out later (PENDING, PROCESSING), or drop it (CANCELED): OutcomeUnknown.
    """
    status = (document or {}).get("status", _COMPLETE)
    results = (document or {}).get("results")
    if status != _COMPLETE or not isinstance(results, list):
        raise OutcomeUnknown(
            f"HubSpot: {request} was answered, but not as a finished batch",
            code=status if status in {"PENDING", "PROCESSING", "CANCELED"} else None,
        )
    return as_objects(results)


def batch_result(document: dict[str, Any] | None, sent: Sequence[Sent], request: str) -> BatchResult:
    """Return what became of every input."""
    written = _written(results_of(document, request), sent)
    refused = _refused(as_objects((document or {}).get("errors")), sent)
    contradictory = {trace for trace, ids in written.items() if len(ids) > 1 or trace in refused}
    return BatchResult(
        written={trace: next(iter(ids)) for trace, ids in written.items() if trace not in contradictory},
        refused={trace: refusal for trace, refusal in refused.items() if trace not in contradictory},
        unmatched=tuple(
            item.trace_id
            for item in sent
            if item.trace_id in contradictory or (item.trace_id not in written and item.trace_id not in refused)
        ),
    )


def _written(results: list[dict[str, Any]], sent: Sequence[Sent]) -> dict[str, set[str]]:
    traces = {item.trace_id for item in sent}
    by_key = _by_key(sent)
    written: dict[str, set[str]] = {}
    for result in results:
        object_id = as_id(result.get("id"))
        trace = as_id(result.get("objectWriteTraceId"))
        if trace not in traces:
            trace = next((by_key[key] for key in _keys_of_result(result) if key in by_key), None)
        if trace is not None and object_id is not None:
            written.setdefault(trace, set()).add(object_id)
    return written


def _refused(errors: list[dict[str, Any]], sent: Sequence[Sent]) -> dict[str, ItemRefusal]:
    traces = {item.trace_id for item in sent}
    by_id = {item.key or item.object_id: item.trace_id for item in sent if item.key or item.object_id}
    refused: dict[str, ItemRefusal] = {}
    for error in errors:
        named = [trace for trace in trace_ids(error) if trace in traces]
        named = named or [by_id[missing] for missing in missing_ids(error) if missing in by_id]
        if not named and len(sent) == 1:
            named = [sent[0].trace_id]
        for trace in named:
            refused.setdefault(trace, item_refusal(error))
    return refused


def _by_key(sent: Sequence[Sent]) -> dict[tuple[str, str], str]:
    """Return trace ids by what else tells an input; what two inputs share tells neither."""
    keys = [(key, item.trace_id) for item in sent for key in _keys(item.properties, item.object_id)]
    counts = Counter(key for key, _ in keys)
    return {key: trace for key, trace in keys if counts[key] == 1}


def _keys_of_result(result: dict[str, Any]) -> list[tuple[str, str]]:
    return _keys(as_object(result.get("properties")), as_id(result.get("id")))


def _keys(properties: Mapping[str, Any], object_id: str | None) -> list[tuple[str, str]]:
    keys = [("id", object_id)] if object_id else []
    marker, email = properties.get(KEY_PROPERTY), properties.get("email")
    if isinstance(marker, str) and marker:
        keys.append((KEY_PROPERTY, marker))
    if isinstance(email, str) and email.strip():
        keys.append(("email", email.strip().lower()))
    return keys

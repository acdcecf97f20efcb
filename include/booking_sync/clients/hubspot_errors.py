"""What HubSpot's refusals say, for one item of a batch or for all of it.

HubSpot hides the useful part in prose: the id of the record in the way, or a JSON list inside the message. Only ids,
codes and property names are taken out of it; the rest quotes personal data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from booking_sync.clients.answer import as_id, as_object, as_objects, as_texts, as_token
from booking_sync.clients.hubspot_model import ItemRefusal
from booking_sync.errors import Refused

_EXISTING_ID = re.compile(r"Existing ID: (\d+)")
# The id before "on" is the record that HubSpot had begun to make; the one after it holds the value.
_HAS_VALUE = re.compile(r"(\d+) already has that value")
_CONFLICTING_PROPERTY = re.compile(r"propertyName=([A-Za-z0-9_]+)")
_NOT_FOUND = "OBJECT_NOT_FOUND"
_NO_ASSOCIATIONS = "NO_ASSOCIATIONS_FOUND"


class BatchRefused(Refused):
    """HubSpot refused a whole call: nothing of it was carried out. ``refusal`` tells as much as the answer does.

    Without item by item answers it does not tell which input is at fault: split the batch and send the halves.
    """

    def __init__(self, message: str, *, refusal: ItemRefusal, status: int | None) -> None:
        super().__init__(
            message,
            status=status,
            code=refusal.code or refusal.category,
            correlation_id=refusal.correlation_id,
        )
        self.refusal = refusal

    @property
    def existing_id(self) -> str | None:
        """The record that already has the unique value, where HubSpot names it."""
        return self.refusal.existing_id

    @property
    def duplicate_ids(self) -> tuple[str, ...]:
        """The ids that came twice in the batch, where HubSpot names them."""
        return self.refusal.duplicate_ids


def batch_refused(error: Refused, document: dict[str, Any]) -> BatchRefused:
    """Make the refusal of a whole call more telling."""
    return BatchRefused(str(error), refusal=item_refusal(document), status=error.status)


def item_refusal(error: dict[str, Any]) -> ItemRefusal:
    """Read one entry of ``errors``, or a whole error answer, which has the same shape."""
    context = as_object(error.get("context"))
    invalid = list(_invalid_properties(error))
    codes = [as_token(part.get("code")) for part in as_objects(error.get("errors"))]
    codes += [as_token(part.get("error")) for part in invalid]
    codes += [as_token(error.get(key)) for key in ("code", "error", "subCategory")]
    category = as_token(error.get("category"))
    return ItemRefusal(
        code=next(filter(None, codes), category),
        category=category,
        existing_id=_existing_id(error, context),
        property_names=_property_names(error, invalid),
        correlation_id=as_token(error.get("correlationId")),
        duplicate_ids=as_texts(context.get("ids")) if "Duplicate IDs" in _message(error) else (),
    )


def trace_ids(error: dict[str, Any]) -> tuple[str, ...]:
    """Return the trace ids that an entry of ``errors`` is about; HubSpot writes one, or a list."""
    context = as_object(error.get("context"))
    return as_texts(context.get("objectWriteTraceId")) or as_texts(error.get("objectWriteTraceId"))


def missing_ids(error: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids, as they were sent, that an entry of ``errors`` reports as not found."""
    return as_texts(as_object(error.get("context")).get("ids")) if is_not_found(error) else ()


def is_not_found(error: dict[str, Any]) -> bool:
    """Whether an entry of ``errors`` says that objects, or associations of them, do not exist."""
    return error.get("category") == _NOT_FOUND or _NO_ASSOCIATIONS in str(error.get("subCategory"))


def is_invalid(error: dict[str, Any]) -> bool:
    """Whether an entry of ``errors`` says that a value cannot be right, so that nothing has it."""
    return error.get("category") == "VALIDATION_ERROR"


def _message(error: dict[str, Any]) -> str:
    message = error.get("message")
    return message if isinstance(message, str) else ""


def _existing_id(error: dict[str, Any], context: dict[str, Any]) -> str | None:
    for key in ("existingId", "existingObjectId"):
        named = as_texts(context.get(key)) or as_texts(error.get(key))
        if named:
            return named[0]
    for pattern in (_EXISTING_ID, _HAS_VALUE):
        found = pattern.search(_message(error))
        if found:
            return as_id(found.group(1))
    return None


def _property_names(error: dict[str, Any], invalid: list[dict[str, Any]]) -> tuple[str, ...]:
    names: list[str] = [part["name"] for part in invalid if as_token(part.get("name"))]
    for part in (error, *as_objects(error.get("errors"))):
        context = as_object(part.get("context"))
        names += [name for key in ("propertyName", "propertyNames") for name in as_texts(context.get(key))]
    names += _CONFLICTING_PROPERTY.findall(_message(error))
    return tuple(dict.fromkeys(name for name in names if as_token(name)))


def _invalid_properties(error: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects of the JSON list in "Property values were not valid: [...]"."""
    _, bracket, rest = _message(error).partition("[{")
    if not bracket:
        return
    try:
        listed, _ = json.JSONDecoder().raw_decode(bracket + rest)
    except (ValueError, RecursionError):
        return
    yield from as_objects(listed)

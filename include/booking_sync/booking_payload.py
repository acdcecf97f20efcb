"""A booking on its way in: from the Calendar.com contract, and through the encrypted staging between two tasks.

:func:`parse_booking` is the boundary: what it returns is valid, and a booking that makes no sense is rejected with a
reason that names the field and the rule. Staged text was written by :func:`dump_booking`, so reading it checks nothing
again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from booking_sync.booking_contract import Identifier, WireBooking, WireInvitee, WirePerson
from booking_sync.model import Answer, Booking, BookingStatus, Invitee, Location, Person, Reject

_REASONS_SHOWN = 3

_RULES = {
    "missing": "is missing",
    "string_type": "not a text",
    "list_type": "not a list",
    "bool_type": "not true or false",
    "bool_parsing": "not true or false",
    "int_type": "not a whole number",
    "int_parsing": "not a whole number",
    "int_parsing_size": "too large",
    "int_from_float": "not a whole number",
    "greater_than_equal": "too small",
    "less_than_equal": "too large",
    "model_type": "not an object",
    "dict_type": "not an object",
}
"""pydantic's error types in our words; its own messages may quote the value."""

_TIMES = ("start_at", "end_at", "created_at", "updated_at")

_FIELDS = {
    kind: tuple((field.name, field.default) for field in fields(kind)) for kind in (Booking, Invitee, Person, Location)
}
"""Name and default of every field, so that staging leaves the empty ones out."""

_BOOKING_ID: TypeAdapter[str] = TypeAdapter(Identifier)


def parse_booking(payload: object) -> Booking | Reject:
    """Return the booking, or the reason why it cannot be used. Never raises, whatever the payload holds."""
    try:
        wire = WireBooking.model_validate(payload)
    except ValidationError as error:
        return Reject(_readable_id(payload), _reason(error))
    if wire.end_at < wire.start_at:
        return Reject(wire.id, "end_at: before start_at")
    return _booking(wire)


def payload_fingerprint(payload: object) -> str:
    """Return a digest of a booking as it came: the same content has the same one, whatever the order of its fields."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, default=str).encode()).hexdigest()


def _booking(wire: WireBooking) -> Booking:
    location = wire.location
    tracking = (wire.tracking or {}).items()
    return Booking(
        id=wire.id,
        workspace_id=wire.workspace_id,
        status=wire.status,
        version=wire.version,
        event_id=wire.event.id,
        event_name=wire.event.name,
        event_kind=wire.event.kind,
        start_at=wire.start_at,
        end_at=wire.end_at,
        host=_person(wire.host),
        co_hosts=tuple(map(_person, wire.co_hosts or ())),
        invitees=_invitees(wire.invitees),
        created_at=wire.created_at,
        updated_at=wire.updated_at,
        time_zone=wire.time_zone,
        location=Location(location.kind, location.value, location.join_url) if location else None,
        description=wire.description,
        guests=tuple(wire.guests or ()),
        tracking=tuple(sorted((key, value) for key, value in tracking if value is not None)),
        reschedule_count=wire.reschedule_count or 0,
        rescheduled_from_id=wire.rescheduled_from_id,
        rescheduled_to_id=wire.rescheduled_to_id,
        canceled_by=wire.canceled_by,
        cancel_reason=wire.cancel_reason,
    )


def _person(wire: WirePerson) -> Person:
    return Person(wire.id, wire.name, wire.first_name, wire.last_name, wire.email, wire.time_zone)


def _invitees(wires: Iterable[WireInvitee]) -> tuple[Invitee, ...]:
    """Return one invitee per id: of two with the same id the first is kept."""
    by_id: dict[str, Invitee] = {}
    for wire in wires:
        if wire.id not in by_id:
            by_id[wire.id] = _invitee(wire)
    return tuple(by_id.values())


def _invitee(wire: WireInvitee) -> Invitee:
    return Invitee(
        id=wire.id,
        name=wire.name,
        first_name=wire.first_name,
        last_name=wire.last_name,
        email=wire.email,
        phone=wire.phone,
        time_zone=wire.time_zone,
        is_active=wire.status,
        is_no_show=bool(wire.no_show),
        answers=tuple(Answer(a.question_id, a.question, a.answer) for a in wire.answers or ()),
    )


def _readable_id(payload: object) -> str | None:
    try:
        return _BOOKING_ID.validate_python(payload["id"] if isinstance(payload, Mapping) else None)
    except (KeyError, ValidationError):
        return None


def _reason(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)
    reasons = [_one_reason(one) for one in found[:_REASONS_SHOWN]]
    if len(found) > _REASONS_SHOWN:
        reasons.append(f"and {len(found) - _REASONS_SHOWN} more")
    return "; ".join(reasons)


def _one_reason(error: ErrorDetails) -> str:
    """Return "field: rule". Below ``tracking`` the path holds keys of the payload, which are not ours to repeat."""
    path = error["loc"][:1] if error["loc"][:1] == ("tracking",) else error["loc"]
    rule = error["msg"] if error["type"] == "booking_rule" else _RULES.get(error["type"], error["type"])
    return f"{'.'.join(map(str, path)) or 'booking'}: {rule}"


def dump_booking(booking: Booking) -> str:
    """Return the booking as compact ASCII JSON, without the fields that have their default."""
    staged = _filled(booking)
    for time in _TIMES:
        staged[time] = staged[time].isoformat()
    staged["host"] = _filled(booking.host)
    staged["invitees"] = [_dumped_invitee(invitee) for invitee in booking.invitees]
    if booking.location is not None:
        staged["location"] = _filled(booking.location)
    if booking.co_hosts:
        staged["co_hosts"] = [_filled(co_host) for co_host in booking.co_hosts]
    return json.dumps(staged, separators=(",", ":"))


def load_booking(text: str) -> Booking:
    """Return the booking that :func:`dump_booking` wrote. Any other text is a programming error."""
    staged: dict[str, Any] = json.loads(text)
    staged["status"] = BookingStatus(staged["status"])
    for time in _TIMES:
        staged[time] = datetime.fromisoformat(staged[time])
    staged["host"] = Person(**staged["host"])
    staged["invitees"] = tuple(map(_loaded_invitee, staged["invitees"]))
    if "location" in staged:
        staged["location"] = Location(**staged["location"])
    if "co_hosts" in staged:
        staged["co_hosts"] = tuple(Person(**co_host) for co_host in staged["co_hosts"])
    if "guests" in staged:
        staged["guests"] = tuple(staged["guests"])
    if "tracking" in staged:
        staged["tracking"] = tuple((key, value) for key, value in staged["tracking"])
    return Booking(**staged)


def _filled(value: Booking | Invitee | Person | Location) -> dict[str, Any]:
    """Return the fields that differ from their default, by identity: a rare extra field is harmless."""
    staged = {}
    for name, default in _FIELDS[type(value)]:
        if (content := getattr(value, name)) is not default:
            staged[name] = content
    return staged


def _dumped_invitee(invitee: Invitee) -> dict[str, Any]:
    staged = _filled(invitee)
    if invitee.answers:
        staged["answers"] = [(a.question_id, a.question, a.answer) for a in invitee.answers]
    return staged


def _loaded_invitee(staged: dict[str, Any]) -> Invitee:
    if "answers" in staged:
        staged["answers"] = tuple(_loaded_answer(*answer) for answer in staged["answers"])
    return Invitee(**staged)


def _loaded_answer(question_id: str, question: str, answer: str | float | bool | list[str] | None) -> Answer:  # noqa: FBT001 - a value, not a switch
    return Answer(question_id, question, tuple(answer) if isinstance(answer, list) else answer)

"""What a booking looks like when the caller names only the fields that matter to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from booking_sandbox.moments import microseconds
from booking_sandbox.wire import Json

DEFAULT_DURATION_MINUTES = 30
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")

BOOKING_FIELDS = frozenset(
    {
        "id",
        "workspace_id",
        "status",
        "version",
        "event",
        "start_at",
        "end_at",
        "time_zone",
        "location",
        "description",
        "host",
        "co_hosts",
        "invitees",
        "guests",
        "tracking",
        "reschedule_count",
        "rescheduled_from_id",
        "rescheduled_to_id",
        "rescheduled_by",
        "reschedule_reason",
        "canceled_at",
        "canceled_by",
        "cancel_reason",
        "created_at",
        "updated_at",
    }
)
"""The fields of the contract's ``Booking``."""


def as_wire(value: Json) -> Json:
    """A value with every datetime in it written as the API writes it; containers are copied."""
    if isinstance(value, datetime):
        return microseconds(value)
    if isinstance(value, Mapping):
        return {key: as_wire(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_wire(item) for item in value]
    return value


def person(given: Mapping[str, Any] | str | None, fallback_name: str, fallback_email: str | None) -> dict[str, Any]:
    """A host or invitee with every optional field present; a string is taken as the e-mail address."""
    fields: dict[str, Any] = {
        "id": None,
        "name": fallback_name,
        "first_name": None,
        "last_name": None,
        "email": fallback_email,
        "phone": None,
        "time_zone": None,
    }
    if isinstance(given, str):
        return {**fields, "name": given.partition("@")[0], "email": given}
    return {**fields, **(given or {})}


def invitee(given: Mapping[str, Any] | str, number: int, booking_id: str) -> dict[str, Any]:
    """An invitee with the contract's defaults and an id that is unique within the booking."""
    fields = person(given, f"Guest {number}", f"guest{number}.{booking_id.lower()}@example.com")
    fields["id"] = fields["id"] or f"inv_{booking_id.removeprefix('bk_')}_{number}"
    return {"status": "active", "no_show": False, "answers": [], **fields}


def _event(name: str, event_id: str | None, kind: str) -> dict[str, Any]:
    return {"id": event_id or "ev_" + _NOT_IN_AN_ID.sub("_", name.lower()).strip("_"), "name": name, "kind": kind}


def new_booking(
    booking_id: str,
    workspace_id: str,
    now: datetime,
    *,
    event_name: str = "Intro call",
    event_id: str | None = None,
    event_kind: str = "one_on_one",
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    duration_minutes: int = DEFAULT_DURATION_MINUTES,
    host: Mapping[str, Any] | str | None = None,
    co_hosts: Iterable[Mapping[str, Any] | str] = (),
    invitees: Iterable[Mapping[str, Any] | str] | None = None,
    answers: Iterable[Mapping[str, Any]] = (),
    **fields: Json,
) -> dict[str, Any]:
    """Build a booking in the contract's shape.

    ``answers`` go to the first invitee; ``fields`` may name any other field of the contract. Without ``start_at`` the
    meeting is tomorrow at the next full hour.

    Raises:
        ValueError: a field is not part of the contract, or set otherwise (``put_raw`` takes anything).
    """
    refuse_unknown(fields, also_fixed=frozenset())
    start = start_at or now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1, hours=1)
    named = [{}] if invitees is None else invitees
    people = [invitee(one, number, booking_id) for number, one in enumerate(named, start=1)]
    if people and answers:
        people[0]["answers"] = list(answers)
    return {
        "id": booking_id,
        "workspace_id": workspace_id,
        **_FIRST_VALUES,
        "event": _event(event_name, event_id, event_kind),
        "start_at": start,
        "end_at": end_at or start + timedelta(minutes=duration_minutes),
        "location": {"kind": "video", "value": None, "join_url": f"https://meet.example.com/{booking_id.lower()}"},
        "host": person(host, "Hanna Host", "hanna@acme.example"),
        "co_hosts": [person(one, "Co Host", None) for one in co_hosts],
        "invitees": people,
        "guests": [],
        "created_at": now,
        "updated_at": now,
        **fields,
    }


def refuse_unknown(fields: Mapping[str, Json], *, also_fixed: frozenset[str] = frozenset({"id"})) -> None:
    """Refuse fields that the contract does not know, and those that the feed is sorted by (``at=`` sets the moment).

    Raises:
        ValueError: there is such a field.
    """
    wrong = (fields.keys() - BOOKING_FIELDS) | (fields.keys() & (_KEPT_BY_THE_FEED | also_fixed))
    if wrong:
        raise ValueError(f"these fields cannot be set: {', '.join(sorted(wrong))}")


_KEPT_BY_THE_FEED = frozenset({"workspace_id", "updated_at"})
_FIRST_VALUES: dict[str, Any] = {
    "status": "scheduled",
    "version": 1,
    "time_zone": "Europe/Berlin",
    "description": None,
    "tracking": None,
    "reschedule_count": 0,
    "rescheduled_from_id": None,
    "rescheduled_to_id": None,
    "rescheduled_by": None,
    "reschedule_reason": None,
    "canceled_at": None,
    "canceled_by": None,
    "cancel_reason": None,
}

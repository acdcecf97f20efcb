"""What HubSpot and the mapping must look like, given the bookings: written from the rules, not taken from the core."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select

from booking_sandbox.server import Sandbox
from booking_sync.states import OPEN_STATES
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.tables import audit, change, mapping

MARKER = "calendar_booking_key"


def foreign_objects(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return what is not ours, by id: to be compared before and after."""
    activities = [one for one in sandbox.hubspot.state.activities(include_archived=True) if not _is_ours(one)]
    contacts = [one for one in sandbox.hubspot.state.contacts() if one["properties"]["hs_object_source"] == "CRM_UI"]
    looked_at = ("properties", "archived", "updated_at")
    return {one["id"]: {name: one[name] for name in looked_at} for one in [*activities, *contacts]}


def problems(sandbox: Sandbox, engine: Engine, foreign: dict[str, dict[str, Any]]) -> list[str]:
    """Return what is wrong now that all is quiet; nothing, if the promise holds."""
    bookings = {one["id"]: one for one in sandbox.calendar.state.bookings()}
    live = [one for one in sandbox.hubspot.state.activities() if _is_ours(one)]
    found = [] if foreign_objects(sandbox) == foreign else ["something foreign was touched"]
    for booking_id, booking in bookings.items():
        of_it = [one for one in live if one["properties"].get("calendar_booking_id") == booking_id]
        found += _problems_of(booking, of_it, sandbox)
    strays = [one["id"] for one in live if one["properties"].get("calendar_booking_id") not in bookings]
    found += [f"activity {stray} belongs to no booking" for stray in strays]
    return found + _twins(sandbox) + _contact_problems(sandbox) + _database_problems(engine, live, bookings)


def staged_count(engine: Engine) -> int:
    """Return how many bookings are still staged, for whatever run."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(staged_booking)).scalar_one()


def _problems_of(booking: dict[str, Any], live: list[dict[str, Any]], sandbox: Sandbox) -> list[str]:
    wanted = 0 if booking["status"] == "rescheduled" else 1
    if len(live) != wanted:
        return [f"{booking['id']} ({booking['status']}) has {len(live)} live activities, not {wanted}"]
    if not live:
        return []
    shown, expected = _shown(live[0], sandbox), _expected(booking, sandbox)
    return [
        f"{booking['id']}: {name} is {shown[name]!r}, not {value!r}"
        for name, value in expected.items()
        if shown[name] != value
    ]


def _expected(booking: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    """A1, A2, A5, X1, C1, C2 and C4, for one booking."""
    is_canceled, event = booking["status"] == "canceled", booking["event"]["name"]
    start_at, end_at = (datetime.fromisoformat(booking[name]) for name in ("start_at", "end_at"))
    owners = {one.email: one.id for one in sandbox.hubspot.state.portal().owners.values()}
    return {
        "hs_meeting_title": f"[Canceled] {event}" if is_canceled else f"Meeting - Calendar.com: {event}",
        "hs_meeting_outcome": "CANCELED" if is_canceled else "SCHEDULED",
        "hs_meeting_start_time": start_at,
        "hs_meeting_end_time": end_at,
        "hs_timestamp": start_at,
        "calendar_event_name": event,
        "calendar_event_duration": str(int((end_at - start_at).total_seconds() // 60)),
        "hubspot_owner_id": owners.get(booking["host"]["email"]),
        "emails": sorted(
            {one["email"].lower() for one in booking["invitees"] if one["email"] and one["status"] == "active"}
        ),
    }


def _shown(activity: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    shown: dict[str, Any] = {"hubspot_owner_id": None, **activity["properties"]}
    for name in ("hs_meeting_start_time", "hs_meeting_end_time", "hs_timestamp"):
        shown[name] = datetime.fromisoformat(shown[name])
    emails = {one["id"]: one["properties"].get("email") for one in sandbox.hubspot.state.contacts()}
    return {**shown, "emails": sorted(emails[contact_id] for contact_id in activity["contact_ids"])}


def _twins(sandbox: Sandbox) -> list[str]:
    """Every activity has a marker of its own, the archived ones too: none was made twice, not even for a moment."""
    markers = [one["properties"].get(MARKER) for one in sandbox.hubspot.state.activities(include_archived=True)]
    return [
        f"{count} activities were made with one marker"
        for count in Counter(filter(None, markers)).values()
        if count > 1
    ]


def _contact_problems(sandbox: Sandbox) -> list[str]:
    emails = [one["properties"].get("email") for one in sandbox.hubspot.state.contacts(include_archived=True)]
    return [f"{count} contacts were made for one address" for count in Counter(emails).values() if count > 1]


def _database_problems(engine: Engine, live: list[dict[str, Any]], bookings: dict[str, dict[str, Any]]) -> list[str]:
    """The mapping points at what stands, nothing is left open, and nothing personal is left over."""
    with engine.connect() as connection:
        rows = connection.execute(select(mapping.c.booking_id, mapping.c.activity_id)).all()
        counts = {
            "changes are open": select(func.count()).where(change.c.state.in_(OPEN_STATES)),
            "payloads are left": select(func.count()).where(change.c.payload.is_not(None)),
            "audit rows have no outcome": select(func.count()).where(audit.c.outcome == "sent"),
        }
        left = {what: connection.execute(statement).scalar_one() for what, statement in counts.items()}
    mapped = {row.booking_id: row.activity_id for row in rows if row.activity_id is not None}
    standing = {one["properties"]["calendar_booking_id"]: one["id"] for one in live}
    expected = {booking_id: standing[booking_id] for booking_id in bookings if booking_id in standing}
    found = [] if mapped == expected else [f"the mapping says {mapped}, HubSpot holds {expected}"]
    return found + [f"{count} {what}" for what, count in left.items() if count]


def _is_ours(activity: dict[str, Any]) -> bool:
    return bool(activity["properties"].get(MARKER))

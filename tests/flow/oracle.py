"""What HubSpot must show for the bookings there are, worked out from the sandbox alone, without our code."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from html import unescape
from typing import Any

from booking_sandbox.server import Sandbox

Booking = dict[str, Any]


def activities_of(sandbox: Sandbox, booking_id: str, *, include_archived: bool = False) -> list[dict[str, Any]]:
    """Return the activities that carry the booking's id and a marker of ours, oldest first."""
    found = sandbox.hubspot.state.activities(include_archived, having={"calendar_booking_id": booking_id})
    ours = [one for one in found if one["properties"].get("calendar_booking_key")]
    return sorted(ours, key=lambda one: int(one["id"]))


def assert_bookings_are_mirrored(sandbox: Sandbox, workspace_id: str, except_for: Collection[str]) -> None:
    """One live activity for every booking that stands or was cancelled, none for what was rescheduled away (A6)."""
    for booking in sandbox.calendar.state.bookings(workspace_id):
        if booking["id"] in except_for:
            continue
        live = activities_of(sandbox, booking["id"])
        expected = 0 if booking["status"] == "rescheduled" else 1
        assert len(live) == expected, f"{booking['id']} ({booking['status']}) has {len(live)} activities"
        if live:
            _assert_shows(sandbox, live[0], booking)


def _assert_shows(sandbox: Sandbox, activity: dict[str, Any], booking: Booking) -> None:
    shown, name = activity["properties"], " ".join(booking["event"]["name"].split())
    if booking["status"] == "canceled":
        assert shown["hs_meeting_title"] == f"[Canceled] {name}"
        assert shown["hs_meeting_outcome"] == "CANCELED"
        return
    assert shown["hs_meeting_title"] == f"Meeting - Calendar.com: {name}"
    assert shown["hs_meeting_outcome"] == "SCHEDULED"
    assert shown["calendar_event_name"] == name
    times = [_moment(shown[key]) for key in ("hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time")]
    start, end = _moment(booking["start_at"]), _moment(booking["end_at"])
    assert times == [start, start, end]
    assert int(shown["calendar_event_duration"]) == round((end - start).total_seconds() / 60)
    _assert_body_tells(unescape(shown["hs_meeting_body"]), booking)
    _assert_people_are_there(sandbox, activity, booking)


def _assert_body_tells(body: str, booking: Booking) -> None:
    active = [one for one in booking["invitees"] if one["status"] == "active"]
    facts = [booking["event"]["name"], booking["description"], (booking["location"] or {}).get("join_url")]
    facts += [one["name"] for one in (booking["host"], *active)]
    facts += [a["answer"] for one in active for a in one["answers"] if isinstance(a["answer"], str)]
    missing = [fact for fact in facts if fact and fact not in body]
    assert not missing, f"the body of {booking['id']} does not tell {missing}"


def _assert_people_are_there(sandbox: Sandbox, activity: dict[str, Any], booking: Booking) -> None:
    hubspot = sandbox.hubspot.state
    for invitee in booking["invitees"]:
        contact = hubspot.contact_by_email(invitee["email"] or "nobody@example.com")
        if invitee["status"] == "active" and contact is not None:
            assert contact["id"] in activity["contact_ids"], f"{booking['id']} lacks a contact"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

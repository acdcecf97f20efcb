"""What HubSpot must show for the bookings there are, worked out from the sandbox alone, without our code."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def mirroring_mistakes(sandbox: Sandbox, workspace_id: str, except_for: Collection[str]) -> list[str]:
    """One live activity for every booking that stands or was cancelled, none for what was rescheduled away (A6)."""
    bookings = [one for one in sandbox.calendar.state.bookings(workspace_id) if one["id"] not in except_for]
    return [f"{one['id']} ({one['status']}) {mistake}" for one in bookings for mistake in _mistakes(sandbox, one)]


def _mistakes(sandbox: Sandbox, booking: Booking) -> list[str]:
    live = activities_of(sandbox, booking["id"])
    expected = 0 if booking["status"] == "rescheduled" else 1
    if len(live) != expected:
        return [f"has {len(live)} activities"]
    return [mistake for activity in live for mistake in _shown_wrongly(sandbox, activity, booking)]


def _shown_wrongly(sandbox: Sandbox, activity: dict[str, Any], booking: Booking) -> list[str]:
    shown, name = activity["properties"], " ".join(booking["event"]["name"].split())
    if booking["status"] == "canceled":
        return _differences(shown, {"hs_meeting_title": f"[Canceled] {name}", "hs_meeting_outcome": "CANCELED"})
    start, end = _moment(booking["start_at"]), _moment(booking["end_at"])
    expected = {
        "hs_meeting_title": f"Meeting - Calendar.com: {name}",
        "hs_meeting_outcome": "NO_SHOW" if _has_no_show(sandbox, booking) else "SCHEDULED",
        "calendar_event_name": name,
    }
    times = {"hs_timestamp": start, "hs_meeting_start_time": start, "hs_meeting_end_time": end}
    minutes = {"calendar_event_duration": round((end - start).total_seconds() / 60)}
    return [
        *_differences(shown, expected),
        *_differences({key: _moment(shown[key]) for key in times}, times),
        *_differences({key: int(shown[key]) for key in minutes}, minutes),
        *_untold(_words(unescape(shown["hs_meeting_body"].replace("<br>", " "))), booking),
        *_absent_people(sandbox, activity, booking),
    ]


def _differences(shown: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    return [f"shows another {key}" for key, value in expected.items() if shown.get(key) != value]


def _untold(body: str, booking: Booking) -> list[str]:
    active = [one for one in booking["invitees"] if one["status"] == "active"]
    facts = {"event": booking["event"]["name"], "description": booking["description"]}
    facts |= {"link": (booking["location"] or {}).get("join_url"), "host": booking["host"]["name"]}
    facts |= {f"invitee {number}": one["name"] for number, one in enumerate(active)}
    answers = [a["answer"] for one in active for a in one["answers"] if isinstance(a["answer"], str)]
    facts |= {f"answer {number}": answer for number, answer in enumerate(answers)}
    return [f"does not tell its {what}" for what, fact in facts.items() if fact and _words(fact) not in body]


def _words(text: str) -> str:
    """Return a text without what it says by lines and spaces."""
    return " ".join(text.split())


def _has_no_show(sandbox: Sandbox, booking: Booking) -> bool:
    """Whether the host has said of an invitee that they did not come to a meeting that has begun (A8)."""
    has_begun = _moment(booking["start_at"]) <= sandbox.calendar.state.clock()
    return has_begun and any(one["no_show"] for one in booking["invitees"] if one["status"] == "active")


def _absent_people(sandbox: Sandbox, activity: dict[str, Any], booking: Booking) -> list[str]:
    hubspot, absent = sandbox.hubspot.state, []
    for invitee in booking["invitees"]:
        contact = hubspot.contact_by_email(invitee["email"] or "nobody@example.com")
        if invitee["status"] == "active" and contact is not None and contact["id"] not in activity["contact_ids"]:
            absent.append(f"lacks the contact {contact['id']}")
    return absent


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

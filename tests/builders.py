"""One realistic booking, as the contract sends it and as the core reads it; tests change what they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from booking_sync.model import Answer, Booking, BookingStatus, Invitee, Location, Person


def a_payload(**overrides: Any) -> dict[str, Any]:
    """Return a booking as JSON of the contract, with top-level fields replaced. A new object each time."""
    return {
        "id": "bk_01HV8Z",
        "workspace_id": "ws_01HV",
        "status": "scheduled",
        "version": 3,
        "event": {"id": "ev_1", "name": "Intro call", "kind": "one_on_one"},
        "start_at": "2026-03-05T13:00:00Z",
        "end_at": "2026-03-05T13:30:00Z",
        "time_zone": "Europe/Berlin",
        "location": {"kind": "video", "value": "Zoom", "join_url": "https://zoom.example/j/123?pwd=a&b=c"},
        "description": "We look at your numbers.\nBring last month's report.",
        "host": {
            "id": "us_1",
            "name": "Grace Hopper",
            "first_name": None,
            "last_name": None,
            "email": "grace@calendar.example",
            "phone": None,
            "time_zone": "America/New_York",
        },
        "co_hosts": [],
        "invitees": [an_invitee_payload()],
        "guests": ["guest@example.org"],
        "tracking": {"utm_source": "newsletter", "utm_medium": None},
        "reschedule_count": 0,
        "rescheduled_from_id": None,
        "rescheduled_to_id": None,
        "rescheduled_by": None,
        "reschedule_reason": None,
        "canceled_at": None,
        "canceled_by": None,
        "cancel_reason": None,
        "created_at": "2026-03-01T09:00:00.123456Z",
        "updated_at": "2026-03-02T10:15:30.654321Z",
    } | overrides


def an_invitee_payload(**overrides: Any) -> dict[str, Any]:
    """Return an invitee as JSON of the contract, with three answers."""
    return {
        "id": "in_1",
        "name": "Ada Lovelace",
        "first_name": None,
        "last_name": None,
        "email": "Ada@example.com",
        "phone": None,
        "time_zone": "Europe/Berlin",
        "status": "active",
        "no_show": False,
        "answers": [
            {"question_id": "q_1", "question": "Company?", "answer": "Analytical & Sons"},
            {"question_id": "q_2", "question": "Topics?", "answer": ["Pricing", "Security"]},
            {"question_id": "q_3", "question": "Customer already?", "answer": False},
        ],
    } | overrides


def a_booking(**overrides: Any) -> Booking:
    """Return what ``a_payload()`` reads as, with fields of :class:`Booking` replaced."""
    booking = Booking(
        id="bk_01HV8Z",
        workspace_id="ws_01HV",
        status=BookingStatus.SCHEDULED,
        version=3,
        event_id="ev_1",
        event_name="Intro call",
        event_kind="one_on_one",
        start_at=datetime(2026, 3, 5, 13, 0, tzinfo=UTC),
        end_at=datetime(2026, 3, 5, 13, 30, tzinfo=UTC),
        time_zone="Europe/Berlin",
        location=Location("video", "Zoom", "https://zoom.example/j/123?pwd=a&b=c"),
        description="We look at your numbers.\nBring last month's report.",
        host=Person(id="us_1", name="Grace Hopper", email="grace@calendar.example", time_zone="America/New_York"),
        invitees=(an_invitee(),),
        guests=("guest@example.org",),
        tracking=(("utm_source", "newsletter"),),
        created_at=datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC),
        updated_at=datetime(2026, 3, 2, 10, 15, 30, 654321, tzinfo=UTC),
    )
    return replace(booking, **overrides)


def an_invitee(**overrides: Any) -> Invitee:
    """Return what ``an_invitee_payload()`` reads as, with fields of :class:`Invitee` replaced."""
    invitee = Invitee(
        id="in_1",
        name="Ada Lovelace",
        email="Ada@example.com",
        time_zone="Europe/Berlin",
        answers=(
            Answer("q_1", "Company?", "Analytical & Sons"),
            Answer("q_2", "Topics?", ("Pricing", "Security")),
            Answer("q_3", "Customer already?", answer=False),
        ),
    )
    return replace(invitee, **overrides)

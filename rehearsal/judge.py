"""Both ends compared with each other and with our own database, in plain words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from tests.flow import ledger, oracle

from booking_sandbox.sample_people import ACME
from booking_sandbox.server import Sandbox
from booking_sync.states import OPEN_STATES
from booking_sync.store.database import reading
from booking_sync.store.tables import change

UNREADABLE = ("bk_NOTIMES", "bk_PENDING")
"""Two bookings of the sample that no reader can use: they are rejected."""

Booking = dict[str, Any]


class RehearsalError(Exception):
    """Something did not end right; the message says what."""


def readable(sandbox: Sandbox) -> list[Booking]:
    """Return the bookings that can be passed on."""
    return [one for one in sandbox.calendar.state.bookings(ACME.id) if one["id"] not in UNREADABLE]


def standing(sandbox: Sandbox) -> list[str]:
    """Return the ids of the bookings that will take place, in an order that is always the same."""
    return sorted(one["id"] for one in readable(sandbox) if one["status"] == "scheduled")


def judge(sandbox: Sandbox, ours: Engine) -> str:
    """Say what HubSpot holds.

    Raises:
        RehearsalError: a booking is missing, double or shown as it is not; a change is open; a write is not audited.
    """
    wrong = [f"{one['id']} ({one['status']}) {found}" for one in readable(sandbox) if (found := _mistake(sandbox, one))]
    require(not wrong, "; ".join(wrong))
    with reading(ours) as connection:
        still_open = len(connection.execute(select(change.c.id).where(change.c.state.in_(OPEN_STATES))).all())
    require(not still_open, f"{still_open} changes are still open")
    try:
        ledger.assert_audit_matches_history(ours, sandbox, is_exact=False)
    except AssertionError as error:
        raise RehearsalError(str(error)) from error
    active = len(standing(sandbox))
    return f"HubSpot holds each of {active} active bookings exactly once; nothing is open, every write is audited"


def require(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Complain where something is not so."""
    if not is_so:
        raise RehearsalError(otherwise)


def _mistake(sandbox: Sandbox, booking: Booking) -> str | None:
    live = oracle.activities_of(sandbox, booking["id"])
    expected = 0 if booking["status"] == "rescheduled" else 1
    if len(live) != expected:
        return f"has {len(live)} activities"
    if not live:
        return None
    shown, name = live[0]["properties"], " ".join(booking["event"]["name"].split())
    title = f"[Canceled] {name}" if booking["status"] == "canceled" else f"Meeting - Calendar.com: {name}"
    if shown["hs_meeting_title"] != title:
        return "has another title"
    is_on_time = _moment(shown["hs_meeting_start_time"]) == _moment(booking["start_at"])
    return None if is_on_time else "is shown at another time"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""Both ends compared with each other and with our own database, in plain words."""

from __future__ import annotations

from typing import Any

from proof import ledger, oracle
from sqlalchemy import Engine, select

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
    wrong = oracle.mirroring_mistakes(sandbox, ACME.id, UNREADABLE)
    require(not wrong, "; ".join(wrong))
    with reading(ours) as connection:
        still_open = len(connection.execute(select(change.c.id).where(change.c.state.in_(OPEN_STATES))).all())
    require(not still_open, f"{still_open} changes are still open")
    mistakes = ledger.audit_mistakes(ours, sandbox, is_exact=False)
    require(not mistakes, "; ".join(mistakes))
    active = len(standing(sandbox))
    return f"HubSpot holds each of {active} active bookings exactly once; nothing is open, every write is audited"


def require(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Complain where something is not so."""
    if not is_so:
        raise RehearsalError(otherwise)

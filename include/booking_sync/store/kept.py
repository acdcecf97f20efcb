"""Bookings that the next run must read again: those that could not be understood, and those that had to wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from booking_sync.states import KeptKind
from booking_sync.store.statements import chunks
from booking_sync.store.tables import kept_booking


def keep(
    connection: Connection,
    run_id: str,
    integration_id: str,
    kind: KeptKind,
    bookings: Sequence[tuple[str | None, str]],
    *,
    at: datetime,
) -> None:
    """Keep bookings (id and reason) for the next run. One without an id is reported, but cannot be asked for again."""
    if not bookings:
        return
    release(connection, integration_id, [booking_id for booking_id, _ in bookings if booking_id])
    rows = [
        {
            "run_id": run_id,
            "integration_id": integration_id,
            "booking_id": booking_id,
            "kind": kind,
            "reason": reason,
            "kept_at": at,
            "is_open": booking_id is not None,
        }
        for booking_id, reason in bookings
    ]
    connection.execute(kept_booking.insert(), rows)


def release(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> None:
    """Let go of bookings that have been dealt with."""
    for some in chunks(booking_ids):
        statement = update(kept_booking).where(
            kept_booking.c.integration_id == integration_id, kept_booking.c.booking_id.in_(some), kept_booking.c.is_open
        )
        connection.execute(statement.values(is_open=False))


def kept_ids(connection: Connection, integration_id: str) -> set[str]:
    """Return the ids that the next run has to read again."""
    statement = select(kept_booking.c.booking_id).where(
        kept_booking.c.integration_id == integration_id, kept_booking.c.is_open
    )
    return set(connection.execute(statement).scalars())


def kept_reasons(connection: Connection, run_id: str, integration_id: str) -> list[tuple[str, str | None, str]]:
    """Return kind, booking id and reason of what the run kept."""
    statement = select(kept_booking.c.kind, kept_booking.c.booking_id, kept_booking.c.reason).where(
        kept_booking.c.run_id == run_id, kept_booking.c.integration_id == integration_id
    )
    return [(row.kind, row.booking_id, row.reason) for row in connection.execute(statement)]


def forget_nameless(connection: Connection, run_id: str, integration_id: str) -> None:
    """Take back what an earlier try of the same task has reported without an id; the others are simply kept again."""
    statement = kept_booking.delete().where(
        kept_booking.c.run_id == run_id,
        kept_booking.c.integration_id == integration_id,
        kept_booking.c.booking_id.is_(None),
    )
    connection.execute(statement)

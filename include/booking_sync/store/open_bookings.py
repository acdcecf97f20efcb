"""Which bookings have an open change: the next run reads them again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from booking_sync.store.statements import chunks
from booking_sync.store.tables import IS_IN_FLIGHT, IS_OPEN, change


def open_booking_ids(connection: Connection, integration_id: str, after: str, most: int) -> list[str]:
    """Return the next bookings that have an open change, in the order of their ids: the next run reads them again."""
    statement = select(change.c.booking_id).where(
        change.c.integration_id == integration_id, IS_OPEN, change.c.booking_id > after
    )
    return list(connection.execute(statement.order_by(change.c.booking_id).limit(most)).scalars())


def open_among(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> set[str]:
    """Return which of these bookings have an open change."""
    found: set[str] = set()
    for some in chunks(booking_ids):
        statement = select(change.c.booking_id).where(
            change.c.integration_id == integration_id, IS_OPEN, change.c.booking_id.in_(some)
        )
        found.update(connection.execute(statement).scalars())
    return found


def open_between(connection: Connection, integration_id: str, first: str, last: str) -> set[str]:
    """Return the bookings from first to last that have an open change; a run reads them all again."""
    statement = select(change.c.booking_id).where(
        change.c.integration_id == integration_id, IS_OPEN, change.c.booking_id.between(first, last)
    )
    return set(connection.execute(statement).scalars())


def in_flight_booking_ids(connection: Connection, integration_id: str) -> list[str]:
    """Return the bookings of changes whose last request has no known outcome."""
    statement = select(change.c.booking_id).where(change.c.integration_id == integration_id, IS_IN_FLIGHT)
    return list(connection.execute(statement.order_by(change.c.booking_id)).scalars())

"""Bookings that people have said to ignore as they are: not planned, not kept, until they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from booking_sync.states import Intervention
from booking_sync.store.intervention_tables import ignored_booking
from booking_sync.store.interventions import add_interventions
from booking_sync.store.statements import chunks, insert_or_update
from booking_sync.store.tables import integration


@dataclass(frozen=True, slots=True)
class Ignored:
    """One of them. Either the version that is ignored, or the fingerprint of what could not be understood."""

    integration_id: str
    booking_id: str
    booking_version: int | None
    fingerprint: str | None
    ignored_by: str
    ignored_at: datetime
    reason: str


def save_ignored(connection: Connection, one: Ignored) -> None:
    """Ignore a booking from now on."""
    values = {name: getattr(one, name) for name in Ignored.__dataclass_fields__}
    statement = insert_or_update(connection, ignored_booking).values(values)
    keys = ("integration_id", "booking_id")
    replaced = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=replaced))


def load_ignored(connection: Connection, integration_id: str, booking_id: str) -> Ignored | None:
    """Return what is said of one booking."""
    mine = (ignored_booking.c.integration_id == integration_id, ignored_booking.c.booking_id == booking_id)
    row = connection.execute(select(ignored_booking).where(*mine)).mappings().first()
    return None if row is None else Ignored(**row)


def versions(connection: Connection, integration_id: str) -> dict[str, int]:
    """Return the version by booking id, of those that could be understood."""
    statement = select(ignored_booking.c.booking_id, ignored_booking.c.booking_version).where(
        ignored_booking.c.integration_id == integration_id, ignored_booking.c.booking_version.is_not(None)
    )
    return {row.booking_id: row.booking_version for row in connection.execute(statement)}


def fingerprints(connection: Connection, integration_id: str) -> dict[str, str]:
    """Return the fingerprint by booking id, of those that could not be understood."""
    statement = select(ignored_booking.c.booking_id, ignored_booking.c.fingerprint).where(
        ignored_booking.c.integration_id == integration_id, ignored_booking.c.fingerprint.is_not(None)
    )
    return {row.booking_id: row.fingerprint for row in connection.execute(statement)}


def ids(connection: Connection, integration_id: str) -> set[str]:
    """Return the bookings that are ignored."""
    statement = select(ignored_booking.c.booking_id).where(ignored_booking.c.integration_id == integration_id)
    return set(connection.execute(statement).scalars())


def latest(connection: Connection, most: int) -> tuple[list[tuple[str, Ignored]], int]:
    """Return what was ignored last, with the workspace's name, and how much there is in all."""
    count = connection.execute(select(func.count()).select_from(ignored_booking)).scalar_one()
    statement = select(ignored_booking, integration.c.workspace_name).join(
        integration, integration.c.id == ignored_booking.c.integration_id
    )
    rows = connection.execute(statement.order_by(ignored_booking.c.ignored_at.desc()).limit(most)).mappings()
    names = Ignored.__dataclass_fields__
    return [(row["workspace_name"], Ignored(**{name: row[name] for name in names})) for row in rows], count


def forget_ignored(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> int:
    """Let bookings count again; return how many were ignored."""
    gone = 0
    for some in chunks(booking_ids):
        mine = (ignored_booking.c.integration_id == integration_id, ignored_booking.c.booking_id.in_(some))
        gone += connection.execute(delete(ignored_booking).where(*mine)).rowcount
    return gone


def end(connection: Connection, integration_id: str, booking_ids: Sequence[str], *, at: datetime) -> None:
    """Let bookings count again because they have changed, and note that."""
    if forget_ignored(connection, integration_id, booking_ids):
        add_interventions(connection, integration_id, booking_ids, Intervention.CHANGED, person="", at=at)

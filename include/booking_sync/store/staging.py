"""The bookings that a run has read, encrypted, until its plan is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import ColumnElement, Connection, delete, func, select

from booking_sync.booking_payload import dump_booking, load_booking
from booking_sync.diff import COLUMNS
from booking_sync.fingerprint import content_fingerprint, guests_fingerprint, schedule_fingerprint
from booking_sync.model import Booking, BookingStatus
from booking_sync.outcome import is_no_show
from booking_sync.states import RecordedState
from booking_sync.store.encryption import Vault
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.statements import chunks, insert_or_update
from booking_sync.store.tables import mapping, run

_KEYS = ("run_id", "integration_id", "booking_id")


def stage(
    connection: Connection,
    vault: Vault,
    run_id: str,
    integration_id: str,
    bookings: Sequence[Booking],
    *,
    is_fresh: bool = True,
) -> None:
    """Keep bookings for the run. Of one booking read twice, the newer version stays; of the same, what is fresh."""
    newest: dict[str, Booking] = {}
    for booking in bookings:
        if booking.id not in newest or newest[booking.id].version <= booking.version:
            newest[booking.id] = booking
    if not newest:
        return
    rows = [_row(vault, run_id, integration_id, booking) for booking in newest.values()]
    statement = insert_or_update(connection, staged_booking)
    replaced = {column.name: statement.excluded[column.name] for column in staged_booking.c if column.name not in _KEYS}
    staged_version = staged_booking.c.version
    is_newer = statement.excluded.version >= staged_version if is_fresh else statement.excluded.version > staged_version
    connection.execute(statement.on_conflict_do_update(index_elements=_KEYS, set_=replaced, where=is_newer), rows)


def count_staged(connection: Connection, run_id: str, integration_id: str) -> int:
    """Return how many bookings the run has read for an integration."""
    statement = select(func.count()).select_from(staged_booking).where(*_mine(run_id, integration_id))
    return connection.execute(statement).scalar_one()


def staged_keys(
    connection: Connection, run_id: str, integration_id: str, size: int, *, at: datetime
) -> Iterator[pd.DataFrame]:
    """Yield the keys and fingerprints of what was read, in chunks, by booking id (columns of ``diff.COLUMNS``).

    ``at`` is the time of the run: a mark of not having come counts from the beginning of the meeting on (A8).
    """
    last = ""
    columns = (
        staged_booking.c.booking_id,
        staged_booking.c.version,
        staged_booking.c.status.label("state"),
        staged_booking.c.schedule_fingerprint,
        staged_booking.c.content_fingerprint,
        staged_booking.c.guests_fingerprint,
        staged_booking.c.no_show_at,
    )
    while True:
        statement = (
            select(*columns)
            .where(*_mine(run_id, integration_id), staged_booking.c.booking_id > last)
            .order_by(staged_booking.c.booking_id)
            .limit(size)
        )
        rows = connection.execute(statement).all()
        if not rows:
            return
        keys = [(*row[:-1], row.no_show_at is not None and row.no_show_at <= at) for row in rows]
        yield pd.DataFrame.from_records(keys, columns=list(COLUMNS))
        last = rows[-1].booking_id


def load_staged(
    connection: Connection, vault: Vault, run_id: str, integration_id: str, ids: Sequence[str]
) -> list[tuple[Booking, bytes]]:
    """Return bookings with their encrypted form, which the change that is planned for them takes over as it is."""
    found: list[tuple[Booking, bytes]] = []
    for some in chunks(ids):
        statement = select(staged_booking.c.payload).where(
            *_mine(run_id, integration_id), staged_booking.c.booking_id.in_(some)
        )
        found.extend((load_booking(vault.decrypt(row.payload)), row.payload) for row in connection.execute(statement))
    return found


def missing_ids(connection: Connection, run_id: str, integration_id: str) -> set[str]:
    """Return the ids of bookings that the rescheduled ones point to and that are neither read nor recorded yet (R2).

    Back to predecessors always; forward to successors only where an activity waits to be replaced, or may wait further
    back in the chain.
    """
    mine = _mine(run_id, integration_id)
    read = select(staged_booking.c.booking_id).where(*mine)
    recorded = select(mapping.c.booking_id).where(mapping.c.integration_id == integration_id)
    standing = recorded.where(mapping.c.state != RecordedState.REPLACED)
    back = select(staged_booking.c.rescheduled_from_id).where(
        *mine,
        staged_booking.c.rescheduled_from_id.is_not(None),
        staged_booking.c.rescheduled_from_id.not_in(read),
        staged_booking.c.rescheduled_from_id.not_in(recorded),
        staged_booking.c.booking_id.not_in(recorded),
    )
    is_middle = staged_booking.c.rescheduled_from_id.is_not(None) & staged_booking.c.booking_id.not_in(recorded)
    forward = select(staged_booking.c.rescheduled_to_id).where(
        *mine,
        staged_booking.c.status == BookingStatus.RESCHEDULED,
        staged_booking.c.rescheduled_to_id.is_not(None),
        staged_booking.c.rescheduled_to_id.not_in(read),
        staged_booking.c.booking_id.in_(standing) | is_middle,
    )
    return set(connection.execute(back).scalars()) | set(connection.execute(forward).scalars())


def predecessor_links(
    connection: Connection, run_id: str, integration_id: str, *, of_standing: bool = False
) -> dict[str, str]:
    """Return booking id → id of the booking it was rescheduled from, of what the run has read.

    ``of_standing`` leaves those out that are cancelled.
    """
    statement = select(staged_booking.c.booking_id, staged_booking.c.rescheduled_from_id).where(
        *_mine(run_id, integration_id),
        staged_booking.c.rescheduled_from_id.is_not(None),
        staged_booking.c.rescheduled_from_id != staged_booking.c.booking_id,
    )
    if of_standing:
        statement = statement.where(staged_booking.c.status != BookingStatus.CANCELED)
    return {row.booking_id: row.rescheduled_from_id for row in connection.execute(statement)}


def staged_among(connection: Connection, run_id: str, integration_id: str, ids: Sequence[str]) -> set[str]:
    """Return which of the ids the run has read."""
    found: set[str] = set()
    for some in chunks(ids):
        statement = select(staged_booking.c.booking_id).where(
            *_mine(run_id, integration_id), staged_booking.c.booking_id.in_(some)
        )
        found.update(connection.execute(statement).scalars())
    return found


def clear_staged(connection: Connection, run_id: str, integration_id: str) -> None:
    """Wipe what the run has read: the plan holds what is still needed."""
    connection.execute(delete(staged_booking).where(*_mine(run_id, integration_id)))


def clear_abandoned(connection: Connection, integration_id: str, opened_before: datetime) -> list[str]:
    """Wipe what runs opened before then have read and never planned on; return their ids."""
    old_runs = select(run.c.id).where(run.c.opened_at < opened_before)
    abandoned = (staged_booking.c.integration_id == integration_id, staged_booking.c.run_id.in_(old_runs))
    run_ids = list(connection.execute(select(staged_booking.c.run_id).where(*abandoned).distinct()).scalars())
    connection.execute(delete(staged_booking).where(*abandoned))
    return run_ids


def _mine(run_id: str, integration_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (staged_booking.c.run_id == run_id, staged_booking.c.integration_id == integration_id)


def _row(vault: Vault, run_id: str, integration_id: str, booking: Booking) -> dict[str, object]:
    return {
        "run_id": run_id,
        "integration_id": integration_id,
        "booking_id": booking.id,
        "version": booking.version,
        "status": booking.status.value,
        "schedule_fingerprint": schedule_fingerprint(booking),
        "content_fingerprint": content_fingerprint(booking),
        "guests_fingerprint": guests_fingerprint(booking),
        "no_show_at": booking.start_at if is_no_show(booking, booking.start_at) else None,
        "rescheduled_from_id": booking.rescheduled_from_id,
        "rescheduled_to_id": booking.rescheduled_to_id,
        "created_at": booking.created_at,
        "payload": vault.encrypt(dump_booking(booking)),
    }

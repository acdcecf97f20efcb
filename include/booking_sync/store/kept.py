"""Bookings that the next run must read again: those that could not be understood, and those that had to wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from booking_sync.states import KeptKind
from booking_sync.store.read_tables import IS_KEPT, kept_booking
from booking_sync.store.statements import chunks
from booking_sync.store.tables import run


def keep(
    connection: Connection,
    run_id: str,
    integration_id: str,
    kind: KeptKind,
    bookings: Sequence[tuple[str | None, str]],
    *,
    at: datetime,
) -> None:
    """Keep bookings (id and reason) for the next run. One without an id is reported, but cannot be asked for again.

    A booking that is kept for the same reason as before keeps its row, so that being kept for long costs nothing.
    """
    known = _open_rows(connection, integration_id, [booking_id for booking_id, _ in bookings if booking_id])
    same = {id_ for id_, reason in bookings if id_ in known and _is_same(known[id_], kind, reason)}
    _set(connection, [known[id_].id for id_ in known if id_ in same], run_id=run_id)
    _set(connection, [known[id_].id for id_ in known if id_ not in same], is_open=False)
    new = [(id_, reason) for id_, reason in bookings if id_ not in same]
    _insert(connection, run_id, integration_id, kind, new, at=at, is_open=True)


def mention(
    connection: Connection,
    run_id: str,
    integration_id: str,
    kind: KeptKind,
    bookings: Sequence[tuple[str | None, str]],
    *,
    at: datetime,
) -> None:
    """Note bookings for the report of a dry run, which keeps nothing."""
    _insert(connection, run_id, integration_id, kind, bookings, at=at, is_open=False)


def release(connection: Connection, integration_id: str, booking_ids: Sequence[str], *, run_id: str) -> None:
    """Let go of bookings that have been decided about, but for those of which this very run saw a broken state too."""
    if not booking_ids:
        return
    any_kept = select(kept_booking.c.id).where(kept_booking.c.integration_id == integration_id, IS_KEPT).limit(1)
    if connection.execute(any_kept).first() is None:
        return
    rejected_now = (kept_booking.c.run_id == run_id) & (kept_booking.c.kind == KeptKind.REJECTED)
    for some in chunks(booking_ids):
        statement = update(kept_booking).where(
            kept_booking.c.integration_id == integration_id,
            kept_booking.c.booking_id.in_(some),
            IS_KEPT,
            ~rejected_now,
        )
        connection.execute(statement.values(is_open=False))


def let_go(connection: Connection, integration_id: str, booking_id: str) -> None:
    """Let go of a booking because a person has said so."""
    mine = (kept_booking.c.integration_id == integration_id, kept_booking.c.booking_id == booking_id)
    connection.execute(update(kept_booking).where(*mine, IS_KEPT).values(is_open=False))


def _open_rows(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in chunks(booking_ids):
        statement = select(kept_booking).where(
            kept_booking.c.integration_id == integration_id, kept_booking.c.booking_id.in_(some), IS_KEPT
        )
        found.update({row.booking_id: row for row in connection.execute(statement)})
    return found


def _set(connection: Connection, row_ids: Sequence[int], **values: object) -> None:
    for some in chunks(row_ids):
        connection.execute(update(kept_booking).where(kept_booking.c.id.in_(some)).values(**values))


def _is_same(row: Row[Any], kind: KeptKind, reason: str) -> bool:
    return (row.kind, row.reason) == (kind, reason)


def _insert(
    connection: Connection,
    run_id: str,
    integration_id: str,
    kind: KeptKind,
    bookings: Sequence[tuple[str | None, str]],
    *,
    at: datetime,
    is_open: bool,
) -> None:
    rows = [
        {
            "run_id": run_id,
            "integration_id": integration_id,
            "booking_id": booking_id,
            "kind": kind,
            "reason": reason,
            "kept_at": at,
            "is_open": is_open and booking_id is not None,
        }
        for booking_id, reason in bookings
    ]
    if rows:
        connection.execute(kept_booking.insert(), rows)


def kept_ids(connection: Connection, integration_id: str) -> set[str]:
    """Return the ids that the next run has to read again."""
    statement = select(kept_booking.c.booking_id).where(kept_booking.c.integration_id == integration_id, IS_KEPT)
    return set(connection.execute(statement).scalars())


def kept_ids_after(connection: Connection, integration_id: str, after: str, most: int) -> list[str]:
    """Return the next of those ids, in their order."""
    statement = select(kept_booking.c.booking_id).where(
        kept_booking.c.integration_id == integration_id, IS_KEPT, kept_booking.c.booking_id > after
    )
    return list(connection.execute(statement.distinct().order_by(kept_booking.c.booking_id).limit(most)).scalars())


def kept_among(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> set[str]:
    """Return which of these the next run has to read again."""
    return set(_open_rows(connection, integration_id, booking_ids))


def rejected_among(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> set[str]:
    """Return which of these bookings exist but cannot be understood at present."""
    rows = _open_rows(connection, integration_id, booking_ids)
    return {booking_id for booking_id, row in rows.items() if row.kind == KeptKind.REJECTED}


def kept_reasons(connection: Connection, run_id: str, integration_id: str) -> list[tuple[str, str | None, str]]:
    """Return kind, booking id and reason of what the run kept or mentioned."""
    statement = select(kept_booking.c.kind, kept_booking.c.booking_id, kept_booking.c.reason).where(
        kept_booking.c.run_id == run_id, kept_booking.c.integration_id == integration_id
    )
    return [(row.kind, row.booking_id, row.reason) for row in connection.execute(statement)]


def silent_ones(connection: Connection, run_id: str, integration_id: str) -> list[tuple[str | None, str]]:
    """Return id and reason of what earlier runs kept and this one asked for, but was not given again."""
    opened_at = select(run.c.opened_at).where(run.c.id == run_id).scalar_subquery()
    earlier = select(run.c.id).where(run.c.opened_at < opened_at)
    here = kept_booking.alias()  # a dry run only mentions what it rejects, and leaves the row of the earlier run open
    is_mentioned = exists().where(
        here.c.run_id == run_id,
        here.c.integration_id == kept_booking.c.integration_id,
        here.c.booking_id == kept_booking.c.booking_id,
    )
    statement = select(kept_booking.c.booking_id, kept_booking.c.reason).where(
        kept_booking.c.integration_id == integration_id, kept_booking.c.run_id.in_(earlier), IS_KEPT, ~is_mentioned
    )
    return [(row.booking_id, row.reason) for row in connection.execute(statement)]


def forget_mentioned(connection: Connection, run_id: str, integration_id: str) -> None:
    """Take back what an earlier try of the same task has only mentioned; what it has kept is simply kept again."""
    statement = kept_booking.delete().where(
        kept_booking.c.run_id == run_id, kept_booking.c.integration_id == integration_id, ~kept_booking.c.is_open
    )
    connection.execute(statement)

"""The bookings that a run has read, encrypted, until its plan is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, TextClause, delete, exists, false, func, select

from booking_sync.booking_payload import dump_booking, load_booking
from booking_sync.fingerprint import content_fingerprint, guests_fingerprint, schedule_fingerprint
from booking_sync.key_row import COLUMNS, KeyRow
from booking_sync.model import Booking, BookingStatus
from booking_sync.outcome import is_no_show
from booking_sync.states import RecordedState
from booking_sync.store.encryption import Vault
from booking_sync.store.read_tables import HAS_PREDECESSOR, staged_booking
from booking_sync.store.statements import chunks, insert_or_update
from booking_sync.store.tables import mapping, run

MISSING_AT_ONCE = 500
"""How many ends of reschedule chains are looked for at once."""

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
) -> Iterator[list[KeyRow]]:
    """Yield the keys and fingerprints of what was read, in chunks, by booking id (columns of ``diff.COLUMNS``).

    ``at`` is the time of the run: a mark of not having come counts from the beginning of the meeting on (A8).
    """
    last = ""
    is_no_show = func.coalesce(staged_booking.c.no_show_at <= at, false())
    columns = [staged_booking.c["status" if name == "state" else name] for name in COLUMNS if name != "is_no_show"]
    while True:
        statement = (
            select(*columns, is_no_show)
            .where(*_mine(run_id, integration_id), staged_booking.c.booking_id > last)
            .order_by(staged_booking.c.booking_id)
            .limit(size)
        )
        rows: list[KeyRow] = list(connection.execute(statement))
        if not rows:
            return
        yield rows
        last = rows[-1][0]


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


def missing_ids(connection: Connection, run_id: str, integration_id: str) -> Iterator[set[str]]:
    """Yield the ids of bookings that the rescheduled ones point to and that are neither read nor recorded yet (R2).

    Back to predecessors always; forward to successors only where an activity waits to be replaced, or may wait further
    back in the chain.
    """
    mine = _mine(run_id, integration_id)
    back_to, forward_to = staged_booking.c.rescheduled_from_id, staged_booking.c.rescheduled_to_id
    is_linked = back_to.is_not(None) | forward_to.is_not(None)
    if connection.execute(select(staged_booking.c.booking_id).where(*mine, is_linked).limit(1)).first() is None:
        return  # as in most runs: and what follows is costly to put together
    is_standing = _is_mapped(staged_booking.c.booking_id, mapping.c.state != RecordedState.REPLACED)
    is_new = ~_is_mapped(staged_booking.c.booking_id)
    back = (*mine, HAS_PREDECESSOR, ~_is_staged(back_to), ~_is_mapped(back_to), is_new)
    forward = (
        *mine,
        staged_booking.c.status == BookingStatus.RESCHEDULED,
        forward_to.is_not(None),
        ~_is_staged(forward_to),
        is_standing | (back_to.is_not(None) & is_new),
    )
    for wanted, criteria in ((back_to, back), (forward_to, forward)):
        yield from _missing(connection, wanted, criteria)


def _missing(
    connection: Connection, wanted: ColumnElement[str | None], criteria: Sequence[ColumnElement[bool] | TextClause]
) -> Iterator[set[str]]:
    last = ""
    while True:
        statement = select(staged_booking.c.booking_id, wanted).where(*criteria, staged_booking.c.booking_id > last)
        rows = connection.execute(statement.order_by(staged_booking.c.booking_id).limit(MISSING_AT_ONCE)).all()
        if not rows:
            return
        yield {str(row[1]) for row in rows}
        last = rows[-1].booking_id


def _is_staged(booking_id: ColumnElement[str | None]) -> ColumnElement[bool]:
    other = staged_booking.alias()
    is_of_run = (other.c.run_id == staged_booking.c.run_id) & (
        other.c.integration_id == staged_booking.c.integration_id
    )
    return exists().where(is_of_run, other.c.booking_id == booking_id)


def _is_mapped(booking_id: ColumnElement[Any], *criteria: ColumnElement[bool]) -> ColumnElement[bool]:
    is_ours = mapping.c.integration_id == staged_booking.c.integration_id
    return exists().where(is_ours, mapping.c.booking_id == booking_id, *criteria)


@dataclass(frozen=True, slots=True)
class Link:
    """The booking that another one was rescheduled from; ``is_canceled`` says whether the latter was cancelled."""

    booking_id: str
    is_canceled: bool


def predecessor_links(
    connection: Connection, run_id: str, integration_id: str, booking_ids: Sequence[str]
) -> dict[str, Link]:
    """Return by booking what it was rescheduled from, and what that was, back to the beginning of what was read."""
    found: dict[str, Link] = {}
    wanted = list(booking_ids)
    while wanted:
        links: dict[str, Link] = {}
        for some in chunks(wanted):
            statement = select(
                staged_booking.c.booking_id, staged_booking.c.rescheduled_from_id, staged_booking.c.status
            ).where(
                *_mine(run_id, integration_id),
                staged_booking.c.booking_id.in_(some),
                staged_booking.c.rescheduled_from_id.is_not(None),
                staged_booking.c.rescheduled_from_id != staged_booking.c.booking_id,
            )
            for booking_id, earlier_id, status in connection.execute(statement):
                links[booking_id] = Link(earlier_id, status == BookingStatus.CANCELED)
        found |= links
        wanted = sorted({link.booking_id for link in links.values()} - found.keys())
    return found


def claims(connection: Connection, run_id: str, integration_id: str, booking_ids: Sequence[str]) -> dict[str, str]:
    """Return the bookings that stand and were rescheduled from one of these, by their ids."""
    found: dict[str, str] = {}
    for some in chunks(booking_ids):
        statement = select(staged_booking.c.booking_id, staged_booking.c.rescheduled_from_id).where(
            *_mine(run_id, integration_id),
            HAS_PREDECESSOR,
            staged_booking.c.rescheduled_from_id.in_(some),
            staged_booking.c.rescheduled_from_id != staged_booking.c.booking_id,
            staged_booking.c.status != BookingStatus.CANCELED,
        )
        found.update({row.booking_id: row.rescheduled_from_id for row in connection.execute(statement)})
    return dict(sorted(found.items()))  # not by the database: SQLite would go through the whole run in that order


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
    if run_ids:
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

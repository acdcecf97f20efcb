"""What the audit reads from the mapping database, and what it writes down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from booking_sync.audited import MappedBooking
from booking_sync.drift import Drift, DriftKind
from booking_sync.states import ActivityOutcome, ChangeState, RecordedState
from booking_sync.store import ignored, kept
from booking_sync.store.statements import chunks
from booking_sync.store.tables import IS_OPEN, change, drift, mapping, mapping_history

ARCHIVED = "archived"
"""The event of the mapping's history that says that we have archived an activity."""

OUTDATED = "outdated"
"""Content fingerprint of an activity that is to be written again. Not empty: that is one that was never written."""


def all_mapped(connection: Connection, integration_id: str) -> dict[str, MappedBooking]:
    """Return every mapping row of an integration, by booking id."""
    columns = [mapping.c[name] for name in MappedBooking.__dataclass_fields__]
    statement = select(*columns).where(mapping.c.integration_id == integration_id)
    rows = connection.execute(statement.order_by(mapping.c.booking_id)).mappings()
    return {row["booking_id"]: _mapped(row) for row in rows}


def mapped_among(connection: Connection, integration_id: str, booking_ids: Iterable[str]) -> dict[str, MappedBooking]:
    """Return the mapping rows of some bookings, by booking id."""
    columns = [mapping.c[name] for name in MappedBooking.__dataclass_fields__]
    found: dict[str, MappedBooking] = {}
    for some in chunks(sorted(booking_ids)):
        statement = select(*columns).where(mapping.c.integration_id == integration_id, mapping.c.booking_id.in_(some))
        found.update({row["booking_id"]: _mapped(row) for row in connection.execute(statement).mappings()})
    return found


def mapped_with_successors(
    connection: Connection, integration_id: str, booking_ids: Iterable[str], longest: int
) -> dict[str, MappedBooking]:
    """Return the mapping rows of some bookings, and of those that took their place (R2)."""
    found = mapped_among(connection, integration_id, booking_ids)
    for _ in range(longest):
        missing = {row.replaced_by for row in found.values() if row.replaced_by} - found.keys()
        more = mapped_among(connection, integration_id, [str(one) for one in missing])
        if not more:
            break
        found |= more
    return found


def bookings_in_work(connection: Connection, integration_id: str) -> set[str]:
    """Return the bookings that a run has yet to deal with: what is found of them is no drift.

    Those of open changes, those whose activity such a change has yet to archive (R2), those that are kept, and those
    that a person has said to ignore.
    """
    statement = select(change.c.booking_id, change.c.old_booking_id).where(
        change.c.integration_id == integration_id, IS_OPEN
    )
    of_changes = {booking_id for row in connection.execute(statement) for booking_id in row if booking_id}
    return of_changes | kept.kept_ids(connection, integration_id) | ignored.ids(connection, integration_id)


def in_work_among(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> set[str]:
    """Return which of these bookings a run has yet to deal with, in the same sense."""
    found: set[str] = set()
    for some in chunks(booking_ids):
        is_named = change.c.booking_id.in_(some) | change.c.old_booking_id.in_(some)
        statement = select(change.c.booking_id, change.c.old_booking_id).where(
            change.c.integration_id == integration_id, IS_OPEN, is_named
        )
        found.update(booking_id for row in connection.execute(statement) for booking_id in row if booking_id)
        found |= kept.kept_among(connection, integration_id, some)
    return found | (ignored.ids(connection, integration_id) & set(booking_ids))


def archived_by_us(connection: Connection, integration_id: str, activity_ids: Sequence[str]) -> dict[str, bool]:
    """Return those of the activities that the history knows, with whether we have archived them."""
    found: dict[str, bool] = {}
    for some in chunks(activity_ids):
        statement = select(mapping_history.c.activity_id, mapping_history.c.event).where(
            mapping_history.c.integration_id == integration_id, mapping_history.c.activity_id.in_(some)
        )
        for activity_id, event in connection.execute(statement):
            found[activity_id] = found.get(activity_id, False) or event == ARCHIVED
    return found


def once_mapped(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> set[str]:
    """Return those of the bookings that had an activity at some time."""
    found: set[str] = set()
    for some in chunks(booking_ids):
        statement = select(mapping_history.c.booking_id).where(
            mapping_history.c.integration_id == integration_id, mapping_history.c.booking_id.in_(some)
        )
        found.update(connection.execute(statement).scalars())
    return found


def mark_outdated(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> None:
    """Take back what the mapping claims of activities that show an older state, so that they are written again."""
    for some in chunks(booking_ids):
        statement = update(mapping).where(
            mapping.c.integration_id == integration_id,
            mapping.c.booking_id.in_(some),
            mapping.c.state != RecordedState.REPLACED,
        )
        connection.execute(statement.values(state=RecordedState.LIVE, content_fingerprint=OUTDATED))


def save_drifts(
    connection: Connection, run_id: str, integration_id: str, drifts: Iterable[Drift], *, at: datetime
) -> None:
    """Write down what was found, in place of what an earlier try of the same task has found and not mended."""
    unmended = drift.delete().where(*_mine(run_id, integration_id), drift.c.mended.is_(False))
    connection.execute(unmended)
    rows = [
        {
            "run_id": run_id,
            "integration_id": integration_id,
            "booking_id": found.booking_id,
            "activity_id": found.activity_id,
            "kind": found.kind,
            "sentence": found.sentence,
            "found_at": at,
            "mended": False,
        }
        for found in drifts
    ]
    if rows:
        connection.execute(drift.insert(), rows)


def note_mended(connection: Connection, run_id: str, integration_id: str) -> None:
    """Note what the changes of this run have mended: they are the only ones that it has made."""
    open_ones = select(drift.c.id, drift.c.kind, drift.c.booking_id, drift.c.activity_id).where(
        *_mine(run_id, integration_id), drift.c.mended.is_(False)
    )
    found = connection.execute(open_ones).all()
    archived = _done_of(connection, run_id, integration_id, sorted({row.booking_id for row in found if row.booking_id}))
    duplicates = {(row.booking_id, row.activity_id) for row in found if row.kind == DriftKind.DUPLICATE}
    written = {booking_id for booking_id, _ in archived - duplicates}
    mended = [
        row.id
        for row in found
        if (row.kind == DriftKind.DUPLICATE and (row.booking_id, row.activity_id) in archived)
        or (row.kind in (DriftKind.MISSING, DriftKind.STALE) and row.booking_id in written)
    ]
    for some in chunks(mended):
        connection.execute(update(drift).where(drift.c.id.in_(some)).values(mended=True))


def _done_of(
    connection: Connection, run_id: str, integration_id: str, booking_ids: Sequence[str]
) -> set[tuple[str, str | None]]:
    """Return booking and old activity of the changes that the run has carried out for these bookings."""
    found: set[tuple[str, str | None]] = set()
    for some in chunks(booking_ids):
        statement = select(change.c.booking_id, change.c.old_activity_id).where(
            change.c.worker_run_id == run_id,
            change.c.integration_id == integration_id,
            change.c.booking_id.in_(some),
            change.c.state == ChangeState.DONE,
        )
        found.update((row.booking_id, row.old_activity_id) for row in connection.execute(statement))
    return found


def count_drifts(connection: Connection, run_id: str, integration_id: str) -> tuple[dict[str, int], int]:
    """Return how much was found of each kind, and how much of it all was mended."""
    statement = select(drift.c.kind, drift.c.mended, func.count().label("many")).where(*_mine(run_id, integration_id))
    counts: dict[str, int] = {}
    mended = 0
    for row in connection.execute(statement.group_by(drift.c.kind, drift.c.mended)):
        counts[row.kind] = counts.get(row.kind, 0) + row.many
        mended += row.many if row.mended else 0
    return counts, mended


def first_drifts(connection: Connection, run_id: str, integration_id: str, most: int) -> list[RowMapping]:
    """Return the first of what was found, in the order in which the audit found it."""
    columns = (drift.c.kind, drift.c.booking_id, drift.c.activity_id, drift.c.sentence, drift.c.mended)
    statement = select(*columns).where(*_mine(run_id, integration_id))
    ordered = statement.order_by(drift.c.id).limit(most)
    return list(connection.execute(ordered).mappings())


def _mine(run_id: str, integration_id: str) -> tuple[Any, Any]:
    return drift.c.run_id == run_id, drift.c.integration_id == integration_id


def _mapped(row: RowMapping) -> MappedBooking:
    typed = {
        "state": RecordedState(row["state"]),
        "contact_ids": tuple(row["contact_ids"]),
        "outcome": ActivityOutcome(row["outcome"]) if row["outcome"] else None,
    }
    return MappedBooking(**{**row, **typed})

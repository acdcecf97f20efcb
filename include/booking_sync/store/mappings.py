"""The mapping booking → activity: what was written last, and the history of what stood before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, bindparam, false, func, select, update

from booking_sync.decision import Recorded
from booking_sync.key_row import COLUMNS, KeyRow
from booking_sync.outcome import OPEN_OUTCOMES
from booking_sync.states import ActivityOutcome, RecordedState
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.statements import chunks, insert_or_update
from booking_sync.store.tables import mapping, mapping_history


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One row of the mapping as it is to stand."""

    booking_id: str
    state: RecordedState
    activity_id: str
    activity_key: str
    generation: int
    version: int
    schedule_fingerprint: str
    content_fingerprint: str
    start_at: datetime
    end_at: datetime
    contact_ids: tuple[str, ...]
    outcome: ActivityOutcome
    guests_fingerprint: str | None
    appearance: bytes | None = None


def recorded_keys(connection: Connection, run_id: str, integration_id: str, first: str, last: str) -> list[KeyRow]:
    """Return the mapping rows of the bookings from first to last that the run has read, as ``diff.COLUMNS``."""
    is_no_show = func.coalesce(mapping.c.outcome == ActivityOutcome.NO_SHOW, false())
    is_same = (mapping.c.integration_id == staged_booking.c.integration_id) & (
        mapping.c.booking_id == staged_booking.c.booking_id
    )
    statement = (
        select(*(mapping.c[name] for name in COLUMNS if name != "is_no_show"), is_no_show)
        .join_from(staged_booking, mapping, is_same)
        .where(
            staged_booking.c.run_id == run_id,
            staged_booking.c.integration_id == integration_id,
            staged_booking.c.booking_id.between(first, last),
        )
    )
    return list(connection.execute(statement))


def load_recorded(connection: Connection, integration_id: str, booking_ids: Iterable[str]) -> dict[str, Recorded]:
    """Return what is recorded of these bookings; those without a row are absent."""
    names = Recorded.__dataclass_fields__
    columns = [mapping.c[name] for name in names]
    found: dict[str, Recorded] = {}
    for some in chunks(sorted(set(booking_ids))):
        statement = select(*columns).where(mapping.c.integration_id == integration_id, mapping.c.booking_id.in_(some))
        for row in connection.execute(statement).mappings():
            outcome = ActivityOutcome(row["outcome"]) if row["outcome"] else None
            typed = {"state": RecordedState(row["state"]), "outcome": outcome}
            found[row["booking_id"]] = Recorded(**{**row, **typed})
    return found


def known_contacts(
    connection: Connection, integration_id: str, booking_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the contacts that each booking's activity is associated with, as recorded."""
    found: dict[str, tuple[str, ...]] = {}
    for some in chunks(booking_ids):
        statement = select(mapping.c.booking_id, mapping.c.contact_ids).where(
            mapping.c.integration_id == integration_id, mapping.c.booking_id.in_(some)
        )
        found.update({row.booking_id: tuple(row.contact_ids) for row in connection.execute(statement)})
    return found


def save_rows(
    connection: Connection, integration_id: str, rows: Sequence[tuple[str, MappingRow]], *, event: str, at: datetime
) -> None:
    """Record activities as they stand now, each with the change that made it so; a newer version is left alone."""
    if not rows:
        return
    values = [_values(integration_id, row, at) for _, row in rows]
    statement = insert_or_update(connection, mapping)
    replaced = {name: statement.excluded[name] for name in values[0] if name not in ("integration_id", "booking_id")}
    is_newer = statement.excluded.version >= mapping.c.version
    connection.execute(
        statement.on_conflict_do_update(index_elements=["integration_id", "booking_id"], set_=replaced, where=is_newer),
        values,
    )
    add_history(connection, integration_id, rows, event=event, at=at)


def add_history(
    connection: Connection, integration_id: str, rows: Sequence[tuple[str, MappingRow]], *, event: str, at: datetime
) -> None:
    """Append what happened to activities."""
    history = [
        {
            "integration_id": integration_id,
            "booking_id": row.booking_id,
            "change_id": change_id,
            "event": event,
            "activity_id": row.activity_id,
            "generation": row.generation,
            "version": row.version,
            "start_at": row.start_at,
            "end_at": row.end_at,
            "at": at,
        }
        for change_id, row in rows
    ]
    connection.execute(mapping_history.insert(), history)


def made_for(connection: Connection, integration_id: str, activity_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Return pairs of booking id and activity id that the history says belong together."""
    found: set[tuple[str, str]] = set()
    for some in chunks(activity_ids):
        statement = select(mapping_history.c.booking_id, mapping_history.c.activity_id).where(
            mapping_history.c.integration_id == integration_id,
            mapping_history.c.activity_id.in_(some),
            mapping_history.c.event.in_(("created", "adopted", "taken_over")),
        )
        found.update((row.booking_id, row.activity_id) for row in connection.execute(statement))
    return found


def mark_outcomes(
    connection: Connection, integration_id: str, marks: Mapping[str, tuple[int, ActivityOutcome]]
) -> None:
    """Record what bookings' activities show now, by booking id with its version; nothing else has changed (X1, A8)."""
    statement = _of_booking(integration_id).where(mapping.c.version <= bindparam("new_version"))
    values: dict[str, Any] = {
        "state": bindparam("new_state"),
        "version": bindparam("new_version"),
        "outcome": bindparam("new_outcome"),
    }
    rows = {
        booking_id: {
            "new_state": RecordedState.CANCELED if outcome is ActivityOutcome.CANCELED else RecordedState.LIVE,
            "new_version": version,
            "new_outcome": outcome,
        }
        for booking_id, (version, outcome) in marks.items()
    }
    _update_each(connection, statement.values(**values), rows)


def ended_between(connection: Connection, integration_id: str, since: datetime, until: datetime) -> set[str]:
    """Return the bookings whose meeting ended in the span (since, until], and whose outcome is still open (A8)."""
    statement = select(mapping.c.booking_id).where(
        mapping.c.integration_id == integration_id,
        mapping.c.state == RecordedState.LIVE,
        mapping.c.end_at > since,
        mapping.c.end_at <= until,
        mapping.c.outcome.is_(None) | mapping.c.outcome.in_(OPEN_OUTCOMES),
    )
    return set(connection.execute(statement).scalars())


def mark_replaced(connection: Connection, integration_id: str, successors: Mapping[str, str]) -> None:
    """Record that bookings (old id → new id) have handed their activity's place to another booking (R2)."""
    values: dict[str, Any] = {
        "state": RecordedState.REPLACED,
        "replaced_by": bindparam("successor"),
        "activity_id": None,
    }
    rows = {booking_id: {"successor": successor_id} for booking_id, successor_id in successors.items()}
    _update_each(connection, _of_booking(integration_id).values(**values), rows)


def raise_versions(connection: Connection, integration_id: str, versions: Mapping[str, int], at: datetime) -> None:
    """Record newer versions of bookings whose activity needs no change, and when they were seen."""
    statement = _of_booking(integration_id).where(mapping.c.version < bindparam("new_version"))
    columns = ("version", "seen_version")
    values: dict[str, Any] = {**{name: bindparam("new_version") for name in columns}, "seen_at": at}
    _update_each(connection, statement.values(**values), {id_: {"new_version": v} for id_, v in versions.items()})


def _of_booking(integration_id: str) -> Update:
    return update(mapping).where(
        mapping.c.integration_id == integration_id, mapping.c.booking_id == bindparam("of_booking")
    )


def _update_each(connection: Connection, statement: Update, rows: Mapping[str, Mapping[str, object]]) -> None:
    if rows:
        connection.execute(statement, [{"of_booking": booking_id, **values} for booking_id, values in rows.items()])


def _values(integration_id: str, row: MappingRow, at: datetime) -> dict[str, Any]:
    return {
        "integration_id": integration_id,
        "booking_id": row.booking_id,
        "state": row.state,
        "activity_id": row.activity_id,
        "activity_key": row.activity_key,
        "generation": row.generation,
        "version": row.version,
        "schedule_fingerprint": row.schedule_fingerprint,
        "content_fingerprint": row.content_fingerprint,
        "start_at": row.start_at,
        "end_at": row.end_at,
        "contact_ids": list(row.contact_ids),
        "outcome": row.outcome,
        "guests_fingerprint": row.guests_fingerprint,
        "appearance": row.appearance,
        "replaced_by": None,
        "recorded_at": at,
    }

"""What the mapping database knows of bookings besides their mapping rows: enough to find an activity again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, exists, func, select

from booking_sync.drift import DriftKind
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.statements import chunks
from booking_sync.store.tables import IS_OPEN, change, drift, integration, mapping, mapping_history

MADE = ("created", "adopted", "taken_over")
"""The events of the history that say which activity a booking has had."""


@dataclass(frozen=True, slots=True)
class LastKnown:
    """The activity that the history says a booking had last."""

    booking_id: str
    activity_id: str
    version: int
    generation: int
    start_at: datetime
    end_at: datetime


def has_mapping(connection: Connection, integration_id: str) -> bool:
    """Say whether anything is mapped at all."""
    return bool(connection.execute(select(exists().where(mapping.c.integration_id == integration_id))).scalar())


def last_known_of_unmapped(connection: Connection, run_id: str, integration_id: str) -> dict[str, LastKnown]:
    """Return what the history says of the bookings that the run has read and that are not mapped; few, if any."""
    statement = (
        select(mapping_history)
        .join(staged_booking, _is_same_booking(mapping_history))
        .where(*_unmapped(run_id, integration_id), mapping_history.c.event.in_(MADE))
        .order_by(mapping_history.c.id)
    )
    found: dict[str, LastKnown] = {}
    for row in connection.execute(statement).mappings():
        known = {name: row[name] for name in LastKnown.__dataclass_fields__ if name != "generation"}
        found[row["booking_id"]] = LastKnown(**known, generation=row["generation"] or 1)
    return found


def created_between(
    connection: Connection, run_id: str, integration_id: str, since: datetime, until: datetime
) -> list[str]:
    """Return the bookings of [since, until) that the run has read, and that neither mapping nor history knows."""
    is_known = exists().where(_is_same_booking(mapping_history), mapping_history.c.event.in_(MADE))
    statement = select(staged_booking.c.booking_id).where(
        *_unmapped(run_id, integration_id),
        staged_booking.c.created_at >= since,
        staged_booking.c.created_at < until,
        ~is_known,
    )
    return list(connection.execute(statement.order_by(staged_booking.c.booking_id)).scalars())


def _unmapped(run_id: str, integration_id: str) -> tuple[ColumnElement[bool], ...]:
    """Say of staged bookings that they have neither a mapping row nor a change under way."""
    return (
        staged_booking.c.run_id == run_id,
        staged_booking.c.integration_id == integration_id,
        ~exists().where(_is_same_booking(mapping)),
        ~exists().where(_is_same_booking(change), IS_OPEN),
    )


def _is_same_booking(table: Table) -> ColumnElement[bool]:
    """Join by columns, never by lists: each look-up goes through an index."""
    is_of_integration = table.c.integration_id == staged_booking.c.integration_id
    return is_of_integration & (table.c.booking_id == staged_booking.c.booking_id)


def suspects(connection: Connection, integration_id: str, since: datetime) -> list[str]:
    """Return the bookings to be looked at for a while.

    A request of theirs came to nothing unanswered, and may still have landed; or a duplicate was archived, and there
    may be another one.
    """
    had_duplicates = select(drift.c.booking_id).where(
        drift.c.integration_id == integration_id,
        drift.c.found_at >= since,
        drift.c.kind == DriftKind.DUPLICATE,
        drift.c.mended,
    )
    unanswered = (
        select(change.c.booking_id)
        .distinct()
        .where(change.c.integration_id == integration_id, change.c.unanswered_count > 0, change.c.sent_at >= since)
    )
    return sorted(connection.execute(unanswered.union(had_duplicates)).scalars())


def mapped_bookings(connection: Connection, portal_id: str, activity_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return integration and booking of each of these activities that is mapped, in any workspace of the portal."""
    found: dict[str, tuple[str, str]] = {}
    of_portal = select(integration.c.id).where(integration.c.portal_id == portal_id)
    for some in chunks(activity_ids):
        # Not joined: SQLite would go through the whole mapping for it.
        statement = select(mapping.c.activity_id, mapping.c.integration_id, mapping.c.booking_id).where(
            mapping.c.integration_id.in_(of_portal), mapping.c.activity_id.in_(some)
        )
        found.update({row.activity_id: (row.integration_id, row.booking_id) for row in connection.execute(statement)})
    return found


def changed_since(
    connection: Connection, integration_id: str, activity_ids: Iterable[str], since: datetime
) -> set[str]:
    """Return the activities of which something was recorded since then: that explains why they are modified."""
    found: set[str] = set()
    for some in chunks(sorted(activity_ids)):
        statement = (
            select(mapping_history.c.activity_id)
            .where(mapping_history.c.integration_id == integration_id, mapping_history.c.activity_id.in_(some))
            .group_by(mapping_history.c.activity_id)
            .having(func.max(mapping_history.c.at) > since)
        )
        found.update(connection.execute(statement).scalars())
    return found

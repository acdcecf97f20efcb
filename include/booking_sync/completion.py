"""Meetings that have ended: their activities are marked, unless a person has said already how the meeting went (A8).

The booking has not changed, so rule D2 counts: what people wrote stays, and what they deleted stays deleted (D3).
"""

from __future__ import annotations

from booking_sync.batch import Batch, Bench
from booking_sync.model import Booking
from booking_sync.standing import OUTCOME_PROPERTY
from booking_sync.states import ActivityOutcome, Operation
from booking_sync.store import mappings, planned_changes
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading


def without_closed_by_people(bench: Bench, batch: Batch) -> Batch:
    """Close those changes of a batch that would only overrule a person, and return the others."""
    due = [stored for stored, booking in batch if _is_by_time(stored, booking)]
    if not due:
        return batch
    work, activities = bench.work, bench.standing.read(str(stored.activity_id) for stored in due)
    with reading(work.services.engine) as connection:
        recorded = mappings.load_recorded(connection, work.integration.id, [stored.booking_id for stored in due])
    closed: set[str] = set()
    for stored in due:
        activity, row = activities.get(str(stored.activity_id)), recorded.get(stored.booking_id)
        if activity is None or row is None or activity.properties.get(OUTCOME_PROPERTY) != row.shown_outcome:
            closed.add(stored.id)
    with work.recording() as (connection, at):
        planned_changes.supersede(connection, closed, at=at)
    return [(stored, booking) for stored, booking in batch if stored.id not in closed]


def _is_by_time(stored: StoredChange, booking: Booking) -> bool:
    is_completed = stored.shown_outcome(booking) is ActivityOutcome.COMPLETED
    return stored.operation is Operation.MARK and is_completed

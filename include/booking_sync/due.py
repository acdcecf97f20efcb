"""Bookings whose meeting has ended since the last run: nobody changes them, so no window of changes holds them (A8).

They come from the mapping and are read by id. Like a window, the span of time that has been dealt with is recorded when
the run is, so a run that dies leaves it to the next one.
"""

from __future__ import annotations

from sqlalchemy import Connection

from booking_sync.store import integrations, mappings
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration
from booking_sync.store.runs import Run
from booking_sync.window import BACKFILL
from booking_sync.work import Work


def due_booking_ids(work: Work) -> set[str]:
    """Return the bookings that may have to be marked as completed; none without the setting."""
    since = work.integration.completed_until
    if since is None or not work.settings.mark_completed or not goes_with_time(work.run):
        return set()
    with reading(work.services.engine) as connection:
        return mappings.ended_between(connection, work.integration.id, since, work.run.opened_at)


def record_due(connection: Connection, run: Run, integration: Integration) -> None:
    """Record that the run has dealt with all meetings that ended before it was opened."""
    if integration.completed_until is not None and goes_with_time(run):
        integrations.move_completed_until(connection, integration.id, run.opened_at)


def goes_with_time(run: Run) -> bool:
    """Say whether the run goes on from the last one; others cover what they were asked for, and no more (W1)."""
    is_asked = run.request.get("booking_ids") or run.request.get("window_start")
    return run.run_type != BACKFILL and not is_asked

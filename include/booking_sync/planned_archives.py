"""Planning to archive duplicates: a change that has only its last step left, the archive of an old activity (D5)."""

from __future__ import annotations

from collections.abc import Mapping

from booking_sync.drift import Drift
from booking_sync.fingerprint import activity_key, revision
from booking_sync.model import Booking
from booking_sync.outcome import usual_outcome
from booking_sync.plan import Change
from booking_sync.states import ChangeState, Operation, Step
from booking_sync.store import changes, mappings, planned_changes, staging
from booking_sync.store.planned_changes import NewChange
from booking_sync.work import Work

REASON = "a second activity of the same booking"


def plan_archives(work: Work, due: Mapping[str, Drift]) -> None:
    """Plan to archive one duplicate of each booking, which the run has read."""
    run_id, integration_id, ids = work.run.id, work.integration.id, sorted(due)
    with work.recording() as (connection, at):
        staged = staging.load_staged(connection, work.services.vault, run_id, integration_id, ids)
        busy = changes.open_changes(connection, integration_id, ids)
        recorded = mappings.load_recorded(connection, integration_id, ids)
        generations = {booking_id: row.generation for booking_id, row in recorded.items()}
        new = [
            NewChange(
                work.services.new_id(), _archive(booking, due[booking.id], generations.get(booking.id, 1)), payload
            )
            for booking, payload in staged
            if booking.id not in busy
        ]
        planned_changes.insert_changes(connection, run_id, integration_id, new, state=ChangeState.PLANNED, at=at)


def _archive(booking: Booking, duplicate: Drift, generation: int) -> Change:
    """Return the end of a recreation: the activity that stays is there, the old one has yet to go."""
    return Change(
        booking_id=booking.id,
        booking_version=booking.version,
        booking_created_at=booking.created_at,
        operation=Operation.RECREATE,
        step=Step.ARCHIVE,
        reason=REASON,
        revision=revision(booking, usual_outcome(booking)),
        generation=generation,
        activity_key=activity_key(booking.workspace_id, booking.id, generation),
        activity_id=duplicate.kept_activity_id,
        old_activity_id=duplicate.activity_id,
        old_booking_id=None,
        activity_outcome=usual_outcome(booking),
    )

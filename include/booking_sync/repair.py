"""Mending what the audit found, where rule D5 permits it: duplicates, missing and stale activities.

Nothing here writes to HubSpot by itself. A duplicate becomes a change that has only its last step left, the archive of
an old activity; what is missing or stale goes through the normal plan. So intent, lease, audit and the reading back of
lost answers are those of every other run.
"""

from __future__ import annotations

from collections.abc import Sequence

from booking_sync.apply import apply_changes
from booking_sync.clients.hubspot_model import KEY_PROPERTY
from booking_sync.drift import Drift, DriftKind
from booking_sync.extract import extract
from booking_sync.fingerprint import activity_key, revision
from booking_sync.model import Booking
from booking_sync.plan import Change
from booking_sync.planning import make_and_save_plan
from booking_sync.states import ChangeState, Operation, Step
from booking_sync.store import changes, drifts, mappings, staging
from booking_sync.store.changes import NewChange
from booking_sync.work import Work

REASON = "a duplicate that the audit found"


def mend(work: Work, found: Sequence[Drift]) -> None:
    """Mend what may be mended; what HubSpot does not take is kept for the next run, as always.

    Raises:
        IntegrationUnavailable: a service takes nothing now.
    """
    mendable = [drift for drift in found if drift.is_mendable]
    _archive_duplicates(work, [drift for drift in mendable if drift.kind is DriftKind.DUPLICATE])
    _write_again(work, [drift for drift in mendable if drift.kind is not DriftKind.DUPLICATE])


def _archive_duplicates(work: Work, duplicates: Sequence[Drift]) -> None:
    """Archive duplicates, one of each booking at a time: a booking has one open change at most."""
    waiting = list(duplicates)
    while waiting:
        turn = {drift.booking_id: drift for drift in waiting}
        waiting = [drift for drift in waiting if drift is not turn[drift.booking_id]]
        if due := _still_two(work, list(turn.values())):
            _plan_archives(work, due)
            apply_changes(work, {Operation.RECREATE})


def _still_two(work: Work, duplicates: Sequence[Drift]) -> dict[str, Drift]:
    """Return by booking what is still too many: in the meantime a person may have deleted one of the two (R4)."""
    ids = [str(one) for drift in duplicates for one in (drift.activity_id, drift.kept_activity_id)]
    standing = work.hubspot.activities_by_id(ids, (KEY_PROPERTY,))
    marked = {activity_id for activity_id, activity in standing.items() if activity.properties.get(KEY_PROPERTY)}
    return {str(d.booking_id): d for d in duplicates if {d.activity_id, d.kept_activity_id} <= marked}


def _plan_archives(work: Work, due: dict[str, Drift]) -> None:
    """Write the changes down; each holds its booking as it is now, like any other change."""
    extract(work, None, due, ())
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
        changes.insert_changes(connection, run_id, integration_id, new, state=ChangeState.PLANNED, at=at)
        staging.clear_staged(connection, run_id, integration_id)


def _archive(booking: Booking, duplicate: Drift, generation: int) -> Change:
    """Return the end of a recreation: the activity that stays is there, the old one has yet to go."""
    return Change(
        booking_id=booking.id,
        booking_version=booking.version,
        booking_created_at=booking.created_at,
        operation=Operation.RECREATE,
        step=Step.ARCHIVE,
        reason=REASON,
        revision=revision(booking),
        generation=generation,
        activity_key=activity_key(booking.workspace_id, booking.id, generation),
        activity_id=duplicate.kept_activity_id,
        old_activity_id=duplicate.activity_id,
        old_booking_id=None,
    )


def _write_again(work: Work, drifts_found: Sequence[Drift]) -> None:
    """Put the bookings of missing and stale activities through the normal plan."""
    if not drifts_found:
        return
    extract(work, None, {str(drift.booking_id) for drift in drifts_found}, ())
    stale = sorted(str(drift.booking_id) for drift in drifts_found if drift.kind is DriftKind.STALE)
    with work.recording() as (connection, _):
        drifts.mark_outdated(connection, work.integration.id, stale)
    make_and_save_plan(work)
    apply_changes(work, set(Operation))

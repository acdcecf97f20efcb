"""Mending what the audit found, where rule D5 permits it: duplicates, missing and stale activities.

Nothing here writes to HubSpot by itself. A duplicate becomes a change that has only its last step left, the archive of
an old activity; what is missing or stale goes through the normal plan. So intent, lease, audit and the reading back of
lost answers are those of every other run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from booking_sync.apply import apply_changes
from booking_sync.approval import Refused, refuse, tell, use_approval
from booking_sync.clients.hubspot_model import KEY_PROPERTY
from booking_sync.drift import Drift, DriftKind
from booking_sync.extract import extract
from booking_sync.guard import GuardNotice, PlanFigures, refuse_plan
from booking_sync.plan import digest_of
from booking_sync.planned_archives import plan_archives
from booking_sync.planning import make_and_save_plan
from booking_sync.states import Operation, RefusedKind
from booking_sync.store import drifts, refused_plans, staging
from booking_sync.work import Work


def mend(work: Work, found: Sequence[Drift]) -> None:
    """Mend what may be mended; what HubSpot does not take is kept for the next run, as always.

    Raises:
        IntegrationUnavailable: a service takes nothing now.
    """
    mendable = [drift for drift in found if drift.is_mendable]
    duplicates = [drift for drift in mendable if drift.kind is DriftKind.DUPLICATE]
    is_refused, notices = _guard(work, duplicates)
    if not is_refused:
        _archive_duplicates(work, duplicates)
    _write_again(work, [drift for drift in mendable if drift.kind is not DriftKind.DUPLICATE], notices)


def _guard(work: Work, duplicates: Sequence[Drift]) -> tuple[bool, list[GuardNotice]]:
    """Say whether so many archives need a person's approval, and what there is to say of it (W5)."""
    checksum = digest_of(
        sorted((d.booking_id or "", d.activity_id or "", d.kept_activity_id or "") for d in duplicates)
    )
    with work.recording() as (connection, at):
        approval = use_approval(work, connection, RefusedKind.REPAIR, checksum, at)
        figures = PlanFigures(refused_plans.count_live(connection, work.integration.id), archives=len(duplicates))
        refusals = refuse_plan(figures, work.services.settings.guard_limits)
        notices = [approval.notice] if approval else []
        is_approved = approval is not None and approval.plan is not None
        if is_approved or not refusals:
            refused_plans.overtake(connection, work.integration.id, RefusedKind.REPAIR)
            return False, notices
        conf = {"repair": True, "approve_plan": checksum}
        refused = Refused(RefusedKind.REPAIR, checksum, refusals, asdict(figures), len(duplicates), conf)
        return True, [*notices, refuse(work, connection, refused, at)]


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


def _plan_archives(work: Work, due: Mapping[str, Drift]) -> None:
    """Write the changes down; each holds its booking as it is now, like any other change."""
    extract(work, None, due, ())
    plan_archives(work, due)
    with work.recording() as (connection, _):
        staging.clear_staged(connection, work.run.id, work.integration.id)


def _write_again(work: Work, drifts_found: Sequence[Drift], notices: Sequence[GuardNotice]) -> None:
    """Put the bookings of missing and stale activities through the normal plan, which is guarded like any other."""
    if not drifts_found:
        with work.recording() as (connection, _):
            tell(work, connection, notices)
        return
    extract(work, None, {str(drift.booking_id) for drift in drifts_found}, ())
    stale = sorted(str(drift.booking_id) for drift in drifts_found if drift.kind is DriftKind.STALE)
    with work.recording() as (connection, _):
        drifts.mark_outdated(connection, work.integration.id, stale)
    make_and_save_plan(work, notices)
    apply_changes(work, set(Operation))

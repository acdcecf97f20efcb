"""The sweep of every run: what HubSpot shows of ours is compared with bookings and mapping, before anything is planned.

It judges as the audit does, and mends what the audit's repair may mend (D5), each in the run's own plan: duplicates are
archived, stale activities written again, missing ones made. What people made or changed is told, and left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from booking_sync.audited import Evidence
from booking_sync.drift import Drift, DriftKind, find_drift
from booking_sync.evidence import audited, neighbours
from booking_sync.planned_archives import plan_archives
from booking_sync.recovery import Recovered, recover
from booking_sync.sightings import Sightings
from booking_sync.store import drifts, kept, staging
from booking_sync.store.database import reading
from booking_sync.work import Work


def sweep(work: Work, sightings: Sightings) -> dict[str, int]:
    """Put right what a run may put right by itself; return what was found, as counts of the run.

    Raises:
        IntegrationUnavailable, RequestFailed: HubSpot does not say what it holds.
    """
    recovered = recover(work, sightings)
    found = find_drift(_evidence(work, recovered)) if recovered.booking_ids or recovered.activities else ()
    with work.recording() as (connection, at):
        drifts.save_drifts(connection, work.run.id, work.integration.id, found, at=at)
    if not work.run.is_dry_run:
        _mend(work, [drift for drift in found if drift.is_mendable])
    kinds = Counter(f"sweep_{drift.kind.value}" for drift in found)
    return {**kinds, "sweep_adopted": recovered.adopted, "sweep_failed": int(sightings.failure is not None)}


def _evidence(work: Work, recovered: Recovered) -> Evidence:
    run_id, integration, ids = work.run.id, work.integration, sorted(recovered.booking_ids)
    at = work.services.clock()
    with reading(work.services.engine) as connection:
        staged = staging.load_staged(connection, work.services.vault, run_id, integration.id, ids)
        mapped = drifts.mapped_among(connection, integration.id, ids)
        bookings = {
            booking.id: audited(booking, row.outcome if (row := mapped.get(booking.id)) else None, at, work.settings)
            for booking, _ in staged
        }
        unreadable = kept.rejected_among(connection, integration.id, ids)
        in_work = drifts.in_work_among(connection, integration.id, ids)
        unmapped = sorted(recovered.activities.keys() - {row.activity_id for row in mapped.values()})
        archived = drifts.archived_by_us(connection, integration.id, unmapped)
        once = drifts.once_mapped(connection, integration.id, sorted(bookings.keys() - mapped.keys()))
    others, tells = neighbours(work)
    return Evidence(
        workspace_id=integration.workspace_id,
        other_workspace_ids=others,
        bookings=bookings,
        unreadable=unreadable - bookings.keys(),
        mapped=mapped,
        activities=recovered.activities,
        in_work=in_work,
        due_from=integration.connected_at,
        due_until=integration.watermark - timedelta(seconds=work.services.settings.overlap_seconds),
        archived_by_us=archived,
        once_mapped=once,
        tells_of_strangers=tells,
    )


def _mend(work: Work, mendable: Sequence[Drift]) -> None:
    """Prepare what the run's plan then carries out: of several duplicates of a booking one a run."""
    stale = [str(drift.booking_id) for drift in mendable if drift.kind is DriftKind.STALE]
    duplicates = {str(drift.booking_id): drift for drift in mendable if drift.kind is DriftKind.DUPLICATE}
    if stale:
        with work.recording() as (connection, _):
            drifts.mark_outdated(connection, work.integration.id, stale)
    if duplicates:
        plan_archives(work, duplicates)

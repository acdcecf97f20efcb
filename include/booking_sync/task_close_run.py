"""What the last task of a run does: record the windows, and say what happened."""

from __future__ import annotations

from collections.abc import Sequence

from booking_sync.closing import WAS_PLANNED, close_part
from booking_sync.due import goes_with_time
from booking_sync.report import RunReport
from booking_sync.services import Services
from booking_sync.states import RunState
from booking_sync.store import idle_parts, runs
from booking_sync.store.database import reading, writing
from booking_sync.store.freshness_counts import freshness_counts
from booking_sync.store.runs import IntegrationRun, Run
from booking_sync.telling import wipe_old_notices
from booking_sync.window import Window


def close_run(services: Services, run_id: str) -> RunReport:
    """Record the windows that were dealt with, and say what the run did.

    A window is recorded when every change in it is done or kept for the next run; only then does the watermark move.
    """
    with reading(services.engine) as connection:
        run = runs.load_run(connection, run_id)
        parts = runs.integration_runs(connection, run_id)
        findings = runs.load_findings(connection, run_id)
        idle = idle_parts.count_idle(connection, run_id)
    reports = tuple(close_part(services, run, part) for part in parts)
    unchanged = [f"{idle} more integrations: nothing has changed"] if idle else []
    notices = (*findings.notices, *_not_found(run, parts), *unchanged)
    report = RunReport(run.is_dry_run, reports, notices, findings.problems, findings.shared_calls)
    with writing(services.engine) as connection:
        if idle and not run.is_dry_run:
            idle_parts.record_idle(connection, run_id, completed_until=run.opened_at if goes_with_time(run) else None)
        state = RunState.FAILED if report.is_red else RunState.RECORDED
        counts = {**report.counts, **freshness_counts(connection, run)}
        runs.close_run(connection, run_id, state=state, counts=counts, closed_at=services.clock())
        wipe_old_notices(connection, services.clock())
    return report


def _not_found(run: Run, parts: Sequence[IntegrationRun]) -> list[str]:
    """Say that bookings which the request names are unknown, where every workspace could be asked.

    A booking belongs to one workspace, so that the others never have it.
    """
    asked = len(set(run.request["booking_ids"]))
    missing = asked - sum(part.counts.get("named", 0) for part in parts)
    if not parts or missing <= 0 or any(part.state not in WAS_PLANNED for part in parts):
        return []
    which = "The booking" if asked == 1 else f"{missing} of the {asked} bookings"
    return [f"{which} asked for by id: no workspace of this run has such an id"]


def covered_window(services: Services, run_id: str) -> Window | None:
    """Return from when until when the windows of a run reach that are recorded; None where it named bookings."""
    with reading(services.engine) as connection:
        parts = runs.integration_runs(connection, run_id)
    windows = [part.window for part in parts if part.window is not None and part.state is RunState.RECORDED]
    if not windows:
        return None
    return Window(min(window.start for window in windows), max(window.end for window in windows))

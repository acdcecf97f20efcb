"""The end of an integration's part in a run: what was not reached is kept, the window recorded, and all is counted."""

from __future__ import annotations

from sqlalchemy import Connection

from booking_sync.due import record_due
from booking_sync.report import MOST_PREVIEWED, ChangesOfRun, IntegrationReport, integration_report
from booking_sync.services import Services
from booking_sync.states import RunState
from booking_sync.store import change_figures, drifts, integrations, kept, planned_changes, runs, staging
from booking_sync.store.database import writing
from booking_sync.store.integrations import Integration
from booking_sync.store.runs import IntegrationRun, Run
from booking_sync.window import advanced_watermark

WAS_PLANNED = frozenset({RunState.PLANNED, RunState.STOPPED, RunState.RECORDED})
"""How far a part has come that was read to the end and planned, whatever became of its changes."""


def close_part(services: Services, run: Run, part: IntegrationRun) -> IntegrationReport:
    """Close one integration's part: keep what was not reached, record the window if it was planned, count."""
    is_recorded = part.state in WAS_PLANNED
    with writing(services.engine) as connection:
        not_reached = planned_changes.keep_planned(
            connection, run.id, part.integration_id, error=part.reason or "the run ended before it came to this change"
        )
        staging.clear_staged(connection, run.id, part.integration_id)
        drifts.note_mended(connection, run.id, part.integration_id)
        integration = integrations.load_integration(connection, part.integration_id)
        if is_recorded and not run.is_dry_run:
            _record_window(connection, run, part, integration)
            if not part.counts.get("sweep_failed"):
                integrations.set_swept(connection, part.integration_id, services.clock())
        state = RunState.RECORDED if is_recorded else RunState.FAILED
        reason = part.reason or _why_incomplete(part, not_reached)
        runs.set_integration_run(
            connection, run.id, part.integration_id, state, reason=reason, is_mending=part.is_mending
        )
        is_no_failure = part.is_mending and (is_recorded or integration.is_stopped_by_person)
        return integration_report(
            integration.workspace_name,
            part.counts,
            ChangesOfRun(
                change_figures.count_changes(connection, run.id, part.integration_id),
                change_figures.first_previewed(connection, run.id, part.integration_id, MOST_PREVIEWED)
                if run.is_dry_run
                else (),
                change_figures.changes_to_tell(connection, run.id, part.integration_id),
            ),
            [
                *kept.kept_reasons(connection, run.id, part.integration_id),
                *(("not returned", *row) for row in kept.silent_ones(connection, run.id, part.integration_id)),
            ],
            failure=None if is_no_failure else reason,
            is_recorded=is_recorded,
            is_dry_run=run.is_dry_run,
            guard=part.guard,
        )


def _record_window(connection: Connection, run: Run, part: IntegrationRun, integration: Integration) -> None:
    record_due(connection, run, integration)
    if part.window is not None and not part.window.is_empty:
        watermark = advanced_watermark(integration.watermark, part.window)
        integrations.move_watermark(connection, part.integration_id, watermark)


def _why_incomplete(part: IntegrationRun, not_reached: int) -> str | None:
    """Say what is missing where no step has said so: a task died, or was skipped."""
    if part.state in {RunState.OPEN, RunState.EXTRACTED}:
        return f"the run ended while this integration was {part.state}; the next run covers the window again"
    if not_reached:
        return f"the run ended before it came to {not_reached} changes; the next run carries them out"
    return None

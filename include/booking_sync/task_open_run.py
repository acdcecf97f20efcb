"""What the first task of a run does: record it, connect what can be reached, deal the integrations out to shards."""

from __future__ import annotations

from datetime import datetime

from booking_sync.approval import check_approval, in_the_name_of_the_approver
from booking_sync.connecting import connect_workspaces
from booking_sync.request import RunRequest, refuse_in_backfill, refuse_window
from booking_sync.services import Services
from booking_sync.shard import OpenedRun
from booking_sync.store import contact_links, runs
from booking_sync.store.database import writing
from booking_sync.store.integrations import Integration
from booking_sync.store.runs import Findings
from booking_sync.window import BACKFILL, RunTrigger, Window, window_for


def open_run(services: Services, trigger: RunTrigger, request: RunRequest) -> OpenedRun:
    """Record the run, connect what the keys can reach, and give every integration its window.

    A repeated call for the same DAG run opens the same run again.

    Raises:
        BookingSyncError: neither service can be worked with; nothing was read or written.
    """
    now = services.clock()
    refuse_window(request, now)
    if trigger.run_type == BACKFILL:
        refuse_in_backfill(request)
    hubspot_before, calendar_before = services.hubspot_requests.requests, services.calendar_requests.requests
    with writing(services.engine) as connection:
        contact_links.installation_salt(connection, services.vault)  # a secret key that does not fit is refused here
    connected = connect_workspaces(services, trigger, request)
    shared = {
        "hubspot_calls": services.hubspot_requests.requests - hubspot_before,
        "calendar_calls": services.calendar_requests.requests - calendar_before,
    }
    with writing(services.engine) as connection:
        run = runs.insert_run(
            connection,
            services.new_id(),
            in_the_name_of_the_approver(connection, trigger, request.approve_plan),
            request=request.model_dump(mode="json"),
            is_dry_run=request.dry_run,
            opened_at=now,
            findings=Findings(connected.notices, connected.problems, shared),
        )
        windows = {
            integration.id: _window_of(services, trigger, request, integration, now)
            for integration in connected.ready
            if not request.workspaces or integration.workspace_id in request.workspaces
        }
        runs.insert_integration_runs(connection, run.id, windows)
        if request.approve_plan is not None:
            check_approval(connection, run.id, request.approve_plan, windows.keys())
        return OpenedRun(run.id, runs.shards_of(connection, run.id))


def _window_of(
    services: Services, trigger: RunTrigger, request: RunRequest, integration: Integration, now: datetime
) -> Window | None:
    """Return what the run covers of an integration; None where it names bookings instead."""
    if request.booking_ids:
        return None
    return window_for(
        trigger,
        request,
        connected_at=integration.connected_at,
        watermark=integration.watermark,
        overlap_seconds=services.settings.overlap_seconds,
        now=now,
    )

"""One run, step by step: each step is what one Airflow task does, and :func:`reconcile` goes through all of them.

Every step loops over the integrations of its shard. What one of them cannot do is recorded with the reason and never
stops the others (W6); only what concerns the whole run is raised.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from booking_sync.apply import apply_changes
from booking_sync.approval import check_approval, in_the_name_of_the_approver
from booking_sync.closing import close_part
from booking_sync.connecting import connect_workspaces
from booking_sync.due import due_booking_ids, goes_with_time
from booking_sync.extract import extract as extract_bookings
from booking_sync.extract import kept_booking_ids
from booking_sync.idle import Part, idle_among
from booking_sync.plan_view import text_of_part
from booking_sync.planning import Verdict, make_and_save_plan
from booking_sync.report import RunReport
from booking_sync.request import RunRequest, refuse_in_backfill, refuse_window
from booking_sync.services import Services
from booking_sync.settle import settle
from booking_sync.shard import OpenedRun, for_each_integration
from booking_sync.shared_feed import SharedFeed, read_shared_feed
from booking_sync.sightings import look
from booking_sync.source_guard import check_source
from booking_sync.states import Operation, RunState
from booking_sync.store import (
    change_figures,
    contact_links,
    idle_parts,
    part_figures,
    planned_changes,
    runs,
    untouched,
)
from booking_sync.store.database import reading, writing
from booking_sync.store.freshness_counts import freshness_counts
from booking_sync.store.integrations import Integration
from booking_sync.store.runs import Findings, IntegrationRun, Run
from booking_sync.sweep import sweep
from booking_sync.telling import tell, wipe_old_notices
from booking_sync.window import BACKFILL, MANUAL, RunTrigger, Window, window_for
from booking_sync.work import Work

logger = logging.getLogger(__name__)


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
    with writing(services.engine) as connection:
        run = runs.insert_run(
            connection,
            services.new_id(),
            in_the_name_of_the_approver(connection, trigger, request.approve_plan),
            request=request.model_dump(mode="json"),
            is_dry_run=request.dry_run,
            opened_at=now,
        )
        windows = {
            integration.id: _window_of(services, trigger, request, integration, now)
            for integration in connected.ready
            if not request.workspaces or integration.workspace_id in request.workspaces
        }
        runs.insert_integration_runs(connection, run.id, windows)
        if request.approve_plan is not None:
            check_approval(connection, run.id, request.approve_plan, windows.keys())
        shared = {
            "hubspot_calls": services.hubspot_requests.requests - hubspot_before,
            "calendar_calls": services.calendar_requests.requests - calendar_before,
        }
        runs.set_findings(connection, run.id, Findings(connected.notices, connected.problems, shared))
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


def extract(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Settle what earlier runs left unanswered, then read what this run covers."""
    with reading(services.engine) as connection:
        run, parts = runs.load_run(connection, run_id), runs.parts_ready(connection, run_id, shard, {RunState.OPEN})
    feed, idle = _survey(services, run, shard, parts)

    def step(work: Work, part: IntegrationRun) -> dict[str, int]:
        kept_ids = kept_booking_ids(work)
        resting = 0 if work.run.is_dry_run else settle(work)
        sightings = look(work)
        named = {*work.run.request["booking_ids"], *due_booking_ids(work), *sightings.booking_ids}
        extracted = extract_bookings(work, part.window, named, kept_ids, feed)
        swept = sweep(work, sightings)
        with writing(services.engine) as connection:
            counts = {"read": extracted.read, "rejected": extracted.rejected, "resting": resting}
            counts |= {"ignored_rejects": len(extracted.ignored)} if extracted.ignored else {}
            counted = {**counts, "in_window": extracted.in_window, **swept}
            untouched.record(connection, run_id, part.integration_id, extracted.ignored)
            runs.advance(connection, run_id, part.integration_id, RunState.EXTRACTED, counted)
        return counts

    counts = for_each_integration(services, run_id, shard, "extract", {RunState.OPEN}, step)
    return {**counts, **({"idle": len(idle)} if idle else {})}


def _survey(
    services: Services, run: Run, shard: int | None, parts: Sequence[Part]
) -> tuple[SharedFeed | None, list[str]]:
    """Read for all integrations of the shard at once, where that is worth it, and set aside those without news.

    The first of the others bears the calls.
    """
    before = services.calendar_requests.requests
    feed = read_shared_feed(services.calendar, [part.window for _, part in parts])
    calls = services.calendar_requests.requests - before
    idle = idle_among(services, run, shard, parts, feed)
    if calls:
        resting = set(idle)
        bearer = next(one.id for one, _ in parts if one.id not in resting)
        with writing(services.engine) as connection:
            part_figures.count_requests(connection, run.id, bearer, {"calendar_calls": calls}, {})
            idle_parts.mark_idle(connection, run.id, idle)
    return feed, idle


def diff(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Compare what was read with the mapping, decide, and write the plan down."""

    def step(work: Work, part: IntegrationRun) -> dict[str, int]:
        counts = make_and_save_plan(work, check_source(work, part))
        if counts[Verdict.CHANGE] or counts[Verdict.TAKEN_OVER]:
            logger.info("%s", text_of_part(services, run_id, part.integration_id))
        else:
            logger.info("Plan of %s: nothing to do.", work.integration.workspace_id)
        return dict(counts)

    return for_each_integration(services, run_id, shard, "diff", {RunState.EXTRACTED}, step)


def apply_create(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Create the activities of new bookings, and the contacts that HubSpot does not have."""
    return _apply(services, run_id, shard, "apply_create", {Operation.CREATE})


def apply_recreate(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Create the new activities of rescheduled bookings, then archive the old ones."""
    return _apply(services, run_id, shard, "apply_recreate", {Operation.RECREATE})


def apply_cancel(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Rename the activities of cancelled bookings, and make all other changes in place.

    They belong together: to HubSpot both are updates, and they share batches. It is the last step that writes, so
    people are told here what it and those before have recorded (M1).
    """
    operations = {Operation.CANCEL, Operation.UPDATE, Operation.MARK}
    counts = _apply(services, run_id, shard, "apply_cancel", operations)
    return counts | tell(services, run_id, shard)


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
    notices = (*findings.notices, *([f"{idle} more integrations: nothing has changed"] if idle else []))
    report = RunReport(run.is_dry_run, reports, notices, findings.problems, findings.shared_calls)
    with writing(services.engine) as connection:
        if idle and not run.is_dry_run:
            idle_parts.record_idle(connection, run_id, completed_until=run.opened_at if goes_with_time(run) else None)
        state = RunState.FAILED if report.is_red else RunState.RECORDED
        counts = {**report.counts, **freshness_counts(connection, run)}
        runs.close_run(connection, run_id, state=state, counts=counts, closed_at=services.clock())
        wipe_old_notices(connection, services.clock())
    return report


def covered_window(services: Services, run_id: str) -> Window | None:
    """Return from when until when the windows of a run reach that are recorded; None where it named bookings."""
    with reading(services.engine) as connection:
        parts = runs.integration_runs(connection, run_id)
    windows = [part.window for part in parts if part.window is not None and part.state is RunState.RECORDED]
    if not windows:
        return None
    return Window(min(window.start for window in windows), max(window.end for window in windows))


def reconcile(services: Services, trigger: RunTrigger, request: RunRequest) -> RunReport:
    """Go through a whole run in one process."""
    opened = open_run(services, trigger, request)
    for shard in opened.shards:
        for step in (extract, diff, apply_create, apply_recreate, apply_cancel):
            step(services, opened.run_id, shard)
    return close_run(services, opened.run_id)


def manual_trigger(dag_run_id: str, requested_by: str) -> RunTrigger:
    """Describe a run that a person started outside Airflow."""
    return RunTrigger("command_line", dag_run_id, MANUAL, requested_by)


def _apply(services: Services, run_id: str, shard: int | None, task: str, operations: set[Operation]) -> dict[str, int]:
    """Take one apply step; integrations with nothing planned for it are left alone, whoever works on them."""

    def step(work: Work, _part: IntegrationRun) -> dict[str, int]:
        apply_changes(work, operations)
        with reading(services.engine) as connection:
            return change_figures.count_of_operations(connection, run_id, work.integration.id, operations)

    with reading(services.engine) as connection:
        with_work = planned_changes.integrations_with_work(connection, run_id, operations)
    if not with_work:
        return {}
    return for_each_integration(services, run_id, shard, task, {RunState.PLANNED}, step, with_work)

"""The audit, step by step: each step is what one Airflow task does, and :func:`run_audit` goes through all of them.

One step reads, compares and, where asked for, mends, all under one lease: what was found cannot change before it is
mended, and no run can begin with something that the comparison then takes for drift.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from booking_sync.approval import OF_THE_AUDIT, check_approval, in_the_name_of_the_approver
from booking_sync.audit_report import MOST_SENTENCES, AuditReport, IntegrationAudit, finding_line
from booking_sync.audited import Evidence
from booking_sync.drift import Drift, DriftKind, find_drift
from booking_sync.errors import InvalidRequest, SuspiciousRead
from booking_sync.evidence import gather
from booking_sync.guard import refuse_absence
from booking_sync.model import Workspace
from booking_sync.repair import mend
from booking_sync.request import AuditRequest
from booking_sync.services import Services
from booking_sync.shard import OpenedRun, for_each_integration, load_due
from booking_sync.states import RecordedState, RunState
from booking_sync.store import contact_links, drifts, integrations, part_figures, planned_changes, runs, staging
from booking_sync.store.database import reading, writing
from booking_sync.store.integrations import Integration
from booking_sync.store.runs import Findings, IntegrationRun, Run
from booking_sync.window import RunTrigger
from booking_sync.work import Work

logger = logging.getLogger(__name__)

NOT_REACHED = "the audit ended before it came to this change"
ENDED = "the audit ended before it had compared this integration"


def open_audit(services: Services, trigger: RunTrigger, request: AuditRequest) -> OpenedRun:
    """Record the audit and say which integrations it looks at; it connects none, that is for the sync.

    A repeated call for the same DAG run opens the same audit again.

    Raises:
        BookingSyncError: neither service can be worked with; nothing was read or written.
    """
    now = services.clock()
    hubspot_before, calendar_before = services.hubspot_requests.requests, services.calendar_requests.requests
    with writing(services.engine) as connection:
        contact_links.installation_salt(connection, services.vault)  # a secret key that does not fit is refused here
    workspaces = {workspace.id: workspace for workspace in services.calendar.workspaces()}
    if unknown := sorted(set(request.workspaces) - workspaces.keys()):
        raise InvalidRequest(f"workspaces: the Calendar.com key cannot read {', '.join(unknown)}.")
    portal_id = services.hubspot.portal().id if services.tokens is None else None
    shared = {
        "hubspot_calls": services.hubspot_requests.requests - hubspot_before,
        "calendar_calls": services.calendar_requests.requests - calendar_before,
    }
    with writing(services.engine) as connection:
        recorded = integrations.all_integrations(connection)
        asked = [one for one in recorded if not request.workspaces or one.workspace_id in request.workspaces]
        reasons = {one.id: _why_not(one, workspaces.get(one.workspace_id), portal_id) for one in asked}
        notices = tuple(f"{one.workspace_name}: not audited ({reasons[one.id]})" for one in asked if reasons[one.id])
        run = runs.insert_run(
            connection,
            services.new_id(),
            in_the_name_of_the_approver(connection, trigger, request.approve_plan),
            request=request.model_dump(mode="json"),
            is_dry_run=not request.repair,
            opened_at=now,
            findings=Findings(notices, shared_calls=shared),
        )
        ready = [one for one in asked if reasons[one.id] is None]
        runs.insert_integration_runs(connection, run.id, {integration.id: None for integration in ready})
        if request.approve_plan is not None:
            check_approval(connection, run.id, request.approve_plan, {one.id for one in ready}, OF_THE_AUDIT)
        return OpenedRun(run.id, runs.shards_of(connection, run.id))


def audit(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Compare bookings, mapping and HubSpot; mend what may be mended where the request says so (D5, X5)."""

    def step(work: Work, part: IntegrationRun) -> dict[str, int]:
        _note_mended(work)  # by an earlier try of this task
        evidence = gather(work)
        found = find_drift(evidence)
        with work.recording() as (connection, at):
            drifts.save_drifts(connection, run_id, part.integration_id, found, at=at)
        _see_that_bookings_are_there(work, evidence, found)
        if not work.run.is_dry_run:
            mend(work, found)
        _note_mended(work)
        compared = {"bookings": len(evidence.bookings), "activities": len(evidence.activities)}
        with writing(services.engine) as connection:
            runs.advance(connection, run_id, part.integration_id, RunState.EXTRACTED, compared)
        return {**compared, **Counter(drift.kind.value for drift in found)}

    due = load_due(services, run_id, shard, {RunState.OPEN, RunState.EXTRACTED})
    return for_each_integration(services, due, "audit", step)


def close_audit(services: Services, run_id: str) -> AuditReport:
    """Say what the audit found; what a repair did not come to is kept for the next sync."""
    with reading(services.engine) as connection:
        run = runs.load_run(connection, run_id)
        parts = runs.integration_runs(connection, run_id)
        findings = runs.load_findings(connection, run_id)
    report = AuditReport(tuple(_close_part(services, run, part) for part in parts), findings.notices)
    with writing(services.engine) as connection:
        state = RunState.FAILED if report.is_red else RunState.RECORDED
        runs.close_run(connection, run_id, state=state, counts=report.counts, closed_at=services.clock())
    return report


def run_audit(services: Services, trigger: RunTrigger, request: AuditRequest) -> AuditReport:
    """Go through a whole audit in one process."""
    opened = open_audit(services, trigger, request)
    for shard in opened.shards:
        audit(services, opened.run_id, shard)
    return close_audit(services, opened.run_id)


def _why_not(integration: Integration, workspace: Workspace | None, portal_id: str | None) -> str | None:
    """Say why an integration cannot be audited; None where it can. ``portal_id`` is that of a service key."""
    if not integration.is_working:
        return integration.why_idle
    if portal_id not in (None, integration.portal_id):
        return f"connected to HubSpot portal {integration.portal_id}, the key belongs to portal {portal_id}"
    if workspace is None:
        return "the Calendar.com key cannot read this workspace"
    if not workspace.has_hubspot_plan:
        return f"the plan {workspace.plan} does not include the HubSpot integration"
    return None


def _see_that_bookings_are_there(work: Work, evidence: Evidence, found: Sequence[Drift]) -> None:
    """Refuse to go on where most bookings are gone: that is rather a fault of Calendar.com's, or a key's (W5, X5).

    Raises:
        SuspiciousRead: far fewer bookings came back than are mapped.
    """
    mapped = sum(row.state is not RecordedState.REPLACED for row in evidence.mapped.values())
    there = mapped - sum(drift.kind is DriftKind.VANISHED for drift in found)
    if refusal := refuse_absence(there, mapped, work.services.settings.guard_limits):
        raise SuspiciousRead(f"{refusal.sentence}. Nothing is repaired")


def _note_mended(work: Work) -> None:
    with work.recording() as (connection, _):
        drifts.note_mended(connection, work.run.id, work.integration.id)


def _close_part(services: Services, run: Run, part: IntegrationRun) -> IntegrationAudit:
    is_compared = part.state in {RunState.EXTRACTED, RunState.RECORDED}
    failure = None if is_compared else part.reason or ENDED
    with writing(services.engine) as connection:
        planned_changes.keep_planned(connection, run.id, part.integration_id, error=NOT_REACHED)
        staging.clear_staged(connection, run.id, part.integration_id)
        drifts.note_mended(connection, run.id, part.integration_id)
        state = RunState.RECORDED if is_compared else RunState.FAILED
        runs.set_integration_run(connection, run.id, part.integration_id, state, reason=failure)
        counts, mended = drifts.count_drifts(connection, run.id, part.integration_id)
        first = drifts.first_drifts(connection, run.id, part.integration_id, MOST_SENTENCES)
        compared = part_figures.load_counts(connection, run.id, part.integration_id)
        return IntegrationAudit(
            name=integrations.load_integration(connection, part.integration_id).workspace_name,
            bookings=compared.get("bookings", 0),
            activities=compared.get("activities", 0),
            counts=counts,
            mended=mended,
            sentences=tuple(map(finding_line, first)),
            failure=failure,
            guard=part.guard,
        )

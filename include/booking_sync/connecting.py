"""Which workspaces are connected to which portal.

Single-portal mode: with a service key, every workspace that the Calendar.com key can read, on Pro or above, counts as
connected to that key's portal (K2). With an OAuth client, those count that a person has connected. The plan is looked
at in every run (K1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.clients.hubspot_model import Portal
from booking_sync.errors import DailyLimitReached, InvalidRequest
from booking_sync.granted import granted_integrations
from booking_sync.model import Workspace
from booking_sync.readiness import (
    UNREADABLE,
    Connected,
    idle_notice,
    is_paused_for_plan,
    pause_for_plan,
    plan_reason,
)
from booking_sync.request import RunRequest
from booking_sync.services import Services
from booking_sync.states import IntegrationState
from booking_sync.store import integrations, rates
from booking_sync.store.database import writing
from booking_sync.store.integrations import Integration
from booking_sync.window import RunTrigger, first_connected_at


def connect_workspaces(services: Services, trigger: RunTrigger, request: RunRequest) -> Connected:
    """Look at what both keys can reach, record it, and return the integrations to work on.

    Raises:
        AccessRefused: a key is not accepted.
        InvalidRequest: the run names a workspace that the key cannot read.
    """
    workspaces = list(services.calendar.workspaces())
    _check_names(request.workspaces, workspaces)
    if services.tokens is not None:
        return granted_integrations(services, workspaces)
    try:
        portal = services.hubspot.portal()
    except DailyLimitReached as limit:
        return Connected((), (f"{limit}; nothing is passed on until midnight in the portal's time zone",), ())
    now = services.clock()
    lookback = services.settings.first_lookback_seconds
    connected_at = first_connected_at(trigger, request, now=now, lookback_seconds=lookback)
    reachable = {workspace.id for workspace in workspaces}
    with writing(services.engine) as connection:
        integrations.remember_portal(connection, portal)
        rates.lift_stop(connection, portal.id)  # it answers
        before = integrations.all_integrations(connection)
        notices = _connect(connection, workspaces, before, portal, connected_at)
        problems = _miss(connection, reachable, before, portal)
        recorded = integrations.all_integrations(connection)
    ready = tuple(
        integration
        for integration in recorded
        if integration.is_working and integration.portal_id == portal.id and integration.workspace_id in reachable
    )
    return Connected(ready, tuple(notices), tuple(problems))


def _check_names(names: Sequence[str], workspaces: Sequence[Workspace]) -> None:
    unknown = sorted(set(names) - {workspace.id for workspace in workspaces})
    if unknown:
        raise InvalidRequest(f"workspaces: the Calendar.com key cannot read {', '.join(unknown)}.")


def _connect(
    connection: Connection,
    workspaces: Sequence[Workspace],
    recorded: Sequence[Integration],
    portal: Portal,
    connected_at: datetime,
) -> list[str]:
    """Connect, pause and resume according to plans; return what there is to say."""
    known = {integration.workspace_id: integration for integration in recorded}
    notices: list[str] = []
    for workspace in workspaces:
        integration = known.get(workspace.id)
        if integration is not None and integration.portal_id != portal.id:
            notices.append(
                f"{workspace.name}: is connected to HubSpot portal {integration.portal_id}, but the service key in "
                f"hubspot_default belongs to portal {portal.id}. "
                "Nothing is passed on until the key of the first is back."
            )
        elif integration is not None and integration.is_stopped_by_person:
            notices.append(idle_notice(integration))
        elif not workspace.has_hubspot_plan:
            notices.append(_refuse_plan(connection, workspace, integration))
        elif integration is None:
            integrations.connect(
                connection,
                workspace_id=workspace.id,
                workspace_name=workspace.name,
                portal_id=portal.id,
                connected_at=connected_at,
            )
        elif _may_resume(integration):
            integrations.set_state(connection, integration.id, IntegrationState.CONNECTED, None)
    return notices


def _miss(connection: Connection, reachable: set[str], recorded: Sequence[Integration], portal: Portal) -> list[str]:
    """Note connected workspaces that the key cannot read any more; return those for which that is news."""
    lost = [
        integration
        for integration in recorded
        if integration.portal_id == portal.id
        and integration.workspace_id not in reachable
        and integration.state is IntegrationState.CONNECTED
    ]
    for integration in lost:
        integrations.set_state(connection, integration.id, IntegrationState.NEEDS_RECONNECTING, UNREADABLE)
    return [f"{integration.workspace_name}: {UNREADABLE}" for integration in lost]


def _refuse_plan(connection: Connection, workspace: Workspace, integration: Integration | None) -> str:
    """Refuse to connect a workspace below Pro, or pause one that was connected (K1)."""
    if integration is None:
        return f"{workspace.name}: not connected ({plan_reason(workspace)})"
    return pause_for_plan(connection, workspace, integration)


def _may_resume(integration: Integration) -> bool:
    """Say whether what stopped an integration is over, now that its workspace can be read and is on the right plan."""
    return is_paused_for_plan(integration) or integration.state is IntegrationState.NEEDS_RECONNECTING

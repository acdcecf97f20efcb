"""Which workspaces are connected to which portal.

Single-portal mode: with a service key, every workspace that the Calendar.com key can read, on Pro or above, counts as
connected to that key's portal (K2). The plan is looked at in every run (K1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.clients.hubspot_model import Portal
from booking_sync.errors import InvalidRequest
from booking_sync.model import Workspace
from booking_sync.request import RunRequest
from booking_sync.services import Services
from booking_sync.states import IntegrationState
from booking_sync.store import integrations
from booking_sync.store.database import writing
from booking_sync.store.integrations import Integration
from booking_sync.window import RunTrigger, first_connected_at

UNREADABLE = "the Calendar.com key in calendar_default cannot read this workspace any more; nothing is passed on"

PLAN_REASON = "plan"
"""Marks a pause as one of ours, which ends by itself when the plan is back; a person's pause does not."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The integrations that a run may work on, what there is to say about the others, and what is wrong since now."""

    ready: tuple[Integration, ...]
    notices: tuple[str, ...]
    problems: tuple[str, ...]


def connect_workspaces(services: Services, trigger: RunTrigger, request: RunRequest) -> Connected:
    """Look at what both keys can reach, record it, and return the integrations to work on.

    Raises:
        AccessRefused: a key is not accepted.
        InvalidRequest: the run names a workspace that the key cannot read.
    """
    workspaces = list(services.calendar.workspaces())
    _check_names(request.workspaces, workspaces)
    portal = services.hubspot.portal()
    now = services.clock()
    lookback = services.settings.first_lookback_seconds
    connected_at = first_connected_at(trigger, request, now=now, lookback_seconds=lookback)
    with writing(services.engine) as connection:
        integrations.remember_portal(
            connection, portal.id, name=portal.name, ui_domain=portal.ui_domain, time_zone=portal.time_zone
        )
        notices = _connect(connection, workspaces, portal, connected_at)
        problems = _miss(connection, {workspace.id for workspace in workspaces}, portal)
        recorded = integrations.all_integrations(connection)
    reachable = {workspace.id for workspace in workspaces}
    ready = tuple(
        integration
        for integration in recorded
        if integration.state is IntegrationState.CONNECTED
        and integration.portal_id == portal.id
        and integration.workspace_id in reachable
    )
    return Connected(ready, tuple(notices), tuple(problems))


def _check_names(names: Sequence[str], workspaces: Sequence[Workspace]) -> None:
    unknown = sorted(set(names) - {workspace.id for workspace in workspaces})
    if unknown:
        raise InvalidRequest(f"workspaces: the Calendar.com key cannot read {', '.join(unknown)}.")


def _connect(
    connection: Connection, workspaces: Sequence[Workspace], portal: Portal, connected_at: datetime
) -> list[str]:
    """Connect, pause and resume according to plans; return what there is to say."""
    known = {integration.workspace_id: integration for integration in integrations.all_integrations(connection)}
    notices: list[str] = []
    for workspace in workspaces:
        integration = known.get(workspace.id)
        if integration is not None and integration.portal_id != portal.id:
            notices.append(
                f"{workspace.name}: is connected to HubSpot portal {integration.portal_id}, but the service key in "
                f"hubspot_default belongs to portal {portal.id}. "
                "Nothing is passed on until the key of the first is back."
            )
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


def _miss(connection: Connection, reachable: set[str], portal: Portal) -> list[str]:
    """Note connected workspaces that the key cannot read any more; return those for which that is news."""
    lost = [
        integration
        for integration in integrations.all_integrations(connection)
        if integration.portal_id == portal.id
        and integration.workspace_id not in reachable
        and integration.state is IntegrationState.CONNECTED
    ]
    for integration in lost:
        integrations.set_state(connection, integration.id, IntegrationState.NEEDS_RECONNECTING, UNREADABLE)
    return [f"{integration.workspace_name}: {UNREADABLE}" for integration in lost]


def _refuse_plan(connection: Connection, workspace: Workspace, integration: Integration | None) -> str:
    """Refuse to connect a workspace below Pro, or pause one that was connected; nothing is deleted (K1)."""
    reason = f"{PLAN_REASON}: {workspace.plan} does not include the HubSpot integration; it needs Pro or above"
    if integration is None:
        return f"{workspace.name}: not connected ({reason})"
    if integration.state is IntegrationState.CONNECTED:
        integrations.set_state(connection, integration.id, IntegrationState.PAUSED, reason)
    return f"{workspace.name}: paused ({reason})"


def _may_resume(integration: Integration) -> bool:
    """Say whether what stopped an integration is over, now that its workspace can be read and is on the right plan."""
    is_paused_for_plan = (integration.state_reason or "").startswith(f"{PLAN_REASON}:")
    if integration.state is IntegrationState.PAUSED:
        return is_paused_for_plan
    return integration.state is IntegrationState.NEEDS_RECONNECTING

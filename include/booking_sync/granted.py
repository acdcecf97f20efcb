"""OAuth mode: the integrations that people connected, as far as a run may work on them.

HubSpot is not asked here. A portal whose tokens are dead shows itself when its integration is worked on, apart from the
others (W6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.disconnecting import finish_what_was_begun
from booking_sync.model import Workspace
from booking_sync.readiness import UNREADABLE, Connected, idle_notice, is_paused_for_plan, pause_for_plan
from booking_sync.services import Services
from booking_sync.states import AccessState, IntegrationState
from booking_sync.store import accesses, integrations
from booking_sync.store.database import writing
from booking_sync.store.integrations import Integration
from booking_sync.tokens import no_access


@dataclass(slots=True)
class _Findings:
    ready: list[Integration] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def granted_integrations(services: Services, workspaces: Sequence[Workspace]) -> Connected:
    """Sort the integrations into those that may be worked on and those of which there is something to say."""
    readable = {workspace.id: workspace for workspace in workspaces}
    unfinished = finish_what_was_begun(services)
    found = _Findings(notices=[*unfinished])
    with writing(services.engine) as connection:
        for integration in _without_access_broken(connection, integrations.all_integrations(connection)):
            if integration.state is not IntegrationState.DISCONNECTED:
                _sort(connection, integration, readable, found, services.clock())
    return Connected(tuple(found.ready), tuple(found.notices), tuple(found.problems))


def _without_access_broken(connection: Connection, recorded: Sequence[Integration]) -> list[Integration]:
    """Return the integrations as they stand once those are broken that have no access to their portal.

    They were connected with a service key, before there was an OAuth client.
    """
    usable = set(accesses.portals_with_access(connection, [AccessState.USABLE]))
    return [one if one.portal_id in usable else _broken(connection, one) for one in recorded]


def _broken(connection: Connection, integration: Integration) -> Integration:
    if integration.state is not IntegrationState.CONNECTED:
        return integration
    reason = no_access(integration.portal_id)
    integrations.set_state(connection, integration.id, IntegrationState.NEEDS_RECONNECTING, reason)
    return replace(integration, state=IntegrationState.NEEDS_RECONNECTING, state_reason=reason)


def _sort(
    connection: Connection,
    integration: Integration,
    readable: Mapping[str, Workspace],
    found: _Findings,
    now: datetime,
) -> None:
    workspace = readable.get(integration.workspace_id)
    if workspace is None or integration.state is IntegrationState.NEEDS_RECONNECTING:
        why = UNREADABLE if workspace is None else integration.why_idle
        is_news = integrations.note_alerted(connection, integration.id, now)
        (found.problems if is_news else found.notices).append(f"{integration.workspace_name}: {why}")
    elif not workspace.has_hubspot_plan:
        found.notices.append(pause_for_plan(connection, workspace, integration))
    else:
        present = _resumed(connection, integration)
        if present.is_working:
            found.ready.append(present)
        else:
            found.notices.append(idle_notice(present))


def _resumed(connection: Connection, integration: Integration) -> Integration:
    """Note that nothing is wrong with an integration (any more), and return it as it stands then."""
    if integration.alerted_at is not None:
        integrations.clear_alert(connection, integration.id)
    if not is_paused_for_plan(integration):
        return integration
    integrations.set_state(connection, integration.id, IntegrationState.CONNECTED, None)
    return replace(integration, state=IntegrationState.CONNECTED, state_reason=None)

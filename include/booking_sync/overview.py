"""What the Integrations page shows of each workspace: one card, read from our database and the list of workspaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from booking_sync.errors import BookingSyncError
from booking_sync.model import Workspace
from booking_sync.readiness import UNREADABLE, plan_reason
from booking_sync.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES, missing_scopes
from booking_sync.services import Services
from booking_sync.states import AccessState, IntegrationState
from booking_sync.store import accesses, figures, integrations
from booking_sync.store.accesses import Access
from booking_sync.store.database import reading
from booking_sync.store.figures import LastPart
from booking_sync.store.integration_events import RecordedEvent, events_of
from booking_sync.store.integrations import Integration, PortalRecord

A_DAY = timedelta(days=1)
MOST_EVENTS = 20


class CardState(StrEnum):
    """What a card says first."""

    NOT_CONNECTED = "not_connected"
    CONNECTED = "connected"
    PAUSED = "paused"
    NEEDS_RECONNECTING = "needs_reconnecting"
    DISCONNECTED = "disconnected"


class Health(StrEnum):
    """The badge.

    ``waiting``: no run yet; ``attention``: something is kept for later; ``failing``: the last run failed.
    """

    IDLE = "idle"
    WAITING = "waiting"
    HEALTHY = "healthy"
    ATTENTION = "attention"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class PortalCard:
    """The portal of a card. ``missing_scopes`` stops the integration, ``missing_optional`` only part of it.

    ``access`` is None with a service key. No token is in here.
    """

    id: str
    name: str | None
    ui_domain: str | None
    has_unique_key: bool | None
    access: AccessState | None = None
    scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    missing_optional: tuple[str, ...] = ()
    granted_by: str | None = None
    granted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One workspace, with the portal it is or was connected to. ``counts_of_day`` are changes by operation, and kept.

    ``integration_id`` and what follows are None, or empty, where the workspace never was connected. ``can_connect`` is
    None, or why connecting would be refused.
    """

    workspace_id: str
    workspace_name: str
    plan: str | None
    state: CardState
    why: str | None
    cannot_connect: str | None
    integration_id: str | None = None
    portal: PortalCard | None = None
    connected_at: datetime | None = None
    last_run: LastPart | None = None
    health: Health = Health.IDLE
    counts_of_day: Mapping[str, int] = field(default_factory=dict)
    events: tuple[RecordedEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """Every card, and what is wrong with the installation as a whole.

    ``free_portals`` have granted access, and no workspace is connected to them: Connect App offers them.
    """

    cards: tuple[Card, ...]
    is_oauth: bool
    problem: str | None
    free_portals: tuple[PortalCard, ...]


def overview(services: Services) -> Overview:
    """Read everything for the page: one request to Calendar.com, none to HubSpot."""
    problem, workspaces = None, list[Workspace]()
    try:
        workspaces = list(services.calendar.workspaces())
    except BookingSyncError as error:
        problem = str(error)
    with reading(services.engine) as connection:
        recorded = _newest_of_each_workspace(integrations.all_integrations(connection))
        access = {one.portal_id: one for one in accesses.all_accesses(connection)}
        readable = {workspace.id: workspace for workspace in workspaces}
        ids = [*readable, *(id_ for id_ in recorded if id_ not in readable)]
        now = services.clock()
        cards = tuple(
            _card(connection, readable.get(id_), recorded.get(id_), access, now, is_listed=problem is None)
            for id_ in ids
        )
        taken = {
            one.portal_id
            for one in integrations.all_integrations(connection)
            if one.state is not IntegrationState.DISCONNECTED
        }
        free = [one for one in access.values() if one.state is AccessState.USABLE and one.portal_id not in taken]
        free_portals = tuple(_portal(integrations.load_portal(connection, one.portal_id), one) for one in free)
    return Overview(cards, services.tokens is not None, problem, free_portals)


def _newest_of_each_workspace(recorded: Sequence[Integration]) -> dict[str, Integration]:
    """Choose the integration that a card is about: the one that is not disconnected, else the last connected."""
    ordered = sorted(recorded, key=lambda one: (one.state is not IntegrationState.DISCONNECTED, one.connected_at))
    return {one.workspace_id: one for one in ordered}


def _card(
    connection: Connection,
    workspace: Workspace | None,
    integration: Integration | None,
    access: Mapping[str, Access],
    now: datetime,
    *,
    is_listed: bool,
) -> Card:
    refusal = None
    if workspace is not None and not workspace.has_hubspot_plan:
        refusal = plan_reason(workspace)
    if integration is None:
        if workspace is None:  # pragma: no cover - every id comes from one of the two
            raise RuntimeError("a card needs a workspace or an integration")
        return Card(workspace.id, workspace.name, workspace.plan, CardState.NOT_CONNECTED, refusal, refusal)
    last = figures.last_part(connection, integration.id)
    counts = figures.counts_since(connection, integration.id, now - A_DAY)
    unreadable = UNREADABLE if workspace is None and is_listed else None
    return Card(
        workspace_id=integration.workspace_id,
        workspace_name=workspace.name if workspace else integration.workspace_name,
        plan=workspace.plan if workspace else None,
        state=_state(integration),
        why=integration.why_idle or unreadable or refusal,
        cannot_connect=refusal,
        integration_id=integration.id,
        portal=_portal(integrations.load_portal(connection, integration.portal_id), access.get(integration.portal_id)),
        connected_at=integration.connected_at,
        last_run=last,
        health=_health(integration, last, counts),
        counts_of_day=counts,
        events=tuple(events_of(connection, integration.id, MOST_EVENTS)),
    )


def _state(integration: Integration) -> CardState:
    if integration.state is IntegrationState.CONNECTED and integration.paused_at is not None:
        return CardState.PAUSED
    return CardState(integration.state.value)


def _health(integration: Integration, last: LastPart | None, counts: Counter[str]) -> Health:
    if not integration.is_working:
        return Health.IDLE
    if last is None:
        return Health.WAITING
    if last.is_failed:
        return Health.FAILING
    return Health.ATTENTION if counts["kept"] or last.reason else Health.HEALTHY


def _portal(record: PortalRecord, access: Access | None) -> PortalCard:
    if access is None:
        return PortalCard(record.id, record.name, record.ui_domain, record.has_unique_key)
    return PortalCard(
        record.id,
        record.name,
        record.ui_domain,
        record.has_unique_key,
        access=access.state,
        scopes=access.scopes,
        missing_scopes=missing_scopes(access.scopes, REQUIRED_SCOPES),
        missing_optional=missing_scopes(access.scopes, OPTIONAL_SCOPES),
        granted_by=access.granted_by,
        granted_at=access.granted_at,
    )

"""What the Integrations page shows of each workspace: one card, read from our database and the list of workspaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from booking_sync.model import Workspace
from booking_sync.readiness import UNREADABLE, plan_reason
from booking_sync.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES, missing_scopes
from booking_sync.services import Services
from booking_sync.states import AccessState, IntegrationState
from booking_sync.store import accesses, figures, integrations
from booking_sync.store.accesses import Access
from booking_sync.store.database import reading
from booking_sync.store.figures import LastPart
from booking_sync.store.integrations import Integration, PortalRecord

A_DAY = timedelta(days=1)


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
    """One workspace, with the portal it is or was connected to.

    ``cannot_connect``: why connecting would be refused, else None. ``integration_id`` and what follows are None, or
    empty, where the workspace never was connected. ``last_run``: among the latest. ``counts_of_day``: changes by
    operation, and what is kept. ``calls_of_day``: requests to HubSpot.
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
    calls_of_day: int = 0
    is_paused_by_person: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """Every card, and what is wrong with the installation as a whole.

    ``free_portals`` have granted access, and no workspace is connected to them: Connect App offers them.
    """

    cards: tuple[Card, ...]
    is_oauth: bool
    problem: str | None
    free_portals: tuple[PortalCard, ...]


def overview(services: Services, workspaces: Sequence[Workspace], *, problem: str | None = None) -> Overview:
    """Read everything for the page from our database, with a few queries however many integrations there are.

    ``workspaces``: those that the Calendar.com key can read; with a ``problem`` they may not be all of them.
    """
    now = services.clock()
    with reading(services.engine) as connection:
        everything = integrations.all_integrations(connection)
        read = _Read(
            readable={workspace.id: workspace for workspace in workspaces},
            recorded=_newest_of_each_workspace(everything),
            portals=integrations.all_portals(connection),
            access={one.portal_id: one for one in accesses.all_accesses(connection)},
            last=figures.last_parts(connection),
            counts=figures.counts_since(connection, now - A_DAY),
            calls=figures.calls_since(connection, now - A_DAY),
            is_complete=problem is None,
        )
    ids = [*read.readable, *(id_ for id_ in read.recorded if id_ not in read.readable)]
    taken = {one.portal_id for one in everything if one.state is not IntegrationState.DISCONNECTED}
    free = [one for one in read.access.values() if one.state is AccessState.USABLE and one.portal_id not in taken]
    return Overview(
        cards=tuple(_card(read, id_) for id_ in ids),
        is_oauth=services.tokens is not None,
        problem=problem,
        free_portals=tuple(_portal(read, one.portal_id) for one in free),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read: by workspace, by portal, and from ``last`` on by integration."""

    readable: Mapping[str, Workspace]
    recorded: Mapping[str, Integration]
    portals: Mapping[str, PortalRecord]
    access: Mapping[str, Access]
    last: Mapping[str, LastPart]
    counts: Mapping[str, Counter[str]]
    calls: Mapping[str, int]
    is_complete: bool


def _newest_of_each_workspace(recorded: Sequence[Integration]) -> dict[str, Integration]:
    """Choose the integration that a card is about: the one that is not disconnected, else the last connected."""
    ordered = sorted(recorded, key=lambda one: (one.state is not IntegrationState.DISCONNECTED, one.connected_at))
    return {one.workspace_id: one for one in ordered}


def _card(read: _Read, workspace_id: str) -> Card:
    workspace, integration = read.readable.get(workspace_id), read.recorded.get(workspace_id)
    refusal = plan_reason(workspace) if workspace is not None and not workspace.has_hubspot_plan else None
    if integration is not None:
        return _integration_card(read, integration, workspace, refusal)
    workspace = read.readable[workspace_id]
    return Card(workspace.id, workspace.name, workspace.plan, CardState.NOT_CONNECTED, refusal, refusal)


def _integration_card(read: _Read, integration: Integration, workspace: Workspace | None, refusal: str | None) -> Card:
    last = read.last.get(integration.id)
    counts = read.counts.get(integration.id, Counter[str]())
    unreadable = UNREADABLE if workspace is None and read.is_complete else None
    return Card(
        workspace_id=integration.workspace_id,
        workspace_name=workspace.name if workspace else integration.workspace_name,
        plan=workspace.plan if workspace else None,
        state=_state(integration),
        why=integration.why_idle or unreadable or refusal,
        cannot_connect=refusal,
        integration_id=integration.id,
        portal=_portal(read, integration.portal_id),
        connected_at=integration.connected_at,
        last_run=last,
        health=_health(integration, last, counts),
        counts_of_day=counts,
        calls_of_day=read.calls.get(integration.id, 0),
        is_paused_by_person=integration.paused_at is not None,
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


def _portal(read: _Read, portal_id: str) -> PortalCard:
    record, access = read.portals[portal_id], read.access.get(portal_id)
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

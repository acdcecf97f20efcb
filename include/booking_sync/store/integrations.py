"""Integrations (workspace ↔ portal) and portals, as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, select, update

from booking_sync.clients.hubspot_model import Portal
from booking_sync.states import IntegrationState
from booking_sync.store.statements import insert_or_update
from booking_sync.store.tables import integration, portal

_BY_ID = select(integration).where(integration.c.id == bindparam("of_integration"))


@dataclass(frozen=True, slots=True)
class Integration:
    """One workspace connected to one portal. Everything changed before ``watermark`` is recorded, without a gap."""

    id: str
    workspace_id: str
    workspace_name: str
    portal_id: str
    state: IntegrationState
    state_reason: str | None
    connected_at: datetime
    watermark: datetime
    settings: dict[str, object]
    paused_by: str | None = None
    paused_at: datetime | None = None
    pause_reason: str | None = None
    alerted_at: datetime | None = None
    completed_until: datetime | None = None
    swept_at: datetime | None = None
    """What changed in HubSpot until then is known; None: nothing is."""

    @property
    def is_working(self) -> bool:
        """Whether runs pass anything on: it is connected, and nobody has paused it."""
        return self.state is IntegrationState.CONNECTED and self.paused_at is None

    @property
    def is_stopped_by_person(self) -> bool:
        """Whether a person wants nothing to be passed on."""
        return self.state is IntegrationState.DISCONNECTED or self.paused_at is not None

    @property
    def why_idle(self) -> str | None:
        """Why nothing is passed on, in a sentence; None where it works."""
        if self.state is not IntegrationState.CONNECTED:
            return self.state_reason or self.state.value.replace("_", " ")
        if self.paused_at is None:
            return None
        return (
            f"paused by {self.paused_by}: {self.pause_reason}" if self.pause_reason else f"paused by {self.paused_by}"
        )


@dataclass(frozen=True, slots=True)
class PortalRecord:
    """What is known of a HubSpot portal. ``has_unique_key`` is None until it has been probed."""

    id: str
    has_unique_key: bool | None
    provisioned_at: datetime | None
    name: str | None = None
    ui_domain: str | None = None


def connect(
    connection: Connection, *, workspace_id: str, workspace_name: str, portal_id: str, connected_at: datetime
) -> None:
    """Record a workspace as connected from ``connected_at`` on; one that is recorded already stays as it is."""
    values = {
        "id": integration_id(workspace_id, portal_id),
        "workspace_id": workspace_id,
        "workspace_name": workspace_name[:1000],
        "portal_id": portal_id,
        "state": IntegrationState.CONNECTED,
        "connected_at": connected_at,
        "watermark": connected_at,
        "settings": {},
    }
    connection.execute(insert_or_update(connection, integration).values(values).on_conflict_do_nothing())


def integration_id(workspace_id: str, portal_id: str) -> str:
    """Return the id under which a workspace's activities in one portal are mapped.

    Another portal is another integration, so that ids of the one can never be used in the other (K6).
    """
    return f"{workspace_id}@{portal_id}"


def set_state(connection: Connection, id_: str, state: IntegrationState, reason: str | None) -> None:
    """Pause or resume an integration, with the reason."""
    statement = update(integration).where(integration.c.id == id_)
    connection.execute(statement.values(state=state, state_reason=reason))


def begin_connection(connection: Connection, id_: str, *, workspace_name: str, at: datetime) -> None:
    """Connect an integration that was disconnected: only what changes from now on is passed on by itself (K5)."""
    statement = update(integration).where(integration.c.id == id_)
    values = {"connected_at": at, "watermark": at, "paused_by": None, "paused_at": None, "pause_reason": None}
    connection.execute(
        statement.values(
            **values,
            workspace_name=workspace_name[:1000],
            state=IntegrationState.CONNECTED,
            state_reason=None,
            alerted_at=None,
        )
    )


def resume_connection(connection: Connection, id_: str) -> None:
    """Connect an integration again that needed it: the next run goes on where the last one ended."""
    statement = update(integration).where(integration.c.id == id_)
    connection.execute(statement.values(state=IntegrationState.CONNECTED, state_reason=None, alerted_at=None))


def set_pause(connection: Connection, id_: str, *, person: str | None, reason: str | None, at: datetime | None) -> None:
    """Record a person's pause, or with None for everything its end."""
    statement = update(integration).where(integration.c.id == id_)
    connection.execute(statement.values(paused_by=person, pause_reason=reason, paused_at=at))


def break_integrations(connection: Connection, portal_id: str, reason: str) -> list[str]:
    """Mark a portal's integrations that are not disconnected as needing to be reconnected; return their ids."""
    affected = (
        integration.c.portal_id == portal_id,
        integration.c.state.in_((IntegrationState.CONNECTED, IntegrationState.PAUSED)),
    )
    ids = list(connection.execute(select(integration.c.id).where(*affected)).scalars())
    values = {"state": IntegrationState.NEEDS_RECONNECTING, "state_reason": reason, "alerted_at": None}
    connection.execute(update(integration).where(integration.c.id.in_(ids)).values(**values))
    return ids


def note_alerted(connection: Connection, id_: str, at: datetime) -> bool:
    """Note that a run says what is wrong with the integration; return whether it is the first to say so."""
    unsaid = (integration.c.id == id_, integration.c.alerted_at.is_(None))
    return connection.execute(update(integration).where(*unsaid).values(alerted_at=at)).rowcount == 1


def clear_alert(connection: Connection, id_: str) -> None:
    """Note that nothing is wrong (any more), so that the next trouble is news."""
    alerted = (integration.c.id == id_, integration.c.alerted_at.is_not(None))
    connection.execute(update(integration).where(*alerted).values(alerted_at=None))


def find_integration(connection: Connection, id_: str) -> Integration | None:
    """Return one integration, or None where there is none of that id."""
    row = connection.execute(_BY_ID, {"of_integration": id_}).mappings().first()
    return None if row is None else integration_of(row)


def move_watermark(connection: Connection, id_: str, watermark: datetime) -> None:
    """Record that everything before ``watermark`` is recorded; it never moves back."""
    statement = update(integration).where(integration.c.id == id_, integration.c.watermark < watermark)
    connection.execute(statement.values(watermark=watermark))


def move_completed_until(connection: Connection, id_: str, until: datetime) -> None:
    """Record that meetings that ended before ``until`` have been marked as completed (A8); it never moves back."""
    is_later = integration.c.completed_until.is_(None) | (integration.c.completed_until < until)
    connection.execute(update(integration).where(integration.c.id == id_, is_later).values(completed_until=until))


def set_swept(connection: Connection, id_: str, at: datetime) -> None:
    """Record that what changed in HubSpot until then is known."""
    connection.execute(update(integration).where(integration.c.id == id_).values(swept_at=at))


def all_integrations(connection: Connection) -> list[Integration]:
    """Return every integration, by workspace id."""
    rows = connection.execute(select(integration).order_by(integration.c.workspace_id)).mappings()
    return [integration_of(row) for row in rows]


def integrations_of_portal(connection: Connection, portal_id: str) -> list[Integration]:
    """Return every integration of one portal."""
    rows = connection.execute(select(integration).where(integration.c.portal_id == portal_id)).mappings()
    return [integration_of(row) for row in rows]


def load_integration(connection: Connection, id_: str) -> Integration:
    """Return one integration."""
    return integration_of(connection.execute(_BY_ID, {"of_integration": id_}).mappings().one())


def remember_portal(connection: Connection, found: Portal) -> None:
    """Record a portal, or what it calls itself now."""
    described = {
        "name": found.name[:1000],
        "ui_domain": found.ui_domain[:200],
        "time_zone": found.time_zone[:100],
    }
    statement = insert_or_update(connection, portal).values(id=found.id, **described)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=described))


def load_portal(connection: Connection, portal_id: str) -> PortalRecord:
    """Return what is recorded of a portal."""
    return PortalRecord(**connection.execute(_select_portals().where(portal.c.id == portal_id)).mappings().one())


def time_zone_of(connection: Connection, portal_id: str) -> str | None:
    """Return a portal's time zone, if it is known."""
    return connection.execute(select(portal.c.time_zone).where(portal.c.id == portal_id)).scalar()


def all_portals(connection: Connection) -> dict[str, PortalRecord]:
    """Return what is recorded of every portal, by its id."""
    return {row["id"]: PortalRecord(**row) for row in connection.execute(_select_portals()).mappings()}


def set_provisioned(
    connection: Connection, portal_id: str, *, has_unique_key: bool | None, provisioned_at: datetime | None
) -> None:
    """Record that our properties exist in a portal, and whether it enforces the key; None for both to look again."""
    statement = update(portal).where(portal.c.id == portal_id)
    connection.execute(statement.values(has_unique_key=has_unique_key, provisioned_at=provisioned_at))


def _select_portals() -> Select[Any]:
    return select(*(portal.c[name] for name in PortalRecord.__dataclass_fields__))


def integration_of(row: RowMapping | Mapping[str, Any]) -> Integration:
    """Return the integration that a row of its columns describes."""
    return Integration(**{**row, "state": IntegrationState(row["state"])})

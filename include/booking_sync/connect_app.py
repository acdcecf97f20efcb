"""Connect App: the checks between granted access and a connected integration (K1, K2, K6).

They come in the order in which a person can mend them. Only when all have passed is anything recorded.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack

from sqlalchemy import Connection

from booking_sync.disconnecting import disconnect
from booking_sync.errors import BookingSyncError, IntegrationUnavailable, MissingScope, NeedsReconnecting
from booking_sync.integration_settings import read_settings
from booking_sync.model import Workspace
from booking_sync.page_run import page_run
from booking_sync.portal import forget_provisioning, provision
from booking_sync.readiness import plan_reason
from booking_sync.scopes import REQUIRED_SCOPES, missing_scopes
from booking_sync.services import Services
from booking_sync.states import AccessState, ConnectRefusal, IntegrationEvent, IntegrationState
from booking_sync.store import accesses, integrations
from booking_sync.store.database import reading, writing
from booking_sync.store.integration_events import add_event
from booking_sync.store.integrations import Integration, integration_id
from booking_sync.store.lease import Lease, hold_lease
from booking_sync.work import Work


class ConnectRefused(BookingSyncError):
    """The workspace is not connected; the message says what to do, ``kind`` why."""

    def __init__(self, kind: ConnectRefusal, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def connect_app(
    services: Services, *, workspace_id: str, portal_id: str, person: str, confirmed_portal: str = ""
) -> Integration:
    """Connect a workspace to a portal; what changes from now on is passed on (K5).

    An integration that needed reconnecting goes on where it stopped. One that was disconnected begins anew.
    ``confirmed_portal`` is the portal's name or id as the person typed it, needed where the workspace was connected
    to another portal before (K6).

    Raises:
        ConnectRefused: a check has failed; nothing has changed.
        LeaseHeld: somebody else is connecting to this portal.
        BookingSyncError: a service cannot be worked with now.
    """
    workspace = _workspace(services, workspace_id)
    with _hold(services, f"connecting portal {portal_id}"):  # one at a time
        _check_access(services, portal_id)
        with reading(services.engine) as connection:
            _check_portal_is_free(connection, services, workspace_id, portal_id)
            former = _former_elsewhere(connection, workspace_id, portal_id)
            if former and not _is_confirmed(connection, portal_id, confirmed_portal):
                raise _other_portal(connection, former[0], portal_id)
        _provision(services, workspace, portal_id, person)
        for one in former:
            if one.state is not IntegrationState.DISCONNECTED:
                disconnect(services, one.id, person=person)
        with writing(services.engine) as connection:
            return _record(connection, services, workspace, portal_id, person)


def _workspace(services: Services, workspace_id: str) -> Workspace:
    """Return the workspace, if it can be read and is on Pro or above (K1)."""
    workspace = next((one for one in services.calendar.workspaces() if one.id == workspace_id), None)
    if workspace is None:
        raise ConnectRefused(
            ConnectRefusal.UNREADABLE_WORKSPACE,
            f"The Calendar.com key in calendar_default cannot read workspace {workspace_id}. Use a key that can.",
        )
    if not workspace.has_hubspot_plan:
        raise ConnectRefused(
            ConnectRefusal.PLAN, f"{workspace.name} ({plan_reason(workspace)}). Upgrade it, then try again."
        )
    return workspace


def _hold(services: Services, name: str) -> AbstractContextManager[Lease]:
    return hold_lease(services.engine, name, holder="connecting", seconds=services.settings.lease_seconds)


def _check_access(services: Services, portal_id: str) -> None:
    if services.tokens is None:
        _check_service_key(services, portal_id)
        return
    with reading(services.engine) as connection:
        access = accesses.load_access(connection, portal_id)
    if access is None or access.state is not AccessState.USABLE:
        raise ConnectRefused(
            ConnectRefusal.NO_ACCESS,
            f"There is no access to HubSpot portal {portal_id}: use GRANT HUBSPOT ACCESS first.",
        )
    missing = missing_scopes(access.scopes, REQUIRED_SCOPES)
    if missing:
        raise ConnectRefused(
            ConnectRefusal.MISSING_SCOPE,
            f"Access to HubSpot portal {portal_id} was granted without {', '.join(missing)}: grant it again with all.",
        )


def _check_service_key(services: Services, portal_id: str) -> None:
    portal = services.hubspot.portal()
    if portal.id != portal_id:
        raise ConnectRefused(
            ConnectRefusal.NO_ACCESS,
            f"The service key in hubspot_default belongs to portal {portal.id}, not {portal_id}.",
        )
    with writing(services.engine) as connection:
        integrations.remember_portal(connection, portal)


def _check_portal_is_free(connection: Connection, services: Services, workspace_id: str, portal_id: str) -> None:
    """See that no other workspace is connected to the portal; with a service key all share the one portal (K2)."""
    here = [one for one in integrations.all_integrations(connection) if one.portal_id == portal_id]
    active = [one for one in here if one.state is not IntegrationState.DISCONNECTED]
    is_ours_already = any(one.workspace_id == workspace_id for one in active)
    if services.tokens is None or is_ours_already or not active:
        return
    raise ConnectRefused(
        ConnectRefusal.PORTAL_TAKEN,
        f"HubSpot portal {portal_id} is connected to the workspace {active[0].workspace_name}. "
        "Disconnect that one first, or grant access to another portal.",
    )


def _former_elsewhere(connection: Connection, workspace_id: str, portal_id: str) -> list[Integration]:
    """Return the workspace's integrations with other portals, those that are still connected first."""
    recorded = integrations.all_integrations(connection)
    former = [one for one in recorded if one.workspace_id == workspace_id and one.portal_id != portal_id]
    return sorted(former, key=lambda one: one.state is IntegrationState.DISCONNECTED)


def _is_confirmed(connection: Connection, portal_id: str, typed: str) -> bool:
    name = integrations.load_portal(connection, portal_id).name
    return typed.strip().casefold() in {portal_id, (name or portal_id).strip().casefold()}


def _other_portal(connection: Connection, former: Integration, portal_id: str) -> ConnectRefused:
    name = integrations.load_portal(connection, portal_id).name or portal_id
    return ConnectRefused(
        ConnectRefusal.OTHER_PORTAL,
        f"{former.workspace_name} was connected to HubSpot portal {former.portal_id}. To connect it to another one, "
        f'type the name of that one: "{name}". What is in the old portal stays there; the new one begins empty.',
    )


def _provision(services: Services, workspace: Workspace, portal_id: str, person: str) -> None:
    """Make our properties and probe what the portal enforces; looked at anew each time somebody connects."""
    now = services.clock()
    id_ = integration_id(workspace.id, portal_id)
    candidate = Integration(
        id_, workspace.id, workspace.name, portal_id, IntegrationState.CONNECTED, None, now, now, settings={}
    )
    forget_provisioning(services, portal_id)
    with ExitStack() as stack:
        run = stack.enter_context(page_run(services, "connect", person=person, workspace_id=workspace.id))
        lease = stack.enter_context(_hold(services, id_))
        try:
            provision(Work(services, run, candidate, lease, read_settings({}), is_connecting=True))
        except MissingScope as error:
            raise ConnectRefused(
                ConnectRefusal.MISSING_SCOPE,
                f"{error}. Ask an administrator of the portal to grant it, then try again.",
            ) from None
        except NeedsReconnecting as error:
            raise ConnectRefused(ConnectRefusal.NO_ACCESS, str(error)) from None
        except IntegrationUnavailable as error:
            raise ConnectRefused(ConnectRefusal.NOT_PROVISIONED, str(error)) from None


def _record(
    connection: Connection, services: Services, workspace: Workspace, portal_id: str, person: str
) -> Integration:
    now, id_ = services.clock(), integration_id(workspace.id, portal_id)
    known = integrations.find_integration(connection, id_)
    event = IntegrationEvent.RECONNECTED
    if known is None:
        event = IntegrationEvent.CONNECTED
        integrations.connect(
            connection, workspace_id=workspace.id, workspace_name=workspace.name, portal_id=portal_id, connected_at=now
        )
    elif known.state is IntegrationState.DISCONNECTED:
        integrations.begin_connection(connection, id_, workspace_name=workspace.name, at=now)
    else:
        integrations.resume_connection(connection, id_)
    add_event(connection, id_, event, person=person, at=now)
    return integrations.load_integration(connection, id_)

"""Disconnecting and uninstalling: stop at once, give the tokens back to HubSpot, erase them here.

The intent is written first. From that moment nothing is sent for the integration any more (``Work.hubspot`` looks
before each request), and a crash leaves tokens that are waiting to be given back: the next run goes on with that. Every
step can be repeated. Mapping and history stay.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Connection

from booking_sync.errors import (
    AccessRefused,
    BookingSyncError,
    ConfigurationError,
    IntegrationUnavailable,
    MissingScope,
    NeedsReconnecting,
    NotFound,
    Refused,
)
from booking_sync.log_line import log_line
from booking_sync.page_run import page_run
from booking_sync.services import Services
from booking_sync.states import AccessState, AuditOutcome, IntegrationEvent, IntegrationState
from booking_sync.store import accesses, audit, integrations
from booking_sync.store.accesses import Access
from booking_sync.store.audit import AuditEntry
from booking_sync.store.database import reading, writing
from booking_sync.store.integration_events import add_event
from booking_sync.store.integrations import Integration
from booking_sync.store.lease import hold_lease
from booking_sync.store.runs import Run
from booking_sync.tokens import LEASE_SECONDS, PortalTokens, lease_name

logger = logging.getLogger(__name__)

CONFIRMATION = "uninstall"
BY_HAND = "In HubSpot: Settings, Integrations, Connected Apps, Actions, Uninstall."
_WITH_TOKENS = (AccessState.USABLE, AccessState.BROKEN)
_LEAVING = (AccessState.REVOKING, AccessState.UNINSTALLING)


class NotConfirmed(BookingSyncError):
    """The word that confirms was not typed."""


def disconnect(services: Services, integration_id: str, *, person: str) -> bool:
    """Pass nothing on from now on (K3); return whether HubSpot has taken the tokens back yet.

    The tokens of a portal that another workspace still uses stay.
    """
    with writing(services.engine) as connection:
        integration = integrations.load_integration(connection, integration_id)
        _stop(connection, services, [integration], person, IntegrationEvent.DISCONNECTED)
        if not _others_at(connection, integration):
            accesses.set_access_state(
                connection,
                integration.portal_id,
                AccessState.REVOKING,
                f"disconnected by {person}",
                only_from=_WITH_TOKENS,
            )
    return _finished(services, integration.portal_id) is None


def uninstall(services: Services, integration_id: str, *, person: str, typed: str) -> bool:
    """Take our app out of the portal through the API (K4); return whether HubSpot has done it yet.

    Raises:
        NotConfirmed: another word was typed than "uninstall".
        NeedsReconnecting: there is no access to the portal, so it can only be done in HubSpot.
        IntegrationUnavailable: HubSpot refuses; access was given back all the same.
    """
    if typed.strip().lower() != CONFIRMATION:
        raise NotConfirmed(f'Type "{CONFIRMATION}" to uninstall the app from HubSpot; nothing has changed.')
    with reading(services.engine) as connection:
        integration = integrations.load_integration(connection, integration_id)
    with page_run(services, "uninstall", person=person, workspace_id=integration.workspace_id) as run:
        with writing(services.engine) as connection:
            _begin_uninstall(connection, services, integration, run, person)
        return _finished(services, integration.portal_id, is_raising=True) is None


def finish_what_was_begun(services: Services) -> list[str]:
    """Give back the tokens of portals that were disconnected; return what there is to say of those that stay."""
    if services.tokens is None:
        return []
    with reading(services.engine) as connection:
        leaving = accesses.portals_with_access(connection, _LEAVING)
    return [said for portal_id in leaving if (said := _finished(services, portal_id)) is not None]


def _begin_uninstall(
    connection: Connection, services: Services, integration: Integration, run: Run, person: str
) -> None:
    """Stop every integration of the portal and write down that the app is about to be uninstalled."""
    portal_id = integration.portal_id
    reason = f"uninstalled by {person}"
    is_begun = accesses.set_access_state(
        connection,
        portal_id,
        AccessState.UNINSTALLING,
        reason,
        only_from=[AccessState.USABLE, AccessState.UNINSTALLING],
    )
    if not is_begun:
        raise NeedsReconnecting(
            f"There is no access to HubSpot portal {portal_id} to uninstall the app with. {BY_HAND}"
        )
    here = [one for one in integrations.all_integrations(connection) if one.portal_id == portal_id]
    _stop(connection, services, here, person, IntegrationEvent.UNINSTALLED)
    entry = AuditEntry(_audit_name(portal_id), "", 0, "uninstall", "app", portal_id)
    audit.begin_entries(
        connection,
        [entry],
        run_id=run.id,
        requested_by=person,
        integration_id=integration.id,
        at=services.clock(),
    )


def _stop(
    connection: Connection, services: Services, stopped: Sequence[Integration], person: str, event: IntegrationEvent
) -> None:
    for integration in stopped:
        if integration.state is not IntegrationState.DISCONNECTED:
            integrations.set_state(connection, integration.id, IntegrationState.DISCONNECTED, f"{event} by {person}")
            add_event(connection, integration.id, event, person=person, at=services.clock())


def _others_at(connection: Connection, integration: Integration) -> bool:
    """Say whether another workspace is still connected to the portal, in whatever state."""
    return any(
        one.portal_id == integration.portal_id
        and one.id != integration.id
        and one.state is not IntegrationState.DISCONNECTED
        for one in integrations.all_integrations(connection)
    )


def _finished(services: Services, portal_id: str, *, is_raising: bool = False) -> str | None:
    """Give tokens back and erase them; return what there is to say where HubSpot cannot be asked now."""
    tokens = services.tokens
    if tokens is None:
        return None
    try:
        with reading(services.engine) as connection:
            access = accesses.load_access(connection, portal_id)
        if access is not None and access.state is AccessState.UNINSTALLING:
            _finish_uninstall(services, tokens, access)
        elif access is not None and access.state is AccessState.REVOKING:
            _give_back(services, tokens, portal_id)
    except BookingSyncError as error:
        if is_raising and not error.is_transient:
            raise
        logger.warning(log_line("tokens not given back yet", portal=portal_id, why=error))
        return f"HubSpot portal {portal_id}: its tokens are not given back yet ({error}); the next run tries again"
    return None


def _finish_uninstall(services: Services, tokens: PortalTokens, access: Access) -> None:
    refusal = _uninstall(services, access.portal_id)
    if refusal is None:
        _erase(services, access)
        return
    with writing(services.engine) as connection:
        reason, leaving = access.state_reason, [AccessState.UNINSTALLING]
        accesses.set_access_state(connection, access.portal_id, AccessState.REVOKING, reason, only_from=leaving)
    _give_back(services, tokens, access.portal_id)
    raise refusal


def _give_back(services: Services, tokens: PortalTokens, portal_id: str) -> None:
    """Revoke and erase; nobody may be about to exchange the refresh token for another one meanwhile."""
    with hold_lease(services.engine, lease_name(portal_id), holder="disconnecting", seconds=LEASE_SECONDS):
        with reading(services.engine) as connection:
            access = accesses.load_access(connection, portal_id)
        if access is not None and access.state is AccessState.REVOKING:
            _revoke(tokens, access)
            _erase(services, access)


def _erase(services: Services, access: Access) -> None:
    with writing(services.engine) as connection:
        accesses.erase_tokens(connection, access.portal_id, access.state_reason or access.state.value)
        for one in integrations.all_integrations(connection):
            if one.portal_id == access.portal_id:
                add_event(connection, one.id, IntegrationEvent.REVOKED, person="", at=services.clock())


def _uninstall(services: Services, portal_id: str) -> IntegrationUnavailable | None:
    """Ask HubSpot to uninstall the app; return why it does not, where it never will."""
    outcome = AuditOutcome.APPLIED
    refusal: IntegrationUnavailable | None = None
    try:
        services.hubspot_of(portal_id).uninstall()
    except (AccessRefused, NeedsReconnecting):
        outcome = AuditOutcome.ADOPTED  # it does not know us any more: done by a first try, or by a person
    except (MissingScope, Refused, NotFound) as error:
        outcome = AuditOutcome.REFUSED
        refusal = IntegrationUnavailable(f"HubSpot refuses to uninstall the app ({error}). {BY_HAND}")
    with writing(services.engine) as connection:
        audit.finish_entries(connection, [_audit_name(portal_id)], outcome, at=services.clock(), object_type="app")
    return refusal


def _revoke(tokens: PortalTokens, access: Access) -> None:
    try:
        refresh_token = tokens.decrypted(access.refresh_token)
    except ConfigurationError:
        logger.warning(log_line("tokens erased unrevoked, the secret key does not fit", portal=access.portal_id))
        return
    tokens.oauth.revoke(refresh_token)


def _audit_name(portal_id: str) -> str:
    return f"{portal_id}/app"

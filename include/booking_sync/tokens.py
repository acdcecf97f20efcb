"""The tokens of portals: read for each request, refreshed in time and by one worker only, given up when they are dead.

The database is asked before each request, so that every worker has the newest token, and none sends anything once a
person has disconnected. New tokens are committed before the first of them is used: HubSpot may have made the old
refresh token void with its answer. A worker that dies between the answer and the commit leaves the old one, which is
tried once more; if HubSpot does not take it, a person has to grant access again.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine

from booking_sync import telemetry
from booking_sync.clients.hubspot_oauth import BadGrant, HubSpotOAuth
from booking_sync.clients.oauth_model import TokenSet
from booking_sync.errors import LeaseHeld, NeedsReconnecting, RequestFailed, TokensUnavailable
from booking_sync.log_line import hide_nothing
from booking_sync.states import AccessState, IntegrationEvent
from booking_sync.store import accesses, integrations
from booking_sync.store.accesses import Access, NewTokens
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import Vault
from booking_sync.store.integration_events import add_event
from booking_sync.store.lease import hold_lease

EARLY = timedelta(seconds=120)
"""How long before its end an access token is not used any more: longer than one request may take."""

LEASE_SECONDS = 90.0
"""How long one worker may refresh; longer than the call with all its repetitions."""

PAUSE_SECONDS = 0.2
MOST_PAUSES = 500
"""How often a worker looks whether the other one has refreshed: longer than its lease."""

GONE = (
    "HubSpot does not accept our access to portal {portal} any more ({why}). "
    "Grant access again on the Integrations page."
)


@dataclass(frozen=True, slots=True)
class PortalTokens:
    """The tokens of every portal. ``hide`` is told each token in the clear, to keep it out of logs."""

    engine: Engine
    vault: Vault
    oauth: HubSpotOAuth
    clock: Callable[[], datetime]
    hide: Callable[[str], None] = hide_nothing
    sleep: Callable[[float], None] = time.sleep

    def bearer(self, portal_id: str) -> PortalBearer:
        """Return the source of tokens for requests to one portal."""
        return PortalBearer(self, portal_id)

    def for_another_thread(self) -> PortalTokens:
        """Return the same tokens with connections of their own."""
        return replace(self, oauth=self.oauth.for_another_thread())

    def load(self, portal_id: str) -> Access:
        """Return usable access.

        Raises:
            NeedsReconnecting: there is none (any more).
        """
        with reading(self.engine) as connection:
            access = accesses.load_access(connection, portal_id)
        if access is None:
            raise NeedsReconnecting(no_access(portal_id))
        if access.state not in (AccessState.USABLE, AccessState.UNINSTALLING) or access.access_token is None:
            raise NeedsReconnecting(access.state_reason or no_access(portal_id))
        return access

    def decrypted(self, token: bytes | None) -> str:
        """Return a stored token in the clear.

        Raises:
            ConfigurationError: none of the secret keys fits.
        """
        text = self.vault.decrypt(token or b"")
        self.hide(text)
        return text

    def new_tokens(self, tokens: TokenSet) -> NewTokens:
        """Return what HubSpot gave in the form in which it is recorded."""
        self.hide(tokens.access_token)
        self.hide(tokens.refresh_token)
        expires_at = self.clock() + timedelta(seconds=tokens.life_seconds)
        return NewTokens(tokens.access_token, tokens.refresh_token, expires_at, tokens.scopes)

    def refresh(self, portal_id: str, seen_generation: int) -> str:
        """Return an access token newer than ``seen_generation``; of several workers one fetches it.

        Raises:
            NeedsReconnecting: HubSpot does not take the refresh token.
            TokensUnavailable: HubSpot gives none now, or another worker fetches it and takes too long.
        """
        for _ in range(MOST_PAUSES):
            try:
                with hold_lease(self.engine, lease_name(portal_id), holder=_this_worker(), seconds=LEASE_SECONDS):
                    return self._refresh_alone(portal_id, seen_generation)
            except LeaseHeld:
                self.sleep(PAUSE_SECONDS)
                access = self.load(portal_id)
                if access.generation > seen_generation:
                    return self.decrypted(access.access_token)
        raise TokensUnavailable(
            f"another worker is fetching new tokens for HubSpot portal {portal_id}, and takes too long"
        )

    def break_access(self, portal_id: str, why: str) -> NeedsReconnecting:
        """Record that a portal's tokens are dead, once, and return the error to raise."""
        reason = GONE.format(portal=portal_id, why=why)
        with writing(self.engine) as connection:
            if accesses.set_access_state(
                connection, portal_id, AccessState.BROKEN, reason, only_from=[AccessState.USABLE]
            ):
                for integration_id in integrations.break_integrations(connection, portal_id, reason):
                    event = IntegrationEvent.BROKEN
                    add_event(connection, integration_id, event, person="", at=self.clock(), detail=reason)
        return NeedsReconnecting(reason)

    def _refresh_alone(self, portal_id: str, seen_generation: int) -> str:
        access = self.load(portal_id)
        if access.generation > seen_generation:
            return self.decrypted(access.access_token)
        try:
            tokens = self.oauth.refresh(self.decrypted(access.refresh_token))
        except BadGrant as bad:
            telemetry.count("token_refresh_total", outcome="refused")
            raise self.break_access(portal_id, bad.code or "the refresh token is refused") from None
        except RequestFailed as failed:
            telemetry.count("token_refresh_total", outcome="failed")
            raise TokensUnavailable(f"HubSpot gives no new tokens for portal {portal_id} now ({failed})") from None
        if tokens.portal_id not in ("", portal_id):
            raise self.break_access(portal_id, f"its tokens belong to portal {tokens.portal_id}")
        with writing(self.engine) as connection:
            is_saved = accesses.save_refreshed(connection, self.vault, access, self.new_tokens(tokens), at=self.clock())
        telemetry.count("token_refresh_total", outcome="refreshed")
        return tokens.access_token if is_saved else self.decrypted(self.load(portal_id).access_token)


@dataclass(frozen=True, slots=True)
class PortalBearer:
    """The access token of one portal, for each request anew."""

    tokens: PortalTokens
    portal_id: str

    def current(self) -> str:
        """Return an access token that is good for the next request."""
        access = self.tokens.load(self.portal_id)
        if access.expires_at - self.tokens.clock() > EARLY:
            return self.tokens.decrypted(access.access_token)
        return self.tokens.refresh(self.portal_id, access.generation)

    def renew(self, refused: str) -> str | None:
        """Return another token after a 401: the one that another worker has fetched meanwhile, or a fresh one."""
        access = self.tokens.load(self.portal_id)
        present = self.tokens.decrypted(access.access_token)
        return present if present != refused else self.tokens.refresh(self.portal_id, access.generation)

    def give_up(self, refused: str) -> None:
        """Record that HubSpot does not take a fresh token either.

        Raises:
            NeedsReconnecting: always.
        """
        del refused
        raise self.tokens.break_access(self.portal_id, "it refuses a fresh token")


def lease_name(portal_id: str) -> str:
    """Return the name of the lease on a portal's tokens; no integration has an id like it."""
    return f"tokens of portal {portal_id}"


def no_access(portal_id: str) -> str:
    """Say that there are no tokens for a portal, and what to do."""
    return f"Nobody has granted access to HubSpot portal {portal_id}: do it on the Integrations page."


def _this_worker() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"

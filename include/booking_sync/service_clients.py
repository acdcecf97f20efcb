"""Calendar.com and HubSpot: where they are, and what we speak to them with.

Loading this loads all that HTTP needs: :mod:`booking_sync.remote` is for who may have nothing to say to either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.http import Exchange
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.hubspot_oauth import HubSpotOAuth
from booking_sync.clients.oauth_model import OAuthApp
from booking_sync.clients.retry import HttpLimits
from booking_sync.errors import ConfigurationError
from booking_sync.store.encryption import Vault
from booking_sync.tokens import PortalTokens

HUBSPOT_LIMITS = HttpLimits(read_seconds=25.0, total_seconds=30.0, attempts=4, wait_seconds=45.0)
"""A call with all its repetitions and waits (4 x 30 + 45 s) is shorter than a lease: nobody must still be sending when
another worker takes over."""

OAUTH_LIMITS = HttpLimits(read_seconds=15.0, total_seconds=20.0, attempts=3, wait_seconds=15.0)
"""Shorter than the lease on a portal's tokens (3 x 20 + 15 s)."""

Observer = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where both services are, and the keys to them: HubSpot's is that of one portal, or our OAuth app for many."""

    calendar_url: str
    calendar_key: str
    hubspot_url: str
    hubspot_key: str | OAuthApp


class NoPortal:
    """The source of tokens of a client that has not been told for which portal it is (OAuth)."""

    def current(self) -> str:
        """Refuse."""
        raise ConfigurationError("hubspot_default holds an OAuth client: there is no HubSpot portal of its own")

    def renew(self, refused: str) -> str | None:
        """There is none."""
        del refused
        return None

    def give_up(self, refused: str) -> None:
        """Nothing follows."""


@dataclass(frozen=True, slots=True)
class Clients:
    """``tokens`` is None where ``hubspot`` has the service key of the one portal; else ``hubspot`` has no key."""

    calendar: CalendarClient
    hubspot: HubSpotClient
    tokens: PortalTokens | None = None

    def for_another_thread(self, of_calendar: Observer, of_hubspot: Observer) -> Clients:
        """Return the same clients with connections and observers of their own."""
        return Clients(
            self.calendar.for_another_thread(of_calendar),
            self.hubspot.for_another_thread(of_hubspot),
            None if self.tokens is None else self.tokens.for_another_thread(),
        )

    def close(self) -> None:
        """Close the connections to both services."""
        self.calendar.close()
        self.hubspot.close()


@dataclass(frozen=True, slots=True)
class ClientMaker:
    """What clients are made with, besides addresses and keys. ``hide`` is told every secret, to keep it out of logs."""

    engine: Engine
    vault: Vault
    clock: Callable[[], datetime]
    hubspot_api_version: str
    hide: Callable[[str], None]
    of_calendar: Observer
    of_hubspot: Observer

    def make(self, addresses: Addresses) -> Clients:
        """Make the clients; nothing is sent yet.

        Raises:
            ConfigurationError: a key or an address cannot be used.
        """
        key = addresses.hubspot_key
        return Clients(
            CalendarClient.from_connection(addresses.calendar_url, addresses.calendar_key, observer=self.of_calendar),
            HubSpotClient.from_connection(
                addresses.hubspot_url,
                NoPortal() if isinstance(key, OAuthApp) else key,
                api_version=self.hubspot_api_version,
                limits=HUBSPOT_LIMITS,
                observer=self.of_hubspot,
            ),
            self._tokens(addresses.hubspot_url, key) if isinstance(key, OAuthApp) else None,
        )

    def _tokens(self, url: str, app: OAuthApp) -> PortalTokens:
        self.hide(app.client_secret)
        oauth = HubSpotOAuth.from_connection(url, app, api_version=self.hubspot_api_version, limits=OAUTH_LIMITS)
        return PortalTokens(self.engine, self.vault, oauth, self.clock, self.hide)

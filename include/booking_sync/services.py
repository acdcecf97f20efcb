"""What a run works with.

The two services, the mapping database, the clock. Built once per task, passed in everywhere.
"""

from __future__ import annotations

import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Engine

from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.http import Exchange
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.hubspot_oauth import HubSpotOAuth
from booking_sync.clients.mail import MailServer, NoMailServer
from booking_sync.clients.oauth_model import OAuthApp
from booking_sync.clients.retry import HttpLimits
from booking_sync.errors import ConfigurationError
from booking_sync.rate_gate import RateGates
from booking_sync.settings import Settings
from booking_sync.store.clock import database_clock
from booking_sync.store.database import open_database
from booking_sync.store.encryption import Vault, open_vault
from booking_sync.tokens import PortalTokens, hide_nothing

HUBSPOT_LIMITS = HttpLimits(read_seconds=25.0, total_seconds=30.0, attempts=4, wait_seconds=45.0)
"""A call with all its repetitions and waits (4 x 30 + 45 s) is shorter than a lease: nobody must still be sending when
another worker takes over."""


OAUTH_LIMITS = HttpLimits(read_seconds=15.0, total_seconds=20.0, attempts=3, wait_seconds=15.0)
"""Shorter than the lease on a portal's tokens (3 x 20 + 15 s)."""


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


class RequestCounter:
    """Counts the requests that were made to one service, those repeated included, and keeps what it said of limits."""

    def __init__(self) -> None:
        self.requests = 0
        self.writes = 0
        self.budget: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange; several threads may do so at once."""
        with self._lock:
            self.requests += 1
            self.writes += exchange.is_write
            least = min(
                self.budget.get("burst_remaining", sys.maxsize), exchange.budget.get("burst_remaining", sys.maxsize)
            )
            self.budget.update(exchange.budget)
            if exchange.budget:
                self.budget["burst_remaining"] = least

    def take_budget(self) -> dict[str, int]:
        """Return what was said of limits since the last call: the burst's least remainder, the newest of the rest."""
        with self._lock:
            taken, self.budget = self.budget, {}
        return taken


def utc_now() -> datetime:
    """Return the present instant by this machine's clock."""
    return datetime.now(UTC)


def new_change_id() -> str:
    """Return a fresh id for a change, which is also the trace id of its requests.

    Ids that are made after one another stand beside one another in the indexes.
    """
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a step needs from outside the core. The threads of one step share it (``in_flight``).

    ``tokens`` is None in single-portal mode: then ``hubspot`` has the service key of the one portal. Else it has no
    key, and :meth:`hubspot_of` gives the client of a portal.
    """

    settings: Settings
    engine: Engine
    vault: Vault
    calendar: CalendarClient
    hubspot: HubSpotClient
    rates: RateGates
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = new_change_id
    calendar_requests: RequestCounter = field(default_factory=RequestCounter)
    hubspot_requests: RequestCounter = field(default_factory=RequestCounter)
    tokens: PortalTokens | None = None
    mail_server: Callable[[], MailServer | NoMailServer] = NoMailServer
    """Asked when somebody is to be told something, so that nobody else pays for looking it up."""

    def hubspot_of(self, portal_id: str) -> HubSpotClient:
        """Return the client of a portal, whose requests keep within its limits."""
        client = self.hubspot if self.tokens is None else self.hubspot.with_bearer(self.tokens.bearer(portal_id))
        return client.with_pace(self.rates.of(portal_id))

    def close(self) -> None:
        """Close the connections to both services; the database's are shared by all threads."""
        self.calendar.close()
        self.hubspot.close()

    def for_another_thread(self) -> Services:
        """Return the same services with connections and counters of their own."""
        calendar_requests, hubspot_requests = RequestCounter(), RequestCounter()
        return replace(
            self,
            calendar=self.calendar.for_another_thread(calendar_requests),
            hubspot=self.hubspot.for_another_thread(hubspot_requests),
            calendar_requests=calendar_requests,
            hubspot_requests=hubspot_requests,
            tokens=None if self.tokens is None else self.tokens.for_another_thread(),
        )


def build_services(
    settings: Settings,
    *,
    database_url: str,
    calendar_url: str,
    calendar_key: str,
    hubspot_url: str,
    hubspot_key: str | OAuthApp,
    clock: Callable[[], datetime] | None = None,
    hide: Callable[[str], None] = hide_nothing,
    open_engine: Callable[[str], Engine] = open_database,
    mail_server: Callable[[], MailServer | NoMailServer] = NoMailServer,
) -> Services:
    """Put the services together; sets up an empty mapping database, and asks nothing of the remote services.

    ``hubspot_key`` is the service key of one portal, or our OAuth app for many. ``clock`` is the database's unless
    another one is given. ``hide`` is told every token. ``mail_server`` says where notices are handed in (M1).

    Raises:
        ConfigurationError: a key, an address or the database cannot be used; the message says what to do.
    """
    vault = open_vault(settings.secret_keys, database_url)
    calendar_requests, hubspot_requests = RequestCounter(), RequestCounter()
    engine = open_engine(database_url)
    present, version = clock or database_clock(engine), settings.hubspot_api_version
    tokens = None
    if isinstance(hubspot_key, OAuthApp):
        hide(hubspot_key.client_secret)
        oauth = HubSpotOAuth.from_connection(hubspot_url, hubspot_key, api_version=version, limits=OAUTH_LIMITS)
        tokens = PortalTokens(engine, vault, oauth, present, hide)
    return Services(
        settings=settings,
        engine=engine,
        vault=vault,
        calendar=CalendarClient.from_connection(calendar_url, calendar_key, observer=calendar_requests),
        hubspot=HubSpotClient.from_connection(
            hubspot_url,
            NoPortal() if isinstance(hubspot_key, OAuthApp) else hubspot_key,
            api_version=version,
            limits=HUBSPOT_LIMITS,
            observer=hubspot_requests,
        ),
        rates=RateGates(engine, present, settings.rate_share_percent),
        clock=present,
        calendar_requests=calendar_requests,
        hubspot_requests=hubspot_requests,
        tokens=tokens,
        mail_server=mail_server,
    )

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
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from booking_sync.clients.mail import MailServer, NoMailServer
from booking_sync.log_line import hide_nothing
from booking_sync.rate_gate import RateGates
from booking_sync.remote import Remote
from booking_sync.settings import Settings
from booking_sync.store.clock import database_clock
from booking_sync.store.database import open_database
from booking_sync.store.encryption import Vault, open_vault

if TYPE_CHECKING:
    from booking_sync.clients.calendar import CalendarClient
    from booking_sync.clients.http import Exchange
    from booking_sync.clients.hubspot import HubSpotClient
    from booking_sync.service_clients import Addresses, Clients
    from booking_sync.tokens import PortalTokens


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
    """Everything a step needs from outside the core. The threads of one step share it (``in_flight``)."""

    settings: Settings
    engine: Engine
    vault: Vault
    remote: Remote
    rates: RateGates
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = new_change_id
    calendar_requests: RequestCounter = field(default_factory=RequestCounter)
    hubspot_requests: RequestCounter = field(default_factory=RequestCounter)
    mail_server: Callable[[], MailServer | NoMailServer] = NoMailServer
    """Asked when somebody is to be told something, so that nobody else pays for looking it up."""

    @property
    def calendar(self) -> CalendarClient:
        """The client of Calendar.com."""
        return self.remote.clients.calendar

    @property
    def hubspot(self) -> HubSpotClient:
        """The client of the one portal in single-portal mode; else without a key, and :meth:`hubspot_of` has it."""
        return self.remote.clients.hubspot

    @property
    def tokens(self) -> PortalTokens | None:
        """The tokens of all portals; None in single-portal mode, where the service key is the only one."""
        return self.remote.clients.tokens

    def hubspot_of(self, portal_id: str) -> HubSpotClient:
        """Return the client of a portal, whose requests keep within its limits."""
        hubspot, tokens = self.hubspot, self.tokens
        client = hubspot if tokens is None else hubspot.with_bearer(tokens.bearer(portal_id))
        return client.with_pace(self.rates.of(portal_id))

    def close(self) -> None:
        """Close the connections to both services; the database's are shared by all threads."""
        self.remote.close()

    def for_another_thread(self) -> Services:
        """Return the same services with connections and counters of their own."""
        calendar_requests, hubspot_requests = RequestCounter(), RequestCounter()
        return replace(
            self,
            remote=self.remote.for_another_thread(calendar_requests, hubspot_requests),
            calendar_requests=calendar_requests,
            hubspot_requests=hubspot_requests,
        )


def build_services(
    settings: Settings,
    *,
    database_url: str,
    addresses: Callable[[], Addresses],
    clock: Callable[[], datetime] | None = None,
    hide: Callable[[str], None] = hide_nothing,
    open_engine: Callable[[str], Engine] = open_database,
    mail_server: Callable[[], MailServer | NoMailServer] = NoMailServer,
) -> Services:
    """Put the services together; sets up an empty mapping database, and asks nothing of the remote services.

    ``addresses`` is asked where the services are when somebody first has something to say to them, and raises
    ConfigurationError where it is not known. ``clock`` is the database's unless another one is given. ``hide`` is told
    every token. ``mail_server`` says where notices are handed in (M1).

    Raises:
        ConfigurationError: a key or the database cannot be used; the message says what to do.
    """
    vault = open_vault(settings.secret_keys, database_url)
    calendar_requests, hubspot_requests = RequestCounter(), RequestCounter()
    engine = open_engine(database_url)
    present = clock or database_clock(engine)

    def make_clients() -> Clients:
        from booking_sync.service_clients import ClientMaker  # noqa: PLC0415 - HTTP: many tasks do without

        version = settings.hubspot_api_version
        maker = ClientMaker(engine, vault, present, version, hide, calendar_requests, hubspot_requests)
        return maker.make(addresses())

    return Services(
        settings=settings,
        engine=engine,
        vault=vault,
        remote=Remote(make_clients),
        rates=RateGates(engine, present, settings.rate_share_percent),
        clock=present,
        calendar_requests=calendar_requests,
        hubspot_requests=hubspot_requests,
        mail_server=mail_server,
    )

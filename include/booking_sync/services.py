"""What a run works with.

The two services, the mapping database, the clock. Built once per task, passed in everywhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine

from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.http import Exchange
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.retry import HttpLimits
from booking_sync.settings import Settings
from booking_sync.store.database import open_database
from booking_sync.store.encryption import Vault, development_keys

HUBSPOT_LIMITS = HttpLimits(read_seconds=25.0, total_seconds=30.0, attempts=4, wait_seconds=45.0)
"""A call with all its repetitions (4 x 30 + 45 s) is shorter than a lease: nobody must still be sending when another
worker takes over."""


class RequestCounter:
    """Counts the requests that were made to one service, those repeated included."""

    def __init__(self) -> None:
        self.requests = 0
        self.writes = 0

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self.requests += 1
        self.writes += exchange.is_write


def utc_now() -> datetime:
    """Return the present instant; the one place below the tasks that reads the machine's clock."""
    return datetime.now(UTC)


def new_change_id() -> str:
    """Return a fresh id for a change, which is also the trace id of its requests."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a step needs from outside the core."""

    settings: Settings
    engine: Engine
    vault: Vault
    calendar: CalendarClient
    hubspot: HubSpotClient
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = new_change_id
    calendar_requests: RequestCounter = field(default_factory=RequestCounter)
    hubspot_requests: RequestCounter = field(default_factory=RequestCounter)


def build_services(
    settings: Settings,
    *,
    database_url: str,
    calendar_url: str,
    calendar_key: str,
    hubspot_url: str,
    hubspot_key: str,
    clock: Callable[[], datetime] = utc_now,
) -> Services:
    """Put the services together; sets up an empty mapping database, and asks nothing of the remote services.

    Raises:
        ConfigurationError: a key, an address or the database cannot be used; the message says what to do.
    """
    vault = Vault(settings.secret_keys or development_keys(database_url))
    calendar_requests, hubspot_requests = RequestCounter(), RequestCounter()
    return Services(
        settings=settings,
        engine=open_database(database_url),
        vault=vault,
        calendar=CalendarClient.from_connection(calendar_url, calendar_key, observer=calendar_requests),
        hubspot=HubSpotClient.from_connection(
            hubspot_url,
            hubspot_key,
            api_version=settings.hubspot_api_version,
            limits=HUBSPOT_LIMITS,
            observer=hubspot_requests,
        ),
        clock=clock,
        calendar_requests=calendar_requests,
        hubspot_requests=hubspot_requests,
    )

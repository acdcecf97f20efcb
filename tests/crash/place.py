"""Where a reconciliation runs: the addresses of the two sandbox servers and of the database, and how late it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from booking_sync import apply
from booking_sync.clients.hubspot_calls import MOST_INPUTS
from booking_sync.service_clients import Addresses
from booking_sync.services import Services, build_services
from booking_sync.settings import Settings

SECRET_KEY = "a key that only the crash tests use"


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that a process needs to run there; it can be pickled. ``offset_seconds`` is added to the real time."""

    database_url: str
    calendar_url: str
    calendar_key: str
    hubspot_url: str
    hubspot_key: str
    lease_seconds: float
    offset_seconds: float
    batch_size: int = MOST_INPUTS

    def services(self, clock: Callable[[], datetime] | None = None) -> Services:
        """Connect. Every process makes its own: neither connections nor engines survive a fork.

        ``clock`` goes with a world whose time is put forward; without it, it is as late as when the place was made.
        """
        apply.MOST_INPUTS = self.batch_size
        return build_services(
            Settings(secret_keys=(SECRET_KEY,), lease_seconds=self.lease_seconds),
            database_url=self.database_url,
            addresses=lambda: Addresses(self.calendar_url, self.calendar_key, self.hubspot_url, self.hubspot_key),
            clock=clock or self.clock,
        )

    def clock(self) -> datetime:
        """The time there."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)

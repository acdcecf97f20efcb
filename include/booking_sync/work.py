"""One worker's right to change one integration in the course of one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from booking_sync.booking_payload import load_booking
from booking_sync.errors import IntegrationStopped, TurnOver
from booking_sync.integration_settings import IntegrationSettings
from booking_sync.model import Booking
from booking_sync.services import Services
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading, writing
from booking_sync.store.integrations import Integration, find_integration
from booking_sync.store.lease import Lease
from booking_sync.store.runs import Run

if TYPE_CHECKING:
    from booking_sync.clients.hubspot import HubSpotClient


@dataclass(frozen=True, slots=True)
class Work:
    """One worker's right to change one integration in the course of one run."""

    services: Services
    run: Run
    integration: Integration
    lease: Lease
    settings: IntegrationSettings
    is_connecting: bool = False
    """What a person does to connect is not stopped by what they did before."""
    turn_ends_at: datetime | None = None
    """When the next batch is left to the next run, because other portals wait; None: never."""

    @property
    def hubspot(self) -> HubSpotClient:
        """The client of the integration's portal, and of no other; it sends nothing once a person has stopped it."""
        client = self.services.hubspot_of(self.integration.portal_id)
        return client if self.is_connecting else client.with_gate(self._check_not_stopped)

    def check_turn(self) -> None:
        """See that other portals do not wait for this one too long.

        Raises:
            TurnOver: they do.
        """
        if self.turn_ends_at is not None and self.services.clock() >= self.turn_ends_at:
            raise TurnOver("other HubSpot portals wait for the end of this run; the next run goes on here")

    def _check_not_stopped(self) -> None:
        """See that nobody has paused or disconnected the integration since the work began.

        Raises:
            IntegrationStopped: somebody has; the request that was under way has been recorded.
        """
        with reading(self.services.engine) as connection:
            present = find_integration(connection, self.integration.id)
        if present is not None and present.is_stopped_by_person:
            raise IntegrationStopped(f"{present.why_idle}; the run stopped after the request that was under way")

    @contextmanager
    def recording(self) -> Iterator[tuple[Connection, datetime]]:
        """Open a transaction that is only kept if the lease is still ours; gives connection and time."""
        with writing(self.services.engine) as connection:
            self.lease.check(connection)
            yield connection, self.services.clock()

    def booking_of(self, stored: StoredChange) -> Booking:
        """Return the booking that a change carries."""
        if stored.payload is None:  # pragma: no cover - an open change has a payload until it is closed
            raise RuntimeError(f"change {stored.id} has lost its payload")
        return load_booking(self.services.vault.decrypt(stored.payload))

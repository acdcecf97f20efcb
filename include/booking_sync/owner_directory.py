"""Which HubSpot owner a host is (C4): remembered for an hour, and asked for where somebody is not among them."""

from __future__ import annotations

import threading
from datetime import timedelta

from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.model import Booking, normalise_email
from booking_sync.services import Services
from booking_sync.store import contact_links, owners
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import email_hash

REMEMBERED = timedelta(hours=1)
"""How long an owner is taken for active without asking, unless HubSpot refuses one."""


class OwnerMemory:
    """What was last read of a portal's owners, by any worker."""

    def __init__(self, services: Services, portal_id: str) -> None:
        self._services = services
        self._portal_id = portal_id
        with reading(services.engine) as connection:
            self._salt = contact_links.installation_salt(connection, services.vault)
            self._owner_ids = owners.load_owners(connection, portal_id, since=services.clock() - REMEMBERED)

    def owner_of(self, address: str) -> str | None:
        """Return the owner with that address, if one is remembered."""
        return self._owner_ids.get(email_hash(self._salt, address)) if self._owner_ids else None

    def save(self, owner_ids: dict[str, str]) -> None:
        """Remember what has just been read, by address."""
        by_hash = {email_hash(self._salt, address): owner_id for address, owner_id in owner_ids.items()}
        with writing(self._services.engine) as connection:
            owners.save_owners(connection, self._portal_id, by_hash, at=self._services.clock())

    def forget(self) -> None:
        """Have the owners asked for, by this worker and all others."""
        if self._owner_ids:
            self._owner_ids = {}
            with writing(self._services.engine) as connection:
                owners.forget_owners(connection, self._portal_id)


class OwnerDirectory:
    """The portal's active owners by address, asked for once and only when somebody needs one who is not remembered."""

    def __init__(self, hubspot: HubSpotClient, memory: OwnerMemory | None = None) -> None:
        """Without a memory HubSpot is asked in any case."""
        self._hubspot = hubspot
        self._memory = memory
        self._ids: dict[str, str] | None = None
        self._refused: set[str] = set()
        self._asking = threading.Lock()

    def owner_of(self, booking: Booking) -> str | None:
        """Return the owner id of the booking's host, or None: then the record is unassigned."""
        address = normalise_email(booking.host.email) or ""
        with self._asking:
            if address in self._refused:
                return None
            if self._ids is None and self._memory is not None and (found := self._memory.owner_of(address)):
                return found
            if self._ids is None:
                self._ids = self._read()
            return self._ids.get(address)

    def forget_owner_of(self, booking: Booking) -> None:
        """Leave the host's owner out from now on: HubSpot refuses it, so what is remembered of the others is old."""
        with self._asking:
            self._refused.add(normalise_email(booking.host.email) or "")
            if self._memory is not None:
                self._memory.forget()

    def _read(self) -> dict[str, str]:
        found = {one.email: one.id for one in self._hubspot.owners() if one.email and not one.is_archived}
        if self._memory is not None and found:
            self._memory.save(found)
        return found

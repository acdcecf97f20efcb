"""How many hosts of a workspace are users of the portal: theirs are the owners of activities and contacts (A1, C4).

Calendar.com lists no hosts, so they are taken from the bookings that changed lately. Nothing of it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from booking_sync.model import Booking, normalise_email
from booking_sync.owner_directory import OwnerDirectory
from booking_sync.recent import recent_bookings
from booking_sync.services import Services
from booking_sync.store.database import reading
from booking_sync.store.integrations import load_integration


@dataclass(frozen=True, slots=True)
class OwnerCoverage:
    """Hosts by whether an active HubSpot owner has their address. ``is_whole``: every booking of the time was read."""

    matched: int
    without_owner: tuple[str, ...] = field(repr=False)
    is_whole: bool

    @property
    def hosts(self) -> int:
        """How many hosts there are."""
        return self.matched + len(self.without_owner)


def owner_coverage(services: Services, integration_id: str) -> OwnerCoverage:
    """Compare hosts and owners; a few requests to both services, so ask for it apart from the page.

    Raises:
        BookingSyncError: one of the services cannot be asked.
    """
    with reading(services.engine) as connection:
        integration = load_integration(connection, integration_id)
    recent = recent_bookings(services, integration.workspace_id)
    hosts = {_address(booking): booking for booking in recent.bookings}
    owners = OwnerDirectory(services.hubspot_of(integration.portal_id))
    without = sorted(_named(booking, address) for address, booking in hosts.items() if owners.owner_of(booking) is None)
    return OwnerCoverage(len(hosts) - len(without), tuple(without), recent.is_whole)


def _named(booking: Booking, address: str) -> str:
    return f"{booking.host.name} ({address})" if booking.host.name else address


def _address(booking: Booking) -> str:
    return normalise_email(booking.host.email) or "no usable address"

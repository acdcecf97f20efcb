"""How many hosts of a workspace are users of the portal: theirs are the owners of activities and contacts (A1, C4).

Calendar.com lists no hosts, so they are taken from the bookings that changed lately. Nothing of it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from booking_sync.booking_payload import parse_booking
from booking_sync.model import Booking, normalise_email
from booking_sync.services import Services
from booking_sync.store.database import reading
from booking_sync.store.integrations import load_integration

LOOKS_BACK = timedelta(days=30)
MOST_PAGES = 5


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
    now = services.clock()
    feed = services.calendar.bookings_changed(integration.workspace_id, now - LOOKS_BACK, now)
    pages = list(islice(feed, MOST_PAGES))
    is_whole = len(pages) < MOST_PAGES
    bookings = (parse_booking(payload) for page in pages for payload in page)
    hosts = {_address(booking): booking.host.name for booking in bookings if isinstance(booking, Booking)}
    owners = services.hubspot_of(integration.portal_id).owners()
    known = {owner.email for owner in owners if owner.email and not owner.is_archived}
    without = sorted(
        f"{name} ({address})" if name else address for address, name in hosts.items() if address not in known
    )
    return OwnerCoverage(len(hosts) - len(without), tuple(without), is_whole)


def _address(booking: Booking) -> str:
    return normalise_email(booking.host.email) or "no usable address"

"""The bookings of a workspace that changed lately: what pages look at to say something of the workspace as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from booking_sync.booking_payload import parse_booking
from booking_sync.model import Booking
from booking_sync.services import Services

LOOKS_BACK = timedelta(days=30)
MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class RecentBookings:
    """Those that make sense. ``is_whole``: every booking of the time was read, else the page limit ended it."""

    bookings: tuple[Booking, ...] = field(repr=False)
    is_whole: bool


def recent_bookings(services: Services, workspace_id: str) -> RecentBookings:
    """Read the bookings that changed in the last 30 days; nothing of them is stored.

    Raises:
        BookingSyncError: Calendar.com cannot be asked.
    """
    now = services.clock()
    pages = list(islice(services.calendar.bookings_changed(workspace_id, now - LOOKS_BACK, now), MOST_PAGES))
    parsed = (parse_booking(payload) for page in pages for payload in page)
    bookings = tuple(booking for booking in parsed if isinstance(booking, Booking))
    return RecentBookings(bookings, is_whole=len(pages) < MOST_PAGES)

"""The booking that a preview of settings is made with: the workspace's newest one."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from booking_sync.booking_payload import parse_booking
from booking_sync.model import Booking
from booking_sync.services import Services

LOOKS_BACK = timedelta(days=30)
MOST_PAGES = 5


def newest_booking(services: Services, workspace_id: str) -> Booking | None:
    """Return the booking that was made last, of those that changed in the last 30 days.

    Raises:
        BookingSyncError: Calendar.com cannot be asked.
    """
    now = services.clock()
    pages = services.calendar.bookings_changed(workspace_id, now - LOOKS_BACK, now)
    parsed = (parse_booking(payload) for page in islice(pages, MOST_PAGES) for payload in page)
    bookings = [booking for booking in parsed if isinstance(booking, Booking)]
    return max(bookings, key=lambda booking: booking.created_at, default=None)

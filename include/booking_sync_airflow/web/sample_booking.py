"""The booking that a preview of settings is made with: the workspace's newest one."""

from __future__ import annotations

from booking_sync.model import Booking
from booking_sync.recent import recent_bookings
from booking_sync.services import Services


def newest_booking(services: Services, workspace_id: str) -> Booking | None:
    """Return the booking that was made last, of those that changed lately.

    Raises:
        BookingSyncError: Calendar.com cannot be asked.
    """
    bookings = recent_bookings(services, workspace_id).bookings
    return max(bookings, key=lambda booking: booking.created_at, default=None)

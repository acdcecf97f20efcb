"""Which outcome an activity shows: one decision, with the time passed in (A5, A8, R6, X1)."""

from __future__ import annotations

from datetime import datetime

from booking_sync.model import Booking, BookingStatus
from booking_sync.states import ActivityOutcome

OPEN_OUTCOMES = (ActivityOutcome.SCHEDULED, ActivityOutcome.RESCHEDULED)
"""Outcomes that the end of the meeting may turn into :attr:`ActivityOutcome.COMPLETED` (A8)."""


def is_no_show(booking: Booking, at: datetime) -> bool:
    """Say whether an invitee has been marked as not having come (A8).

    Only once the meeting has begun: a mark stays on a booking that is moved to another day after nobody came, and says
    nothing of the new time.
    """
    has_begun = booking.start_at <= at
    return has_begun and any(invitee.is_no_show for invitee in booking.concerned_invitees)


def decide_outcome(booking: Booking, *, at: datetime, marks_completed: bool, is_moved: bool = False) -> ActivityOutcome:
    """Return the outcome that the activity of a booking is to show at a time.

    ``is_moved`` says that the activity has been moved in place (R6).
    """
    if booking.status is BookingStatus.CANCELED:
        return ActivityOutcome.CANCELED
    if is_no_show(booking, at):
        return ActivityOutcome.NO_SHOW
    if marks_completed and booking.end_at <= at:
        return ActivityOutcome.COMPLETED
    return ActivityOutcome.RESCHEDULED if is_moved else ActivityOutcome.SCHEDULED


def usual_outcome(booking: Booking) -> ActivityOutcome:
    """Return what an activity shows as long as no setting, no mark and no time has a say (A5, X1)."""
    is_canceled = booking.status is BookingStatus.CANCELED
    return ActivityOutcome.CANCELED if is_canceled else ActivityOutcome.SCHEDULED


def expected_outcome(booking: Booking, recorded: ActivityOutcome | None, at: datetime) -> ActivityOutcome:
    """Return the outcome that a recorded activity should show, as the audit expects it (D5).

    What time or a setting has brought about counts as it was recorded: either may have changed since.
    """
    is_moved = recorded is ActivityOutcome.RESCHEDULED
    was_completed = recorded is ActivityOutcome.COMPLETED
    return decide_outcome(booking, at=at, marks_completed=was_completed, is_moved=is_moved)

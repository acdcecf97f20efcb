"""The decision what to change: one pure function, driven by one booking.

A booking that was not read is never looked at here, so absence can never become a cancellation (X5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from booking_sync.fingerprint import content_fingerprint, schedule_fingerprint
from booking_sync.model import Booking, BookingStatus
from booking_sync.states import Operation, RecordedState


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the mapping says was written last for one booking."""

    booking_id: str
    state: RecordedState
    activity_id: str | None
    generation: int
    version: int
    schedule_fingerprint: str
    content_fingerprint: str
    replaced_by: str | None = None


class NoChange(StrEnum):
    """Why nothing is to be done for a booking."""

    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for one booking, why, and which recorded activity it takes the place of."""

    verdict: Operation | NoChange
    reason: str
    replaces: Recorded | None = None


def decide(
    booking: Booking,
    recorded: Recorded | None,
    *,
    predecessor: Recorded | None = None,
    successor_id: str | None = None,
) -> Decision:
    """Decide what one booking needs.

    ``recorded`` is the booking's own mapping row. ``predecessor`` is the nearest booking that this one was rescheduled
    from and whose activity still stands; ``successor_id`` is the booking that this one was rescheduled to, if that one
    has been read too or is recorded already (R2).
    """
    if recorded is not None and booking.version < recorded.version:
        return Decision(
            NoChange.SUPERSEDED, f"version {booking.version} is older than the recorded version {recorded.version}"
        )
    is_handed_over = recorded is not None and recorded.state is RecordedState.REPLACED
    if booking.status is BookingStatus.RESCHEDULED or (successor_id is not None and not is_handed_over):
        return _decide_replaced(booking, recorded, successor_id)
    if recorded is not None and recorded.state is RecordedState.REPLACED:
        return _decide_revived(booking, recorded)
    if recorded is None:
        return _decide_new(booking, predecessor)
    if booking.status is BookingStatus.CANCELED:
        return _decide_canceled(recorded)
    return _decide_scheduled(booking, recorded)


def _decide_replaced(booking: Booking, recorded: Recorded | None, successor_id: str | None) -> Decision:
    """Leave the activity to the successor, which archives it; while that one is unknown, it stands."""
    has_activity = recorded is not None and recorded.state is not RecordedState.REPLACED
    if has_activity and successor_id is None:
        reason = f"rescheduled to booking {booking.rescheduled_to_id}, which has not been read yet"
        return Decision(NoChange.WAITING, reason)
    return Decision(NoChange.SUPERSEDED, f"rescheduled to booking {successor_id or booking.rescheduled_to_id}")


def _decide_revived(booking: Booking, recorded: Recorded) -> Decision:
    """Handle a booking whose activity went to its successor: only a newer, standing version brings it back."""
    if booking.status is BookingStatus.CANCELED or booking.version == recorded.version:
        return Decision(NoChange.SUPERSEDED, f"replaced by booking {recorded.replaced_by}")
    return Decision(Operation.CREATE, "stands again after it had been replaced")


def _decide_new(booking: Booking, predecessor: Recorded | None) -> Decision:
    canceled = ", cancelled before it was ever passed on" if booking.status is BookingStatus.CANCELED else ""
    if predecessor is not None:
        return Decision(
            Operation.RECREATE, f"rescheduled from booking {predecessor.booking_id}{canceled}", replaces=predecessor
        )
    return Decision(Operation.CREATE, f"new booking{canceled}")


def _decide_canceled(recorded: Recorded) -> Decision:
    if not recorded.content_fingerprint:
        return Decision(Operation.UPDATE, "cancelled; adopted with older content, which has not been rewritten yet")
    if recorded.state is RecordedState.CANCELED:
        return Decision(NoChange.UNCHANGED, "cancelled, and the activity says so already")
    return Decision(Operation.CANCEL, "cancelled")


def _decide_scheduled(booking: Booking, recorded: Recorded) -> Decision:
    if schedule_fingerprint(booking) != recorded.schedule_fingerprint:
        return Decision(Operation.RECREATE, "start, end or host changed", replaces=recorded)
    if recorded.state is RecordedState.CANCELED:
        return Decision(Operation.UPDATE, "stands again after a cancellation")
    if content_fingerprint(booking) != recorded.content_fingerprint:
        return Decision(Operation.UPDATE, "details changed")
    return Decision(NoChange.UNCHANGED, "nothing that the activity shows has changed")

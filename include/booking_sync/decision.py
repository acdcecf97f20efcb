"""The decision what to change: one pure function, driven by one booking.

A booking that was not read is never looked at here, so absence can never become a cancellation (X5).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from booking_sync.fingerprint import content_fingerprint, guests_fingerprint, schedule_fingerprint
from booking_sync.integration_settings import DEFAULT_SETTINGS, GuestPolicy, IntegrationSettings, ReschedulePolicy
from booking_sync.model import Booking, BookingStatus
from booking_sync.outcome import OPEN_OUTCOMES, decide_outcome, is_no_show
from booking_sync.states import ActivityOutcome, Operation, RecordedState


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
    outcome: ActivityOutcome | None = None
    guests_fingerprint: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    appearance: bytes | None = field(default=None, repr=False)
    """What the activity shows, encrypted (:mod:`booking_sync.appearance`); nothing is decided by it."""

    @property
    def shown_outcome(self) -> ActivityOutcome:
        """The outcome that was written last; a row from before outcomes were recorded tells it by its state."""
        if self.state is RecordedState.CANCELED:
            return ActivityOutcome.CANCELED
        return self.outcome or ActivityOutcome.SCHEDULED


class NoChange(StrEnum):
    """Why nothing is to be done for a booking."""

    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    WAITING = "waiting"
    EXCLUDED = "excluded"


LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision rests on besides the booking and its record.

    ``at`` is the time of the run. ``is_due`` says that the meeting has ended since the last run, so that its outcome
    may have to change although nobody has changed the booking (A8).
    """

    settings: IntegrationSettings = DEFAULT_SETTINGS
    at: datetime = LONG_AGO
    is_due: bool = False


NOTHING_SPECIAL = Circumstances()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for one booking, why, and which recorded activity it takes the place of, or moves (R6).

    ``outcome`` is what the activity is to show then; None where nothing is done.
    """

    verdict: Operation | NoChange
    reason: str
    replaces: Recorded | None = None
    outcome: ActivityOutcome | None = None


def decide(
    booking: Booking,
    recorded: Recorded | None,
    *,
    predecessor: Recorded | None = None,
    successor_id: str | None = None,
    circumstances: Circumstances = NOTHING_SPECIAL,
) -> Decision:
    """Decide what one booking needs.

    ``recorded`` is the booking's own mapping row. ``predecessor`` is the nearest booking that this one was rescheduled
    from and whose activity still stands; ``successor_id`` is the booking that this one was rescheduled to, if that one
    has been read too or is recorded already (R2).
    """
    if not circumstances.settings.takes_event(booking.event_id, booking.event_name):
        return Decision(NoChange.EXCLUDED, "its event is not one of those that are passed on")
    decision = _decide(booking, recorded, predecessor, successor_id, circumstances)
    if isinstance(decision.verdict, NoChange):
        return decision
    return replace(decision, outcome=_outcome(booking, recorded, decision, circumstances))


def _decide(
    booking: Booking,
    recorded: Recorded | None,
    predecessor: Recorded | None,
    successor_id: str | None,
    circumstances: Circumstances,
) -> Decision:
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
        return _decide_new(booking, predecessor, circumstances)
    if booking.status is BookingStatus.CANCELED:
        return _decide_canceled(recorded)
    return _decide_scheduled(booking, recorded, circumstances)


def _outcome(
    booking: Booking, recorded: Recorded | None, decision: Decision, circumstances: Circumstances
) -> ActivityOutcome:
    """Return what the activity is to show; one that was moved in place says so until it is made anew (R6)."""
    is_same_activity = decision.verdict in (Operation.UPDATE, Operation.MARK)
    was_moved = recorded is not None and recorded.outcome is ActivityOutcome.RESCHEDULED
    return decide_outcome(
        booking,
        at=circumstances.at,
        marks_completed=circumstances.settings.mark_completed,
        is_moved=is_same_activity and (was_moved or decision.replaces is not None),
    )


def _decide_replaced(booking: Booking, recorded: Recorded | None, successor_id: str | None) -> Decision:
    """Leave the activity to the successor, which archives it; while that one is unknown, it stands."""
    has_activity = recorded is not None and recorded.state is not RecordedState.REPLACED
    new_id = successor_id or booking.rescheduled_to_id
    reason = f"rescheduled to booking {new_id}" if new_id else "rescheduled to a booking that is not named"
    if has_activity and successor_id is None:
        return Decision(NoChange.WAITING, f"{reason}, which has not been read yet")
    return Decision(NoChange.SUPERSEDED, reason)


def _decide_revived(booking: Booking, recorded: Recorded) -> Decision:
    """Handle a booking whose activity went to its successor: only a newer, standing version brings it back."""
    if booking.status is BookingStatus.CANCELED or booking.version == recorded.version:
        return Decision(NoChange.SUPERSEDED, f"replaced by booking {recorded.replaced_by}")
    return Decision(Operation.CREATE, "stands again after it had been replaced")


def _decide_new(booking: Booking, predecessor: Recorded | None, circumstances: Circumstances) -> Decision:
    canceled = ", cancelled before it was ever passed on" if booking.status is BookingStatus.CANCELED else ""
    if predecessor is not None:
        reason = f"rescheduled from booking {predecessor.booking_id}{canceled}"
        return Decision(_reschedule(circumstances), reason, replaces=predecessor)
    return Decision(Operation.CREATE, f"new booking{canceled}")


def _decide_canceled(recorded: Recorded) -> Decision:
    if not recorded.content_fingerprint:
        return Decision(Operation.UPDATE, "cancelled; adopted with older content, which has not been rewritten yet")
    if recorded.state is RecordedState.CANCELED:
        return Decision(NoChange.UNCHANGED, "cancelled, and the activity says so already")
    return Decision(Operation.CANCEL, "cancelled")


def _decide_scheduled(booking: Booking, recorded: Recorded, circumstances: Circumstances) -> Decision:
    if schedule_fingerprint(booking) != recorded.schedule_fingerprint:
        return Decision(_reschedule(circumstances), "start, end or host changed", replaces=recorded)
    if recorded.state is RecordedState.CANCELED:
        return Decision(Operation.UPDATE, "stands again after a cancellation")
    if content_fingerprint(booking) != recorded.content_fingerprint:
        return Decision(Operation.UPDATE, "details changed")
    if _has_other_guests(booking, recorded, circumstances.settings):
        return Decision(Operation.UPDATE, "guests changed")
    return _decide_mark(booking, recorded, circumstances)


def _decide_mark(booking: Booking, recorded: Recorded, circumstances: Circumstances) -> Decision:
    """Change the outcome alone, where an invitee did not come, or came after all, or the meeting has ended (A8)."""
    was_no_show = recorded.shown_outcome is ActivityOutcome.NO_SHOW
    if is_no_show(booking, circumstances.at) is not was_no_show:
        reason = "no longer marked as a no-show" if was_no_show else "an invitee did not come"
        return Decision(Operation.MARK, reason)
    may_complete = circumstances.settings.mark_completed and circumstances.is_due
    if may_complete and recorded.shown_outcome in OPEN_OUTCOMES and booking.end_at <= circumstances.at:
        return Decision(Operation.MARK, "the meeting has ended")
    return Decision(NoChange.UNCHANGED, "nothing that the activity shows has changed")


def _reschedule(circumstances: Circumstances) -> Operation:
    moves = circumstances.settings.reschedule_policy is ReschedulePolicy.UPDATE
    return Operation.UPDATE if moves else Operation.RECREATE


def _has_other_guests(booking: Booking, recorded: Recorded, settings: IntegrationSettings) -> bool:
    """Say whether guests have come or gone since they were passed on; without the setting they never are (C7)."""
    if settings.guests is GuestPolicy.IGNORE or recorded.guests_fingerprint is None:
        return False
    return guests_fingerprint(booking) != recorded.guests_fingerprint

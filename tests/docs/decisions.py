"""Every combination that the decision distinguishes, and the rows of the documented table read as conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

from booking_sync.decision import Circumstances, Decision, Recorded, decide
from booking_sync.fingerprint import content_fingerprint, schedule_fingerprint
from booking_sync.integration_settings import IntegrationSettings, ReschedulePolicy
from booking_sync.model import Booking, BookingStatus
from booking_sync.states import RecordedState
from tests.builders import a_booking, an_invitee

NOTHING = "nothing"
SUCCESSOR = "bk_successor"


@dataclass(frozen=True)
class Situation:
    """One booking, what is recorded of it, and which other bookings are known."""

    status: BookingStatus
    recorded: RecordedState | None
    newer_by: int
    has_other_times: bool
    has_other_details: bool
    has_predecessor: bool
    has_successor: bool
    is_excluded: bool
    moves: bool
    has_no_show: bool
    has_ended: bool

    def decide(self) -> Decision:
        """Ask the function."""
        invitee = an_invitee(is_no_show=self.has_no_show)
        now = a_booking(status=self.status, rescheduled_to_id=SUCCESSOR, invitees=(invitee,))
        before = replace(
            now,
            version=now.version - self.newer_by,
            start_at=now.start_at - timedelta(hours=self.has_other_times),
            event_name="Old name" if self.has_other_details else now.event_name,
        )
        return decide(
            now,
            _recorded(before, self.recorded) if self.recorded else None,
            predecessor=_recorded(replace(before, id="bk_before"), RecordedState.LIVE)
            if self.has_predecessor
            else None,
            successor_id=SUCCESSOR if self.has_successor else None,
            circumstances=Circumstances(
                IntegrationSettings(
                    reschedule_policy=ReschedulePolicy.UPDATE if self.moves else ReschedulePolicy.RECREATE,
                    events_exclude=(now.event_id,) if self.is_excluded else (),
                    mark_completed=True,
                ),
                at=now.end_at if self.has_ended else now.start_at,
                is_due=self.has_ended,
            ),
        )


CONDITIONS: dict[str, Callable[[Situation], bool]] = {
    "": lambda _: True,
    "the version is older than the recorded one": lambda s: s.newer_by < 0,
    "the version is newer than the recorded one": lambda s: s.newer_by > 0,
    "its successor is known": lambda s: s.has_successor,
    "its successor is not known yet": lambda s: not s.has_successor,
    "a predecessor's activity stands": lambda s: s.has_predecessor,
    "start, end or host differ": lambda s: s.has_other_times,
    "other details differ": lambda s: s.has_other_details,
    "its event is not passed on": lambda s: s.is_excluded,
    "a predecessor's activity stands, and reschedules move it": lambda s: s.has_predecessor and s.moves,
    "start, end or host differ, and reschedules move it": lambda s: s.has_other_times and s.moves,
    "an invitee is newly marked as not having come": lambda s: s.has_no_show,
    "the meeting has ended, and is to be marked so": lambda s: s.has_ended,
}


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    statuses: frozenset[str]
    recorded: frozenset[str]
    condition: str
    verdict: str

    @classmethod
    def of(cls, cells: dict[str, str]) -> Row:
        """Read the cells."""
        everything = frozenset([NOTHING, *RecordedState])
        return cls(
            _words(cells["Booking is"], frozenset(BookingStatus)),
            _words(cells["Recorded is"], everything),
            cells["And"],
            cells["Verdict"],
        )

    def fits(self, situation: Situation) -> bool:
        """Say whether the row speaks of this situation."""
        is_recorded_so = (situation.recorded or NOTHING) in self.recorded
        return situation.status in self.statuses and is_recorded_so and CONDITIONS[self.condition](situation)


def situations() -> Iterator[Situation]:
    """Yield them all."""
    choices = product(BookingStatus, [None, *RecordedState], (-1, 0, 1), *[(False, True)] * 8)
    for choice in choices:
        yield Situation(*choice)


def _words(cell: str, known: frozenset[str]) -> frozenset[str]:
    words = known if cell == "any" else frozenset(word.strip() for word in cell.split(","))
    assert words <= known, f"unknown words in the table: {sorted(words - known)}"
    return frozenset(str(word) for word in words)


def _recorded(booking: Booking, state: RecordedState) -> Recorded:
    return Recorded(
        booking_id=booking.id,
        state=state,
        activity_id=None if state is RecordedState.REPLACED else "101",
        generation=1,
        version=booking.version,
        schedule_fingerprint=schedule_fingerprint(booking),
        content_fingerprint=content_fingerprint(booking),
        replaced_by=SUCCESSOR if state is RecordedState.REPLACED else None,
    )

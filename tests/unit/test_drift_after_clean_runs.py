"""Whatever happens to bookings, runs that get through leave nothing for the audit to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from booking_sync.audited import OF_AN_APP, Evidence, MappedBooking
from booking_sync.clients.hubspot_model import Activity
from booking_sync.decision import Decision, Recorded, decide
from booking_sync.drift import find_drift
from booking_sync.evidence import audited, found_activity
from booking_sync.fingerprint import activity_key, content_fingerprint, schedule_fingerprint
from booking_sync.model import Booking, BookingStatus
from booking_sync.outcome import usual_outcome
from booking_sync.render import render_activity, render_cancel, render_update
from booking_sync.states import Operation, RecordedState
from tests.builders import a_booking

HOUR = timedelta(hours=1)
FIRST = a_booking().updated_at


@dataclass
class World:
    """Bookings, what a run has recorded of them, and HubSpot; each run gets through without a fault."""

    now: datetime = FIRST
    synced_until: datetime = FIRST
    bookings: dict[str, Booking] = field(default_factory=dict)
    recorded: dict[str, tuple[Recorded, Booking]] = field(default_factory=dict)
    activities: dict[str, dict[str, str]] = field(default_factory=dict)
    made: int = 0

    def change(self, booking_id: str, **changes: Any) -> None:
        self.now += HOUR
        before = self.bookings[booking_id]
        self.bookings[booking_id] = replace(before, version=before.version + 1, updated_at=self.now, **changes)

    def book(self, **changes: Any) -> str:
        self.now += HOUR
        booking_id = f"bk_{len(self.bookings)}"
        self.bookings[booking_id] = a_booking(id=booking_id, version=1, updated_at=self.now, **changes)
        return booking_id

    def run(self) -> None:
        self.now += HOUR
        self.synced_until = self.now
        for booking in self.bookings.values():
            before = self.recorded.get(booking.id)
            predecessor = self.recorded.get(booking.rescheduled_from_id or "")
            standing = predecessor[0] if predecessor and predecessor[0].state is not RecordedState.REPLACED else None
            known = {booking.rescheduled_to_id} & self.bookings.keys()
            recorded = before[0] if before else None
            self._apply(booking, decide(booking, recorded, predecessor=standing, successor_id=next(iter(known), None)))

    def _apply(self, booking: Booking, decision: Decision) -> None:
        row = self.recorded.get(booking.id)
        match decision.verdict:
            case Operation.CREATE | Operation.RECREATE:
                generation = (row[0].generation if row else 0) + 1
                self.made += 1
                key = activity_key(booking.workspace_id, booking.id, generation)
                shown = render_activity(
                    booking, outcome=usual_outcome(booking), owner_id=None, activity_key=key, activity_type=None
                )
                self.activities[str(self.made)] = shown
                if decision.replaces is not None:
                    self._archive(decision.replaces, booking)
                self._record(booking, str(self.made), generation)
            case Operation.UPDATE if row is not None:
                shown = render_update(booking, outcome=usual_outcome(booking), owner_id=None, activity_type=None)
                self.activities[str(row[0].activity_id)] |= shown
                self._record(booking, str(row[0].activity_id), row[0].generation)
            case Operation.CANCEL if row is not None:
                self.activities[str(row[0].activity_id)] |= render_cancel(booking)
                now = replace(row[0], state=RecordedState.CANCELED, version=booking.version)
                self.recorded[booking.id] = (now, row[1])

    def _archive(self, replaced: Recorded, successor: Booking) -> None:
        del self.activities[str(replaced.activity_id)]
        if replaced.booking_id != successor.id:
            gone = replace(replaced, state=RecordedState.REPLACED, activity_id=None, replaced_by=successor.id)
            self.recorded[replaced.booking_id] = (gone, self.recorded[replaced.booking_id][1])

    def _record(self, booking: Booking, activity_id: str, generation: int) -> None:
        is_canceled = booking.status is BookingStatus.CANCELED
        state = RecordedState.CANCELED if is_canceled else RecordedState.LIVE
        prints = (schedule_fingerprint(booking), content_fingerprint(booking))
        self.recorded[booking.id] = (
            Recorded(booking.id, state, activity_id, generation, booking.version, *prints),
            booking,
        )

    def evidence(self) -> Evidence:
        rows = {
            row.booking_id: MappedBooking(
                booking_id=row.booking_id,
                state=row.state,
                activity_id=row.activity_id,
                activity_key=activity_key(written.workspace_id, row.booking_id, row.generation),
                generation=row.generation,
                version=row.version,
                start_at=written.start_at,
                end_at=written.end_at,
                contact_ids=(),
                replaced_by=row.replaced_by,
            )
            for row, written in self.recorded.values()
        }
        made_by = {"hs_object_source": OF_AN_APP, "hs_object_source_id": "1"}
        found = {id_: found_activity(Activity(id_, {**shown, **made_by})) for id_, shown in self.activities.items()}
        return Evidence(
            workspace_id=a_booking().workspace_id,
            other_workspace_ids=(),
            bookings={booking.id: audited(booking, None, self.now) for booking in self.bookings.values()},
            unreadable=frozenset(),
            mapped=rows,
            activities=found,
            in_work=frozenset(),
            due_from=FIRST,
            due_until=self.synced_until,
        )


def hand_on(world: World, booking_id: str) -> None:
    before = world.bookings[booking_id]
    if before.status is BookingStatus.SCHEDULED:
        start_at = before.start_at + HOUR
        new_id = world.book(rescheduled_from_id=booking_id, start_at=start_at, end_at=start_at + HOUR)
        world.change(booking_id, status=BookingStatus.RESCHEDULED, rescheduled_to_id=new_id)


def move(world: World, booking_id: str) -> None:
    start_at = world.bookings[booking_id].start_at + HOUR
    world.change(booking_id, start_at=start_at, end_at=start_at + HOUR)


def switch(world: World, booking_id: str) -> None:
    is_off = world.bookings[booking_id].status is BookingStatus.CANCELED
    world.change(booking_id, status=BookingStatus.SCHEDULED if is_off else BookingStatus.CANCELED)


HAPPENINGS: dict[str, Callable[[World, str], None]] = {
    "move": lambda w, b: None if w.bookings[b].status is BookingStatus.RESCHEDULED else move(w, b),
    "switch": lambda w, b: None if w.bookings[b].status is BookingStatus.RESCHEDULED else switch(w, b),
    "hand on": hand_on,
    "rename": lambda w, b: w.change(b, event_name=f"Call {w.now:%d %H}"),
    "track": lambda w, b: w.change(b, tracking=(("utm_source", f"{w.now:%H}"),)),
    "book": lambda w, _: str(w.book()) and None,
    "run": lambda w, _: w.run(),
}

HAPPENED = st.lists(st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.integers(0, 5)), max_size=14)


def after(happened: list[tuple[str, int]]) -> World:
    world = World()
    world.book()
    for name, number in happened:
        ids = list(world.bookings)
        HAPPENINGS[name](world, ids[number % len(ids)])
    return world


@given(HAPPENED)
def test_whenever_the_last_run_was_there_is_no_drift(happened: list[tuple[str, int]]) -> None:
    assert find_drift(after(happened).evidence()) == ()  # D5


@given(HAPPENED, st.integers(0, 20))
def test_after_a_run_a_deleted_activity_never_goes_unnoticed(happened: list[tuple[str, int]], number: int) -> None:
    world = after(happened)
    world.run()
    lost = sorted(world.activities)[number % len(world.activities)]
    del world.activities[lost]
    assert [drift.kind for drift in find_drift(world.evidence())] == ["deleted"]

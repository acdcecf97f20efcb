"""Several batches of one portal at work at once, in real threads: faults in the middle of it, and order kept."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from booking_sandbox.history import HistoryEntry
from booking_sync import apply
from booking_sync.errors import Fenced, Throttled
from booking_sync.states import ChangeState
from booking_sync.store.database import writing
from booking_sync.store.tables import change, lease
from tests.faults.ways import CREATE, statuses
from tests.flow.scene import Scene

BATCH = 3
BOOKINGS = 30


@pytest.fixture
def crowd(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A scene in which ten batches are worked on, up to four at a time, and HubSpot takes a moment for each request."""
    monkeypatch.setattr(apply, "MOST_INPUTS", BATCH)
    scene.allow_floods()
    scene.services = replace(scene.services, settings=replace(scene.services.settings, requests_in_flight=4))
    scene.run()
    scene.switches.latency_seconds = 0.01
    yield scene
    scene.hubspot.request_hook = None


def book_many(scene: Scene, count: int = BOOKINGS, address: str = "guest{}@example.com") -> list[str]:
    booked = []
    for number in range(count):
        scene.clock.advance(1)
        booked.append(scene.book(invitees=[{"name": f"Guest {number}", "email": address.format(number)}]))
    return booked


class Overlap:
    """Counts how many requests are under way at once."""

    def __init__(self, scene: Scene) -> None:
        self.most = self._now = 0
        scene.hubspot.request_hook = self

    def __call__(self, _entry: HistoryEntry, phase: str) -> None:
        self._now += 1 if phase == "before" else -1
        self.most = max(self.most, self._now)


def test_batches_are_under_way_at_once_and_each_booking_is_passed_on_once(crowd: Scene) -> None:
    overlap = Overlap(crowd)
    booked = book_many(crowd)
    assert crowd.run().counts["create"] == BOOKINGS
    for number, booking_id in enumerate(booked):
        if number % 2:
            crowd.move(booking_id, 100 + number)
        else:
            crowd.calendar.cancel(booking_id)
    counts = crowd.run().counts
    assert (counts["recreate"], counts["cancel"]) == (BOOKINGS / 2, BOOKINGS / 2)
    assert 1 < overlap.most <= 4
    crowd.everything_is_right()
    crowd.assert_repeating_writes_nothing()


def test_with_one_request_in_flight_there_are_no_threads(crowd: Scene) -> None:
    crowd.services = replace(crowd.services, settings=replace(crowd.services.settings, requests_in_flight=1))
    overlap = Overlap(crowd)
    book_many(crowd)
    assert crowd.run().counts["create"] == BOOKINGS
    assert overlap.most == 1


@pytest.mark.parametrize("seed", range(3))
def test_one_invitee_in_many_batches_is_made_once_from_the_earliest_booking(crowd: Scene, seed: int) -> None:
    # C5
    booked = book_many(crowd, address="Shared@example.com" if seed else "shared@example.com")
    assert crowd.run().counts["create"] == BOOKINGS
    made = [one["properties"] for one in crowd.hubspot.contacts() if one["properties"]["email"] == "shared@example.com"]
    assert [(one["firstname"], one["lastname"]) for one in made] == [("Guest", "0")]
    assert {tuple(crowd.emails_on(booking_id)) for booking_id in booked} == {("shared@example.com",)}


@pytest.mark.parametrize("path", [CREATE, "/contacts/batch/create"])
@pytest.mark.parametrize("fault", ["commit_then_hang", "drop_before", "commit_then_status"])
def test_lost_answers_among_many_are_read_back(crowd: Scene, path: str, fault: str) -> None:
    booked = book_many(crowd)
    for nth in (2, 5, 6):
        getattr(crowd.switches, fault)(path=path, nth=nth)
    crowd.run()
    crowd.switches.faults.clear()
    crowd.run_after_quiet_time()
    crowd.run_after_quiet_time()
    assert {len(crowd.activities(one, include_archived=True)) for one in booked} == {1}
    assert Counter(Counter(one["properties"].get("email") for one in crowd.hubspot.contacts()).values()).keys() == {1}
    crowd.everything_is_right()
    crowd.assert_repeating_writes_nothing()


def test_fault_006_a_storm_in_the_middle_loses_nothing(crowd: Scene) -> None:
    booked = book_many(crowd)
    crowd.switches.storm(0.7, 3_000.0)
    for _ in range(3):
        with suppress(Throttled):  # not even the portal's name can be read
            crowd.run(may_be_red=True)
        crowd.clock.advance(1_200)
    crowd.switches.faults.clear()
    crowd.run()
    crowd.run_after_quiet_time()
    assert {len(crowd.activities(one, include_archived=True)) for one in booked} == {1}
    crowd.everything_is_right()


def test_where_one_batch_fails_no_other_is_begun_and_the_rest_is_recorded(crowd: Scene) -> None:
    booked = book_many(crowd)
    crowd.switches.answer(403, path=CREATE, nth=3)
    crowd.run(may_be_red=True)
    asked = statuses(crowd, CREATE)
    assert asked.count(403) == 1
    assert len(asked) < BOOKINGS / BATCH
    rows = crowd.rows(select(change.c.booking_id, change.c.state).where(change.c.booking_id.in_(booked)))
    states = Counter(ChangeState(row["state"]) for row in rows)
    assert states == {ChangeState.DONE: BATCH * asked.count(201), ChangeState.KEPT: BOOKINGS - BATCH * asked.count(201)}
    crowd.run()
    crowd.everything_is_right()


def test_a_batch_that_waits_for_an_address_is_not_begun_where_the_first_one_fails(crowd: Scene) -> None:
    book_many(crowd, address="shared@example.com")
    crowd.switches.answer(403, path="/contacts/batch/read")
    crowd.run(may_be_red=True)
    assert statuses(crowd, CREATE) == []
    assert not [one for one in crowd.hubspot.contacts() if one["properties"]["email"] == "shared@example.com"]
    crowd.run()
    crowd.everything_is_right()


def test_a_lost_lease_stops_all_that_are_under_way_and_nothing_is_made_twice(crowd: Scene) -> None:
    booked = book_many(crowd)
    at_third = threading.Event()

    def take_over(entry: HistoryEntry, phase: str) -> None:
        if phase == "after" and CREATE in entry.path and len(statuses(crowd, CREATE)) >= 3 and not at_third.is_set():
            at_third.set()
            with writing(crowd.services.engine) as connection:
                connection.execute(update(lease).values(fence=lease.c.fence + 1))

    crowd.hubspot.request_hook = take_over
    with pytest.raises(Fenced):
        crowd.run()
    crowd.hubspot.request_hook = None
    with writing(crowd.services.engine) as connection:
        connection.execute(update(lease).values(holder=None))  # the other worker has ended
    assert len(statuses(crowd, CREATE)) <= 3 + 4
    crowd.run_after_quiet_time()
    crowd.run_after_quiet_time()
    assert {len(crowd.activities(one, include_archived=True)) for one in booked} == {1}
    crowd.everything_is_right()


def test_a_turn_that_is_over_lets_those_under_way_end(crowd: Scene) -> None:
    crowd.calendar.add_workspace("ws_2", "Other")
    book_many(crowd)
    ends = iter([False] * 5)
    original = apply.changes.next_batch

    def slowly(*arguments: Any, **how: Any) -> Any:
        if next(ends, True):
            crowd.clock.advance(700)
        return original(*arguments, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apply.changes, "next_batch", slowly)
        patch.setattr("booking_sync.shard.Turn.ends_at", lambda _turn, services: _in_ten_minutes(services.clock))
        crowd.run(may_be_red=True)
    done = crowd.rows(select(change.c.id).where(change.c.state == ChangeState.DONE))
    assert 0 < len(done) < BOOKINGS
    assert not crowd.rows(select(change.c.id).where(change.c.state == ChangeState.SENDING))
    crowd.run()
    crowd.everything_is_right()


def _in_ten_minutes(clock: Callable[[], datetime]) -> datetime:
    return clock() + timedelta(minutes=10)

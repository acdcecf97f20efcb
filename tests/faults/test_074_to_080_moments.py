"""Faults 74 to 80: when a change becomes visible, and what becomes of it while the feed is read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.tables import integration
from tests.faults.ways import assert_made_once
from tests.flow import planting
from tests.flow.scene import Scene

PAGE = 200
"""What our client asks for at once."""
HOUR = timedelta(hours=1)


@pytest.fixture
def many(scene: Scene) -> list[str]:
    """More bookings than one page holds, all about one invitee."""
    scene.run()
    return [scene.book(f"bk_{number:04}", invitees=[{"email": "all@example.com"}]) for number in range(PAGE + 30)]


def assert_all_passed_on(scene: Scene, many: list[str]) -> None:
    report = scene.run()
    assert (report.counts["read"], report.counts["create"]) == (len(many), len(many))
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_074_a_booking_on_two_pages_is_written_once(scene: Scene, many: list[str]) -> None:
    scene.sandbox.calendar.switches.duplicate_across_pages = True
    assert_all_passed_on(scene, many)


def test_fault_074_a_booking_in_two_windows_is_written_once(scene: Scene) -> None:
    start = scene.clock.now
    scene.clock.advance(3_590)
    booking_id = scene.book()
    scene.clock.advance(3_610)
    scene.run_scheduled(start, start + HOUR)
    report = scene.run_scheduled(start + HOUR, start + 2 * HOUR)  # reaches back over the booking
    assert (report.counts["read"], report.counts["unchanged"]) == (1, 1)
    assert_made_once(scene, booking_id)


def test_fault_075_a_booking_that_disappears_is_left_alone_and_reported(scene: Scene) -> None:
    (booking_id,) = planting.settled(scene, 1)
    before = scene.activity(booking_id)
    planting.vanish(scene, booking_id)
    scene.run(window_start=scene.at(-48))
    scene.run(booking_ids=(booking_id,))
    assert scene.activity(booking_id) == before  # X5
    assert planting.found(scene, repair=True) == {"vanished": 1}
    assert scene.activity(booking_id) == before


def test_fault_076_many_bookings_of_one_moment_at_the_edge_of_a_page_are_all_read(scene: Scene) -> None:
    scene.run()
    at = scene.clock.now
    for number in range(PAGE + 50):
        scene.book(f"bk_{number:04}", at=at, invitees=["all@example.com"])
    scene.sandbox.calendar.switches.expire_cursors = 1  # so that the reader has to start again from that very moment
    assert scene.run().counts["create"] == PAGE + 50
    scene.everything_is_right()


def test_fault_076_a_booking_on_the_edge_of_two_windows_is_in_the_later_one(scene: Scene) -> None:
    start = scene.clock.now
    booking_id = scene.book(at=start + HOUR)
    scene.clock.advance(3 * 3600)
    assert scene.run_scheduled(start, start + HOUR).counts["read"] == 0
    assert scene.run_scheduled(start + HOUR, start + 2 * HOUR).counts["create"] == 1
    assert_made_once(scene, booking_id)


def test_fault_077_a_change_dated_in_the_future_is_read_when_its_time_has_come(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book(at=scene.clock.now + HOUR)
    scene.run()
    assert scene.rows(select(integration.c.watermark)) == [{"watermark": scene.clock.now}]  # never beyond now
    scene.clock.advance(4_000)
    assert scene.run().counts["create"] == 1
    assert_made_once(scene, booking_id)


def test_fault_077_a_change_dated_back_is_ordered_by_its_version(scene: Scene) -> None:
    booking_id = scene.book(event_name="First")
    scene.run()
    scene.clock.advance(600)
    scene.run()
    scene.calendar.edit(booking_id, event_name="Second", at=scene.clock.now - timedelta(seconds=700))
    scene.run()
    assert scene.shown(booking_id)["calendar_event_name"] == "Second"
    assert_made_once(scene, booking_id)


def test_fault_078_a_change_that_becomes_visible_a_day_late_is_found_by_the_daily_audit(scene: Scene) -> None:
    (known,) = planting.settled(scene, 1)
    scene.clock.advance(24 * 3600)
    scene.run()
    a_day_ago = scene.clock.now - timedelta(hours=23)
    late = scene.book(at=a_day_ago)
    scene.calendar.edit(known, event_name="Renamed", at=a_day_ago)
    scene.run()
    assert scene.activities(late) == []  # no window of a run shows it
    assert planting.found(scene, repair=True) == {"missing": 1, "stale": 1, "mended": 2}
    assert_made_once(scene, late)


def test_fault_079_a_booking_that_changes_while_it_is_read_is_seen_at_least_once(scene: Scene, many: list[str]) -> None:
    scene.sandbox.calendar.switches.change_while_paging = 1
    assert_all_passed_on(scene, many)


def test_fault_080_a_booking_deleted_while_the_feed_is_read_hides_no_other(scene: Scene, many: list[str]) -> None:
    deleted: list[str] = []

    def delete_one_of_the_first_page(entry: Any, phase: str) -> None:
        if phase == "after" and "/bookings" in entry.path and not deleted:
            deleted.append(planting.vanish(scene, many[0]))

    scene.calendar.request_hook = delete_one_of_the_first_page
    assert scene.run().counts["create"] == len(many)  # the one that was read before it went is passed on too
    assert [len(scene.activities(one)) for one in many] == [1] * len(many)


def test_fault_078_news_that_become_visible_late_are_found_by_the_overlap(scene: Scene) -> None:
    start = scene.clock.now
    scene.sandbox.calendar.switches.late_visibility_seconds = 300
    scene.clock.advance(3550)
    booking_id = scene.book()
    scene.clock.advance(60)
    scene.run_scheduled(start, start + HOUR)
    assert scene.activities(booking_id) == []
    scene.clock.advance(3600)
    scene.run_scheduled(start + HOUR, start + 2 * HOUR)
    assert len(scene.activities(booking_id)) == 1  # W1

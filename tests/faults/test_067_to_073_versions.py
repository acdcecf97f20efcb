"""Faults 67 to 73: what happens to a booking between two runs, in any order and under any id."""

from __future__ import annotations

from datetime import timedelta

from tests.faults.ways import assert_made_once
from tests.flow.scene import WORKSPACE, Scene


def test_fault_068_a_booking_cancelled_and_booked_anew_is_a_cancelled_activity_and_a_new_one(scene: Scene) -> None:
    old = scene.book()
    scene.run()
    scene.calendar.cancel(old)
    new = scene.book()
    report = scene.run()
    assert (report.counts["cancel"], report.counts["create"]) == (1, 1)
    assert scene.shown(old)["hs_meeting_title"].startswith("[Canceled]")
    assert_made_once(scene, new)


def test_fault_071_of_a_chain_of_five_only_the_newest_stands(scene: Scene) -> None:
    newest = scene.book("bk_0")
    scene.run()
    for number in range(1, 6):
        newest = scene.move_to_new(newest, 9 + number, f"bk_{number}")
    scene.run()
    assert [len(scene.activities(f"bk_{number}", include_archived=True)) for number in range(6)] == [1, 0, 0, 0, 0, 1]
    assert len(scene.hubspot.activities()) == 1  # R3
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_073_other_content_under_the_same_version_is_applied(scene: Scene) -> None:
    booking_id = scene.book(event_name="First")
    scene.run()
    again = {**scene.calendar.booking(booking_id), "description": "Not what it was"}
    scene.calendar.put_raw(WORKSPACE, again, at=scene.clock.now)
    assert scene.run().counts["update"] == 1
    assert "Not what it was" in scene.shown(booking_id)["hs_meeting_body"]
    assert_made_once(scene, booking_id)


def test_fault_067_of_several_moves_between_two_runs_only_the_newest_is_made(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    for hours in (9, 10, 11):
        scene.move(booking_id, hours)
    scene.run()
    assert len(scene.activities(booking_id, include_archived=True)) == 2  # R3
    scene.everything_is_right()


def test_fault_071_a_chain_whose_middle_has_disappeared_leaves_the_first_activity_alone(scene: Scene) -> None:
    scene.book("bk_a")
    scene.run()
    scene.move_to_new("bk_a", 9, "bk_b")
    scene.move_to_new("bk_b", 10, "bk_c")
    store = scene.calendar.store
    middle = store._versions.pop("bk_b")[-1]
    for places in (store._everything, store._by_workspace["ws_1"]):
        places.remove(middle.position)
    report = scene.run()
    assert len(scene.activities("bk_c")) == 1
    assert len(scene.activities("bk_a")) == 1  # X5: nobody knows what became of it
    assert "waiting bk_a: rescheduled to booking bk_b, which has not been read yet" in report.note
    scene.assert_repeating_writes_nothing()


def test_fault_071_a_circle_of_reschedules_ends_and_each_booking_that_stands_has_its_activity(scene: Scene) -> None:
    scene.book("bk_a", rescheduled_from_id="bk_b")
    scene.book("bk_b", rescheduled_from_id="bk_a")
    scene.book("bk_c", rescheduled_from_id="bk_c", rescheduled_to_id="bk_c")
    scene.run()
    scene.everything_is_right()  # A6
    scene.assert_repeating_writes_nothing()


def test_fault_069_a_cancelled_booking_that_stands_again_is_shown_as_before_on_the_same_activity(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    before = scene.activity(booking_id)["id"]
    scene.calendar.cancel(booking_id)
    scene.run()
    scene.calendar.uncancel(booking_id)
    assert scene.run().counts["update"] == 1
    assert scene.activity(booking_id)["id"] == before  # X3
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_070_a_booking_cancelled_before_it_was_passed_on_is_made_cancelled(scene: Scene) -> None:
    booking_id = scene.book(start_at=scene.at(9))
    scene.calendar.cancel(booking_id)
    assert scene.run().counts["create"] == 1
    assert scene.shown(booking_id)["hs_meeting_start_time"] == "2026-03-03T09:00:00.000Z"
    scene.everything_is_right()  # X2
    scene.assert_repeating_writes_nothing()


def test_fault_072_an_older_version_never_overwrites_a_newer_one(scene: Scene) -> None:
    booking_id = scene.book(event_name="First")
    first = scene.calendar.booking(booking_id)
    scene.calendar.edit(booking_id, event_name="Second")
    scene.run()
    stale = {**first, "updated_at": None}
    scene.calendar.put_raw("ws_1", stale, at=scene.clock.now + timedelta(seconds=1))
    report = scene.run()
    assert report.counts["superseded"] == 1
    assert scene.shown(booking_id)["calendar_event_name"] == "Second"  # W3

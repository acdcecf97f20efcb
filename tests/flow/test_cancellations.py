"""Cancelled bookings: renamed once, never deleted, and never inferred."""

from __future__ import annotations

import pytest

from tests.flow.scene import Scene


@pytest.mark.parametrize("by", ["host", "invitee"])
def test_a_cancelled_booking_is_renamed_and_stays(scene: Scene, by: str) -> None:
    booking_id = scene.book(event_name="Intro call", start_at=scene.at(9))
    scene.run()
    before = scene.activity(booking_id)
    scene.calendar.cancel(booking_id, by)
    report = scene.run()
    after = scene.activity(booking_id)
    assert report.counts["cancel"] == 1
    assert after["id"] == before["id"]  # X1
    assert after["properties"]["hs_meeting_title"] == "[Canceled] Intro call"
    assert after["properties"]["hs_meeting_outcome"] == "CANCELED"
    for name in ("hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_body"):
        assert after["properties"][name] == before["properties"][name]
    scene.everything_is_right()


def test_a_cancellation_that_also_moves_the_booking_leaves_the_times(scene: Scene) -> None:
    booking_id = scene.book(start_at=scene.at(9))
    scene.run()
    scene.move(booking_id, 15)
    scene.calendar.cancel(booking_id)
    scene.run()
    assert len(scene.activities(booking_id, include_archived=True)) == 1
    assert scene.shown(booking_id)["hs_meeting_start_time"] == "2026-03-03T09:00:00.000Z"  # X1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_cancelled_booking_whose_invitees_are_all_off_is_still_about_them(scene: Scene) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.calendar.cancel_invitee(booking_id, scene.calendar.booking(booking_id)["invitees"][0]["id"])
    scene.calendar.cancel(booking_id)
    scene.run()
    assert scene.emails_on(booking_id) == ["ada@example.com"]  # X2


def test_a_booking_that_stands_again_at_another_time_is_recreated(scene: Scene) -> None:
    booking_id = scene.book(start_at=scene.at(9))
    scene.run()
    scene.calendar.cancel(booking_id)
    scene.run()
    scene.calendar.uncancel(booking_id)
    scene.move(booking_id, 16)
    assert scene.run().counts["recreate"] == 1  # X3, R1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_cancelled_booking_seen_again_is_not_written_again(scene: Scene) -> None:
    booking_id = scene.book()
    scene.calendar.cancel(booking_id)
    scene.run()
    scene.calendar.edit(booking_id, cancel_reason="ill")
    scene.assert_repeating_writes_nothing()  # X4
    scene.calendar.cancel(booking_id, "host")
    scene.assert_repeating_writes_nothing()
    assert scene.shown(booking_id)["hs_meeting_title"].count("[Canceled]") == 1


def test_an_event_that_is_itself_named_canceled_is_not_marked_twice(scene: Scene) -> None:
    booking_id = scene.book(event_name="[Canceled] Intro call")
    scene.calendar.cancel(booking_id)
    scene.run()
    assert scene.shown(booking_id)["hs_meeting_title"] == "[Canceled] Intro call"  # X4


def test_a_kept_change_is_carried_out_although_its_booking_disappeared(scene: Scene) -> None:
    booking_id = scene.book()
    scene.switches.fail_before(503, path="meetings/batch/create")
    scene.run()
    hide(scene, booking_id)
    scene.run_after_quiet_time()
    assert len(scene.activities(booking_id)) == 1  # X5, W6
    scene.assert_repeating_writes_nothing()


def hide(scene: Scene, booking_id: str) -> None:
    """Let Calendar.com no longer return a booking."""
    store = scene.calendar.store
    newest = store._versions.pop(booking_id)[-1]
    for places in (store._everything, store._by_workspace["ws_1"]):
        places.remove(newest.position)

"""How a meeting went: no-shows, meetings that have ended, and who has the last word on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.tables import change
from tests.flow.planting import found
from tests.flow.scene import Scene

HOUR = 3600.0
OUTCOME = "hs_meeting_outcome"


def book_and_run(scene: Scene, **settings: Any) -> str:
    """Connect, choose settings, and pass on a meeting that begins in an hour and takes half of one."""
    scene.choose(**settings)
    booking_id = scene.book(start_at=scene.clock.now + timedelta(hours=1))
    scene.run()
    return booking_id


def mark(scene: Scene, booking_id: str, *, value: bool = True) -> None:
    invitee = scene.calendar.booking(booking_id)["invitees"][0]
    scene.calendar.mark_no_show(booking_id, invitee["id"], value=value)


def test_an_invitee_who_did_not_come_is_shown_and_so_is_one_who_came_after_all(scene: Scene) -> None:
    booking_id = book_and_run(scene)
    scene.clock.advance(2 * HOUR)
    mark(scene, booking_id)
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "NO_SHOW"  # A8
    assert found(scene) == {}  # D5
    scene.assert_repeating_writes_nothing()  # W2
    mark(scene, booking_id, value=False)
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "SCHEDULED"  # A8
    scene.everything_is_right()


def test_a_no_show_changes_nothing_but_the_outcome(scene: Scene) -> None:
    booking_id = book_and_run(scene)
    scene.hubspot.edit_activity(
        scene.activity(booking_id)["id"], hs_meeting_title="Mine", hs_meeting_body="<p>Mine</p>"
    )
    scene.clock.advance(2 * HOUR)
    mark(scene, booking_id)
    before = scene.shown(booking_id)
    scene.run()
    after = scene.shown(booking_id)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"hs_lastmodifieddate"} == {OUTCOME, "calendar_booking_revision"}  # A8


def test_a_mark_before_the_meeting_says_nothing_of_it(scene: Scene) -> None:
    booking_id = book_and_run(scene)
    mark(scene, booking_id)
    assert scene.writes_of(scene.run) == []
    scene.clock.advance(2 * HOUR)
    scene.calendar.edit(booking_id, description="They did not come")
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "NO_SHOW"  # A8


def test_a_meeting_that_is_moved_after_nobody_came_is_scheduled_again(scene: Scene) -> None:
    booking_id = book_and_run(scene)
    scene.clock.advance(2 * HOUR)
    mark(scene, booking_id)
    scene.run()
    scene.move(booking_id, 40)
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "SCHEDULED"  # A8, R1
    scene.everything_is_right()


def test_a_cancelled_meeting_is_cancelled_whoever_came(scene: Scene) -> None:
    booking_id = book_and_run(scene, mark_completed=True)
    scene.clock.advance(2 * HOUR)
    mark(scene, booking_id)
    scene.calendar.cancel(booking_id)
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "CANCELED"  # X1
    scene.everything_is_right()


def test_a_meeting_that_has_ended_is_marked_without_anybody_changing_it(scene: Scene) -> None:
    booking_id = book_and_run(scene, mark_completed=True)
    later = scene.book(start_at=scene.clock.now + timedelta(hours=30))
    scene.run()
    scene.clock.advance(2 * HOUR)
    report = scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "COMPLETED"  # A8
    assert scene.shown(later)[OUTCOME] == "SCHEDULED"
    assert report.counts["update"] == 1
    assert found(scene) == {}  # D5
    scene.assert_repeating_writes_nothing()  # W2


def test_without_the_setting_the_end_of_a_meeting_is_not_marked(scene: Scene) -> None:
    booking_id = book_and_run(scene)
    scene.clock.advance(2 * HOUR)
    assert scene.writes_of(scene.run) == []
    assert scene.shown(booking_id)[OUTCOME] == "SCHEDULED"  # A8


def test_meetings_that_ended_before_the_setting_are_left_as_they_are(scene: Scene) -> None:
    booking_id = book_and_run(scene)
    scene.clock.advance(2 * HOUR)
    scene.choose(mark_completed=True)
    assert scene.writes_of(scene.run) == []
    scene.calendar.edit(booking_id, description="Minutes")
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "COMPLETED"  # A8: the next change of the booking uses the setting


def test_a_meeting_booked_for_the_past_is_completed_from_the_start(scene: Scene) -> None:
    scene.choose(mark_completed=True)
    booking_id = scene.book(start_at=scene.clock.now - timedelta(hours=2))
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "COMPLETED"  # A8
    scene.assert_repeating_writes_nothing()


def test_a_run_that_fails_leaves_the_ended_meetings_to_the_next(scene: Scene) -> None:
    booking_id = book_and_run(scene, mark_completed=True)
    scene.clock.advance(2 * HOUR)
    scene.sandbox.calendar.switches.fail(503, path="/bookings", count=20)
    scene.run(may_be_red=True)
    scene.sandbox.calendar.switches.faults.clear()
    assert scene.shown(booking_id)[OUTCOME] == "SCHEDULED"
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "COMPLETED"  # A8


@pytest.mark.parametrize("asked", ["booking_ids", "window", "backfill", "dry_run"])
def test_a_run_that_was_asked_for_something_else_leaves_them_to_the_next(scene: Scene, asked: str) -> None:
    booking_id = book_and_run(scene, mark_completed=True)
    other_id = scene.book()
    scene.clock.advance(2 * HOUR)
    now = scene.clock.now
    match asked:
        case "booking_ids":
            scene.run(booking_ids=[other_id])
        case "window":
            scene.run(window_start=now - timedelta(minutes=1))
        case "backfill":
            scene.backfill(now - timedelta(days=3), now - timedelta(days=2))
        case _:
            assert "would mark" in scene.run(dry_run=True).note
    assert scene.shown(booking_id)[OUTCOME] == "SCHEDULED"
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "COMPLETED"  # A8


@pytest.mark.parametrize("word", ["NO_SHOW", "COMPLETED", "RESCHEDULED"])
def test_what_a_person_says_of_a_meeting_stands_when_it_ends(scene: Scene, word: str) -> None:
    booking_id = book_and_run(scene, mark_completed=True)
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], **{OUTCOME: word})
    scene.clock.advance(2 * HOUR)
    assert scene.writes_of(scene.run) == []
    assert scene.shown(booking_id)[OUTCOME] == word  # D2
    scene.assert_repeating_writes_nothing()


def test_a_deleted_activity_is_not_made_again_because_its_meeting_has_ended(scene: Scene) -> None:
    booking_id = book_and_run(scene, mark_completed=True)
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    scene.clock.advance(2 * HOUR)
    assert scene.writes_of(scene.run) == []
    assert scene.activities(booking_id) == []  # D3


def test_a_no_show_on_a_deleted_activity_makes_it_again(scene: Scene) -> None:
    booking_id = book_and_run(scene)
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    scene.clock.advance(2 * HOUR)
    mark(scene, booking_id)
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "NO_SHOW"  # D3, A8


def test_a_mark_whose_answer_is_lost_is_read_back(scene: Scene) -> None:
    booking_id = book_and_run(scene, mark_completed=True)
    scene.clock.advance(2 * HOUR)
    scene.switches.commit_then_hang(path="/meetings/batch/update")
    scene.run()
    scene.run_after_quiet_time()
    assert scene.shown(booking_id)[OUTCOME] == "COMPLETED"
    assert scene.rows(select(change.c.state).where(change.c.operation == "mark")) == [{"state": "done"}]
    scene.assert_repeating_writes_nothing()


def test_many_ended_meetings_cost_a_read_and_a_write_a_hundred(scene: Scene) -> None:
    scene.choose(mark_completed=True)
    ids = [scene.book(start_at=scene.clock.now + timedelta(hours=1)) for _ in range(130)]
    scene.run()
    scene.clock.advance(2 * HOUR)
    writes = scene.writes_of(scene.run)
    assert len(writes) == 2
    assert {scene.shown(booking_id)[OUTCOME] for booking_id in ids} == {"COMPLETED"}

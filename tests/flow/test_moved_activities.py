"""Reschedules that move the activity instead of making a new one, because the settings want it so (R6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from booking_sync.store.tables import mapping, mapping_history
from tests.flow.planting import found
from tests.flow.scene import Scene

OUTCOME = "hs_meeting_outcome"
IN_PLACE = pytest.mark.parametrize("by_new_id", [False, True], ids=["in place", "by a new id"])


def moving(scene: Scene) -> str:
    """Pass on a booking of an integration whose reschedules move the activity."""
    scene.choose(reschedule_policy="update")
    booking_id = scene.book()
    scene.run()
    return booking_id


def move(scene: Scene, booking_id: str, hours: float, *, by_new_id: bool) -> str:
    """Reschedule and return the booking that stands."""
    if by_new_id:
        return scene.move_to_new(booking_id, hours)
    scene.move(booking_id, hours)
    return booking_id


@IN_PLACE
def test_a_reschedule_moves_the_activity(scene: Scene, *, by_new_id: bool) -> None:
    booking_id = moving(scene)
    activity_id = scene.activity(booking_id)["id"]
    now_id = move(scene, booking_id, 40, by_new_id=by_new_id)
    report = scene.run()
    shown = scene.activity(now_id)
    assert shown["id"] == activity_id  # R6
    assert shown["properties"][OUTCOME] == "RESCHEDULED"
    assert shown["properties"]["hs_meeting_start_time"].startswith("2026-03-04T16:00")
    assert (report.counts["update"], report.counts["recreate"]) == (1, 0)
    assert len(scene.hubspot.activities(include_archived=True)) == 1  # A6
    assert found(scene) == {}  # D5
    scene.assert_repeating_writes_nothing()  # W2


def test_the_new_booking_takes_the_activity_over_and_the_old_one_points_to_it(scene: Scene) -> None:
    booking_id = moving(scene)
    activity_id = scene.activity(booking_id)["id"]
    now_id = scene.move_to_new(booking_id, 40)
    scene.run()
    rows = {row["booking_id"]: row for row in scene.rows(select(mapping))}
    old, new = rows[booking_id], rows[now_id]
    assert (old["state"], old["activity_id"], old["replaced_by"]) == ("replaced", None, now_id)  # R6
    assert (new["state"], new["activity_id"], new["outcome"]) == ("live", activity_id, "RESCHEDULED")
    assert scene.activity(now_id)["properties"]["calendar_booking_key"] == new["activity_key"] != old["activity_key"]
    story = scene.rows(
        select(mapping_history.c.booking_id, mapping_history.c.activity_id).order_by(mapping_history.c.id)
    )
    assert [tuple(row.values()) for row in story] == [(booking_id, activity_id), (now_id, activity_id)]


def test_only_the_newest_of_a_chain_moves_the_activity(scene: Scene) -> None:
    booking_id = moving(scene)
    activity_id = scene.activity(booking_id)["id"]
    newest = scene.move_to_new(scene.move_to_new(booking_id, 40), 60)
    assert len(scene.writes_of(scene.run)) == 1
    assert scene.activity(newest)["id"] == activity_id  # R3, R6
    scene.assert_repeating_writes_nothing()


@IN_PLACE
def test_a_moved_activity_is_cancelled_and_stands_again_like_any_other(scene: Scene, *, by_new_id: bool) -> None:
    booking_id = moving(scene)
    activity_id = scene.activity(booking_id)["id"]
    now_id = move(scene, booking_id, 40, by_new_id=by_new_id)
    scene.run()
    scene.calendar.cancel(now_id)
    scene.run()
    shown = scene.shown(now_id)
    assert (shown["hs_meeting_title"], shown[OUTCOME]) == ("[Canceled] Intro call", "CANCELED")  # X1
    scene.assert_repeating_writes_nothing()  # X4
    scene.calendar.uncancel(now_id)
    scene.run()
    assert scene.activity(now_id)["id"] == activity_id  # X3
    scene.everything_is_right()


def test_a_moved_activity_says_so_until_it_is_made_anew(scene: Scene) -> None:
    booking_id = moving(scene)
    scene.move(booking_id, 40)
    scene.run()
    scene.calendar.edit(booking_id, description="Bring the report")
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "RESCHEDULED"
    scene.choose(reschedule_policy="recreate")
    assert scene.writes_of(scene.run) == []  # a setting alone changes nothing
    scene.move(booking_id, 60)
    scene.run()
    assert scene.shown(booking_id)[OUTCOME] == "SCHEDULED"  # R1
    scene.everything_is_right()


def test_a_reschedule_that_was_cancelled_at_once_takes_the_activity_over(scene: Scene) -> None:
    booking_id = moving(scene)
    activity_id = scene.activity(booking_id)["id"]
    now_id = scene.move_to_new(booking_id, 40)
    scene.calendar.cancel(now_id)
    scene.run()
    assert scene.activity(now_id)["id"] == activity_id
    scene.everything_is_right()  # X2


@pytest.mark.parametrize("new_host_has_owner", [False, True])
def test_a_moved_activity_belongs_to_the_new_host(scene: Scene, *, new_host_has_owner: bool) -> None:
    scene.hubspot.add_owner("hanna@acme.example")
    owner = scene.hubspot.add_owner("otto@acme.example") if new_host_has_owner else ""
    scene.choose(reschedule_policy="update")
    booking_id = scene.book(host="hanna@acme.example")
    scene.run()
    scene.calendar.reschedule_in_place(booking_id, host="otto@acme.example")
    scene.run()
    assert (scene.shown(booking_id).get("hubspot_owner_id") or "") == owner  # A1, R6


def test_an_owner_that_a_person_set_stays_when_only_the_time_moves(scene: Scene) -> None:
    owner = scene.hubspot.add_owner("somebody@acme.example")
    booking_id = moving(scene)
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], hubspot_owner_id=owner)
    scene.move(booking_id, 40)
    scene.run()
    assert scene.shown(booking_id)["hubspot_owner_id"] == owner


@IN_PLACE
def test_an_activity_that_was_deleted_is_made_again(scene: Scene, *, by_new_id: bool) -> None:
    booking_id = moving(scene)
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    now_id = move(scene, booking_id, 40, by_new_id=by_new_id)
    scene.run()
    assert len(scene.activities(now_id)) == 1  # D3, A6
    scene.assert_repeating_writes_nothing()


def _done_but_not_answered(scene: Scene) -> None:
    scene.switches.commit_then_hang(path="/meetings/batch/update")


def _not_done_and_not_answered(scene: Scene) -> None:
    scene.switches.drop_before(path="/meetings/batch/update")


@IN_PLACE
@pytest.mark.parametrize("lose", [_done_but_not_answered, _not_done_and_not_answered])
def test_a_move_without_an_answer_ends_with_one_activity(
    scene: Scene, lose: Callable[[Scene], None], *, by_new_id: bool
) -> None:
    booking_id = moving(scene)
    activity_id = scene.activity(booking_id)["id"]
    now_id = move(scene, booking_id, 40, by_new_id=by_new_id)
    lose(scene)
    scene.run()
    scene.run_after_quiet_time()
    assert scene.activity(now_id)["id"] == activity_id
    assert len(scene.hubspot.activities(include_archived=True)) == 1  # A6
    assert found(scene) == {}
    scene.assert_repeating_writes_nothing()

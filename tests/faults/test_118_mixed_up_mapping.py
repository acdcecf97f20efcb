"""Faults 62, 63 and 118: where the mapping is wrong, what is not the booking's is never touched (D4)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from booking_sync.store.database import writing
from booking_sync.store.tables import mapping
from tests.faults.deeds import BOTH_PORTALS, CHANGES, Change, cancel, move, move_to_new, rename
from tests.flow.planting import settled
from tests.flow.scene import Scene


def invite(scene: Scene, booking_id: str) -> None:
    first = scene.calendar.booking(booking_id)["invitees"][0]
    second = {**first, "id": "inv_2", "email": f"second.of.{booking_id}@example.com"}
    scene.calendar.edit(booking_id, invitees=[first, second])


WITH_INVITE = {**CHANGES, "new invitee": invite}
EVERY_CHANGE = pytest.mark.parametrize("change", WITH_INVITE.values(), ids=WITH_INVITE)


def set_row(scene: Scene, booking_id: str, **values: Any) -> None:
    with writing(scene.services.engine) as connection:
        connection.execute(update(mapping).where(mapping.c.booking_id == booking_id).values(**values))


def swap(scene: Scene, one: str, other: str) -> None:
    ids = {booking_id: scene.activity(booking_id)["id"] for booking_id in (one, other)}
    set_row(scene, one, activity_id=None)
    set_row(scene, other, activity_id=ids[one])
    set_row(scene, one, activity_id=ids[other])


def mapped_id(scene: Scene, booking_id: str) -> str | None:
    (row,) = scene.rows(select(mapping).where(mapping.c.booking_id == booking_id))
    activity_id: str | None = row["activity_id"]
    return activity_id


@BOTH_PORTALS
@EVERY_CHANGE
def test_fault_118_an_activity_of_somebody_else_is_not_touched_though_the_mapping_names_it(
    scene: Scene, change: Change
) -> None:
    # D4
    (booking_id,) = settled(scene, 1)
    set_row(scene, booking_id, activity_id=scene.add_foreign_activity(hs_meeting_title="Lunch"))
    change(scene, booking_id)
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
@EVERY_CHANGE
def test_fault_118_two_bookings_whose_activities_are_swapped_get_their_own_back(scene: Scene, change: Change) -> None:
    one, other = settled(scene, 2)
    own = scene.activity(other)["id"]
    swap(scene, one, other)
    change(scene, one)
    scene.run()
    if change is not move_to_new:
        assert mapped_id(scene, one) == scene.activity(one)["id"]
    scene.everything_is_right()
    rename(scene, other)
    scene.run()
    assert (scene.activity(other)["id"], mapped_id(scene, other)) == (own, own)
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
@EVERY_CHANGE
def test_fault_062_an_id_that_does_not_exist_leads_to_no_second_activity(scene: Scene, change: Change) -> None:
    (booking_id,) = settled(scene, 1)
    set_row(scene, booking_id, activity_id="4711")
    change(scene, booking_id)
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
@pytest.mark.parametrize("change", [rename, cancel, invite])
def test_fault_118_a_generation_that_is_wrong_is_put_right(scene: Scene, change: Change) -> None:
    (booking_id,) = settled(scene, 1)
    move(scene, booking_id)
    scene.run()
    set_row(scene, booking_id, generation=1)
    change(scene, booking_id)
    scene.run()
    (row,) = scene.rows(select(mapping))
    assert (row["generation"], row["activity_key"]) == (2, scene.shown(booking_id)["calendar_booking_key"])
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
@EVERY_CHANGE
def test_fault_063_a_marker_that_a_person_cleared_comes_back_with_the_next_write(scene: Scene, change: Change) -> None:
    (booking_id,) = settled(scene, 1)
    activity_id = scene.activity(booking_id)["id"]
    scene.hubspot.edit_activity(activity_id, calendar_booking_key="")
    change(scene, booking_id)
    scene.run()
    scene.everything_is_right()
    live = {one["id"] for one in scene.hubspot.activities()}
    assert (activity_id in live) is (change not in (move, move_to_new))
    scene.assert_repeating_writes_nothing()


def test_what_carries_no_marker_and_is_not_in_the_history_is_not_archived(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    set_row(scene, booking_id, activity_id=scene.add_foreign_activity(hs_meeting_title="Lunch"))
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    move(scene, booking_id)
    report = scene.run()
    scene.everything_is_right()
    assert "was not archived" in report.note


@EVERY_CHANGE
def test_a_portal_that_takes_no_marker_for_an_id_is_written_to_by_id(scene: Scene, change: Change) -> None:
    # D4
    one, other, third = settled(scene, 3)
    scene.switches.update_by_unique_property = False
    swap(scene, one, other)
    for booking_id in (one, third):
        change(scene, booking_id)
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
def test_a_lost_answer_to_a_write_under_a_wrong_id_is_read_back_by_marker(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    set_row(scene, booking_id, activity_id="4711")
    rename(scene, booking_id)
    scene.switches.commit_then_hang(path="/meetings/batch/update")
    scene.run()
    scene.run_after_quiet_time()
    scene.everything_is_right()
    assert mapped_id(scene, booking_id) == scene.activity(booking_id)["id"]
    scene.assert_repeating_writes_nothing()

"""Reschedules: the old activity goes, a new one comes, and only the newest is ever made."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.tables import mapping, mapping_history
from tests.flow.scene import Scene


@pytest.mark.parametrize("marker_mode", ["allowed", "refused", "ignored"])
def test_a_moved_booking_gets_a_new_activity_and_the_old_one_is_archived(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    old = scene.activity(booking_id)["id"]
    scene.move(booking_id, 15)
    report = scene.run()
    assert report.counts["recreate"] == 1
    new = scene.activity(booking_id)["id"]
    assert new != old  # R1
    assert [one["archived"] for one in scene.activities(booking_id, include_archived=True)] == [True, False]
    (row,) = scene.rows(select(mapping.c.activity_id, mapping.c.generation))
    assert row == {"activity_id": new, "generation": 2}
    history = scene.rows(select(mapping_history.c.event, mapping_history.c.activity_id).order_by(mapping_history.c.id))
    assert [tuple(one.values()) for one in history] == [("created", old), ("created", new), ("archived", old)]
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("what", ["start", "end", "host"])
def test_start_end_and_host_are_what_a_reschedule_changes(scene: Scene, what: str) -> None:
    booking_id = scene.book(start_at=scene.at(9), host={"id": "u1", "name": "Hanna", "email": "hanna@acme.example"})
    scene.run()
    old = scene.activity(booking_id)["id"]
    moved: dict[str, Any] = {
        "start": {"start_at": scene.at(9.25), "end_at": scene.at(9.5)},
        "end": {"end_at": scene.at(11)},
        "host": {"host": {"id": "u2", "name": "Ivo", "email": "ivo@acme.example"}},
    }
    scene.calendar.reschedule_in_place(booking_id, **moved[what])
    assert scene.run().counts["recreate"] == 1  # R1
    assert scene.activity(booking_id)["id"] != old
    scene.everything_is_right()


def test_a_booking_moved_by_new_id_takes_the_place_of_the_old_one(scene: Scene) -> None:
    old_id = scene.book("bk_a")
    scene.run()
    new_id = scene.move_to_new(old_id, 15, "bk_b")
    scene.run()
    assert scene.activities(old_id) == []  # R2
    assert len(scene.activities(new_id)) == 1
    titles = [one["properties"]["hs_meeting_title"] for one in scene.hubspot.activities(include_archived=True)]
    assert not any(title.startswith("[Canceled]") for title in titles)
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_booking_moved_by_new_id_before_it_was_ever_passed_on_leaves_only_the_new_one(scene: Scene) -> None:
    scene.book("bk_a")
    scene.move_to_new("bk_a", 15, "bk_b")
    report = scene.run()
    assert len(scene.hubspot.activities(include_archived=True)) == 1  # R3
    assert report.counts["superseded"] == 1
    scene.everything_is_right()


def test_of_a_chain_only_the_newest_is_made(scene: Scene) -> None:
    scene.book("bk_a")
    scene.run()
    scene.move_to_new("bk_a", 9, "bk_b")
    scene.move_to_new("bk_b", 10, "bk_c")
    scene.run()
    assert scene.activities("bk_b", include_archived=True) == []  # R3
    assert len(scene.hubspot.activities(include_archived=True)) == 2
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_chain_is_completed_where_the_run_names_only_its_end(scene: Scene) -> None:
    scene.book("bk_a")
    scene.run()
    scene.move_to_new("bk_a", 9, "bk_b")
    scene.move_to_new("bk_b", 10, "bk_c")
    scene.run(booking_ids=("bk_c",))
    scene.everything_is_right()  # R2, R3
    scene.run()
    scene.everything_is_right()


def test_a_chain_is_completed_where_the_run_names_only_its_beginning(scene: Scene) -> None:
    scene.book("bk_a")
    scene.run()
    scene.move_to_new("bk_a", 9, "bk_b")
    scene.move_to_new("bk_b", 10, "bk_c")
    scene.run(booking_ids=("bk_a",))
    scene.everything_is_right()  # R2, R3


def test_a_chain_that_moves_on_run_after_run_has_one_live_activity(scene: Scene) -> None:
    newest = scene.book("bk_0")
    for number in range(1, 5):
        scene.run()
        newest = scene.move_to_new(newest, 9 + number, f"bk_{number}")
    scene.run()
    assert len(scene.hubspot.activities()) == 1  # A6
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_booking_that_was_moved_and_cancelled_before_the_next_run_is_shown_as_cancelled(scene: Scene) -> None:
    scene.book("bk_a")
    scene.run()
    scene.move_to_new("bk_a", 9, "bk_b")
    scene.calendar.cancel("bk_b")
    scene.run()
    assert len(scene.hubspot.activities()) == 1
    scene.everything_is_right()  # R2, X2
    scene.assert_repeating_writes_nothing()


def test_a_booking_that_stands_again_after_it_was_moved_gets_an_activity_again(scene: Scene) -> None:
    scene.book("bk_a")
    scene.run()
    scene.move_to_new("bk_a", 9, "bk_b")
    scene.run()
    scene.calendar.cancel("bk_b")
    scene.calendar.edit("bk_a", status="scheduled", rescheduled_to_id=None)
    scene.run()
    scene.everything_is_right()  # A6
    scene.assert_repeating_writes_nothing()


def test_the_new_activity_is_made_and_recorded_before_the_old_one_is_archived(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    seen: list[tuple[str, int, str | None]] = []

    def watch(entry: Any, phase: str) -> None:
        if phase == "before" and "meetings/batch" in entry.path and entry.is_write:
            live = len(scene.activities(booking_id))
            (row,) = scene.rows(select(mapping.c.activity_id))
            seen.append((entry.path.rsplit("/", 1)[1], live, row["activity_id"]))

    old = scene.activity(booking_id)["id"]
    scene.hubspot.request_hook = watch
    scene.move(booking_id, 9)
    scene.run()
    new = scene.activity(booking_id)["id"]
    assert seen == [("create", 1, old), ("archive", 2, new)]  # R4


def test_a_marker_is_never_used_twice(scene: Scene) -> None:
    booking_id = scene.book()
    for hours in (9, 10, 11):
        scene.run()
        scene.move(booking_id, hours)
    scene.run()
    markers = [one["properties"]["calendar_booking_key"] for one in scene.activities(booking_id, include_archived=True)]
    assert len(set(markers)) == len(markers) == 4

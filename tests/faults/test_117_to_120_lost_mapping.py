"""Faults 117, 119 and 120: of a lost mapping HubSpot still holds the activities, and nothing is made twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from booking_sync.store.database import writing
from booking_sync.store.tables import change, mapping, mapping_history
from tests.faults.deeds import BOTH_PORTALS, CHANGES, Change, cancel, rename
from tests.flow.planting import settled
from tests.flow.scene import Scene

A_DAY = 86_400.0


EVERY_CHANGE = pytest.mark.parametrize("change_it", CHANGES.values(), ids=CHANGES)


def a_recreated_booking(scene: Scene) -> str:
    """A booking whose activity is its third, beside another booking that is mapped."""
    booking_id, _ = settled(scene, 2)
    for hours in (9, 10):
        scene.move(booking_id, hours)
        scene.run()
    scene.clock.advance(A_DAY)
    scene.run()
    return booking_id


def lose(scene: Scene, *tables: Any, booking_id: str | None = None) -> None:
    with writing(scene.services.engine) as connection:
        for table in tables:
            mine = table.c.booking_id == booking_id if booking_id else True
            connection.execute(delete(table).where(mine))


@BOTH_PORTALS
@EVERY_CHANGE
@pytest.mark.parametrize("tables", [(mapping,), (mapping, mapping_history, change)], ids=["row", "row and history"])
def test_fault_117_a_booking_whose_row_is_lost_keeps_its_activity(
    scene: Scene, change_it: Change, tables: tuple[Any, ...]
) -> None:
    booking_id = a_recreated_booking(scene)
    lose(scene, *tables, booking_id=booking_id)
    change_it(scene, booking_id)
    scene.run()
    scene.everything_is_right()  # A6
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
def test_fault_117_a_lost_row_of_a_booking_that_has_not_changed_costs_no_write(scene: Scene) -> None:
    booking_id = a_recreated_booking(scene)
    lose(scene, mapping, booking_id=booking_id)
    assert scene.writes_of(lambda: scene.run(booking_ids=(booking_id,))) == []  # W2
    (row,) = scene.rows(select(mapping).where(mapping.c.booking_id == booking_id))
    assert (row["generation"], row["activity_id"]) == (3, scene.activity(booking_id)["id"])


@BOTH_PORTALS
def test_fault_117_what_a_person_deleted_is_not_made_again_because_its_row_is_lost(scene: Scene) -> None:
    booking_id = a_recreated_booking(scene)
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    lose(scene, mapping, booking_id=booking_id)
    assert scene.writes_of(lambda: scene.run(booking_ids=(booking_id,))) == []  # D3
    scene.has_exact_audit = False  # what a person has deleted need not be archived
    rename(scene, booking_id)
    scene.run()
    scene.everything_is_right()  # D3


def live_a_day(scene: Scene) -> None:
    """Let people do everything that they do in a day."""
    moved, renamed, cancelled, handed_on = [one["id"] for one in scene.calendar.bookings("ws_1")][:4]
    for hours in (9, 10):
        scene.move(moved, hours)
        scene.run()
    rename(scene, renamed)
    cancel(scene, cancelled)
    scene.move_to_new(handed_on, 12)
    new = scene.book()
    scene.run()
    scene.move(new, 13)
    scene.book()
    scene.run()


@BOTH_PORTALS
@pytest.mark.parametrize("is_changed_since", [False, True], ids=["unchanged", "changed since"])
def test_fault_120_an_empty_database_takes_over_what_the_portal_holds(
    scene: Scene, tmp_path: Path, *, is_changed_since: bool
) -> None:
    scene.add_foreign_activity(hs_meeting_title="Meeting - Calendar.com: Intro call")
    ids = settled(scene, 6)
    live_a_day(scene)
    before = {one["id"] for one in scene.hubspot.activities()}
    scene.database_url = f"sqlite:///{tmp_path}/new.db"
    scene.services = scene.new_services()
    scene.sandbox.hubspot.history.clear()
    if is_changed_since:
        rename(scene, ids[4])
    report = scene.run(window_start=scene.at(-48))
    assert report.counts["create"] == report.counts["recreate"] == 0
    assert {one["id"] for one in scene.hubspot.activities()} == before
    assert report.counts["update"] == (1 if is_changed_since else 0)
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
def test_fault_119_a_database_from_yesterday_makes_nothing_twice(scene: Scene, tmp_path: Path) -> None:
    scene.add_foreign_activity(hs_meeting_title="Meeting - Calendar.com: Intro call")
    settled(scene, 6)
    scene.services.engine.dispose()
    shutil.copy(tmp_path / "mapping.db", tmp_path / "yesterday.db")
    live_a_day(scene)
    scene.clock.advance(A_DAY)
    before = {one["id"] for one in scene.hubspot.activities()}
    scene.database_url = f"sqlite:///{tmp_path}/yesterday.db"
    scene.services = scene.new_services()
    scene.sandbox.hubspot.history.clear()
    scene.has_exact_audit = False
    scene.run()
    assert {one["id"] for one in scene.hubspot.activities()} == before
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
def test_fault_120_nothing_is_created_while_nothing_is_mapped_and_the_search_is_down(scene: Scene) -> None:
    settled(scene, 3)
    lose(scene, mapping, mapping_history, change)
    scene.switches.fail_before(path="/meetings/search", count=99)
    reports: list[Any] = []
    go = lambda: reports.append(scene.run(window_start=scene.at(-48), may_be_red=True))  # noqa: E731 - called once
    assert scene.writes_of(go) == []
    assert not reports[0].integrations[0].is_recorded
    scene.switches.faults.clear()
    scene.run(window_start=scene.at(-48))
    scene.everything_is_right()


@pytest.mark.parametrize("marker_mode", ["ignored"])
def test_fault_061_a_copy_that_a_person_made_is_not_taken_over_for_a_lost_mapping(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    original = scene.activity(booking_id)["id"]
    copy = scene.hubspot.clone_activity(original)
    lose(scene, mapping, mapping_history, change)
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(-48))) == []
    (row,) = scene.rows(select(mapping))
    assert row["activity_id"] == original
    rename(scene, booking_id)
    scene.run()
    title = next(one for one in scene.hubspot.activities() if one["id"] == copy)["properties"]["hs_meeting_title"]
    assert "Renamed" not in title  # D4

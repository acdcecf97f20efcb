"""The sweep of every run: what slipped past the protocol is put right, what people did is only told (D5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.tables import change, integration
from tests.flow.planting import duplicate, edit, make_as_the_integration, outdate, settled
from tests.flow.scene import QUIET_SECONDS, Scene

QUARTER_HOUR = 900.0
BOTH_PORTALS = pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])


def live_ids(scene: Scene, booking_id: str) -> list[str]:
    return [one["id"] for one in scene.activities(booking_id)]


def run_a_few_times(scene: Scene, times: int = 4) -> None:
    for _ in range(times):
        scene.clock.advance(QUARTER_HOUR)
        scene.run()


# --- requests that land late ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marker_mode", ["ignored"])
def test_a_creation_that_newer_news_overtook_and_that_lands_late_is_archived(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    mapped = live_ids(scene, booking_id)
    original = scene.calendar.booking(booking_id)
    scene.switches.late_landing(3 * QUIET_SECONDS, path="/meetings/batch/create")
    scene.move(booking_id, 9)
    scene.run()
    scene.run_after_quiet_time()
    scene.calendar.edit(booking_id, start_at=original["start_at"], end_at=original["end_at"])
    scene.has_exact_audit = False
    run_a_few_times(scene, 6)
    assert len(live_ids(scene, booking_id)) == 1
    assert mapped
    scene.everything_is_right()


# --- what else comes to light -----------------------------------------------------------------------------------------


@BOTH_PORTALS
def test_a_duplicate_is_archived_and_the_mapped_one_stays(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    mapped = live_ids(scene, booking_id)
    scene.clock.advance(QUARTER_HOUR)
    duplicate(scene, booking_id)
    assert "sweep: 1 duplicate" in scene.run().note
    assert live_ids(scene, booking_id) == mapped
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_of_several_duplicates_one_goes_with_every_run(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    mapped = live_ids(scene, booking_id)
    scene.clock.advance(QUARTER_HOUR)
    for generation in (2, 3):
        make_as_the_integration(scene, booking_id, generation)
    run_a_few_times(scene, 2)
    assert live_ids(scene, booking_id) == mapped


def test_a_duplicate_of_a_booking_that_moves_at_the_same_time_goes_first(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    scene.clock.advance(QUARTER_HOUR)
    make_as_the_integration(scene, booking_id, generation=5)
    scene.move(booking_id, 9)
    run_a_few_times(scene, 2)
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_stale_activity_is_written_again(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    scene.clock.advance(QUARTER_HOUR)
    outdate(scene, booking_id)
    assert "sweep: 1 stale" in scene.run().note
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def delete(scene: Scene, booking_id: str) -> None:
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])


def clone(scene: Scene, booking_id: str) -> None:
    scene.hubspot.clone_activity(scene.activity(booking_id)["id"])


def restore_the_old_one(scene: Scene, booking_id: str) -> None:
    old = scene.activity(booking_id)["id"]
    scene.move(booking_id, 9)
    scene.run()
    scene.clock.advance(QUARTER_HOUR)
    scene.hubspot.restore_activity(old)
    scene.hubspot.edit_activity(old, hs_internal_meeting_notes="I want this one back")


@BOTH_PORTALS
@pytest.mark.parametrize(
    ("do", "told"),
    [(edit, "1 edited"), (delete, ""), (clone, "1 foreign marker"), (restore_the_old_one, "1 duplicate")],
)
def test_what_a_person_did_is_told_once_and_left_as_it_is(
    scene: Scene, do: Callable[[Scene, str], Any], told: str
) -> None:
    # D2, D3, D4, fault 61
    (booking_id,) = settled(scene, 1)
    scene.clock.advance(QUARTER_HOUR)
    do(scene, booking_id)
    before = scene.hubspot.activities()
    notes: list[str] = []
    assert scene.writes_of(lambda: notes.append(scene.run().note)) == []
    assert told in notes[0]
    assert scene.hubspot.activities() == before
    scene.clock.advance(QUARTER_HOUR)
    assert "sweep:" not in scene.run().note


def test_a_search_that_is_down_stops_nothing_and_is_made_up_for(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    scene.clock.advance(QUARTER_HOUR)
    duplicate(scene, booking_id)
    scene.switches.fail_before(path="/meetings/search", count=4)
    new = scene.book()
    assert "HubSpot's search could not be asked" in scene.run().note
    assert len(live_ids(scene, new)) == 1
    scene.clock.advance(QUARTER_HOUR)
    assert "sweep: 1 duplicate" in scene.run().note
    scene.everything_is_right()


def test_a_dry_run_sweeps_without_writing_and_leaves_the_rest_to_the_next_run(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    scene.clock.advance(QUARTER_HOUR)
    duplicate(scene, booking_id)
    assert scene.writes_of(lambda: scene.run(dry_run=True)) == []  # W4
    assert not [row for row in scene.rows(select(change)) if row["state"] == "planned"]
    scene.run()
    scene.everything_is_right()


def test_workspaces_of_one_portal_do_not_sweep_each_other(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Acme Support")
    settled(scene, 2)
    other = scene.calendar.book("ws_2")["id"]
    scene.run()
    scene.clock.advance(QUARTER_HOUR)
    scene.hubspot.edit_activity(live_ids(scene, other)[0], hs_meeting_title="Mine")
    note = scene.run().note
    assert note.count("sweep:") == 1
    assert "sweep: 1 edited" in note


def test_a_run_that_was_not_recorded_is_swept_again(scene: Scene) -> None:
    settled(scene, 1)
    (before,) = scene.rows(select(integration.c.swept_at))
    scene.sandbox.calendar.switches.fail(500, path="/ws_1/", count=100)
    scene.run(may_be_red=True)
    assert scene.rows(select(integration.c.swept_at)) == [before]

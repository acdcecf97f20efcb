"""One way only: what people do in HubSpot is left alone until their booking really changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from booking_sync.store.tables import change, mapping, mapping_history
from tests.flow.scene import Scene


def rename(scene: Scene, booking_id: str) -> None:
    scene.calendar.edit(booking_id, event_name="Renamed")


def move(scene: Scene, booking_id: str) -> None:
    scene.move(booking_id, 9)


def cancel(scene: Scene, booking_id: str) -> None:
    scene.calendar.cancel(booking_id)


def invite(scene: Scene, booking_id: str) -> None:
    first = scene.calendar.booking(booking_id)["invitees"][0]
    scene.calendar.edit(booking_id, invitees=[first, {**first, "id": "inv_2", "email": "second@example.com"}])


CHANGES = {"renamed": rename, "moved": move, "cancelled": cancel, "new invitee": invite}
ALL_CHANGES = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
Change = Callable[[Scene, str], None]


def test_nothing_is_ever_written_to_calendar_com(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], hs_meeting_start_time="2026-05-01T09:00:00Z")
    before = scene.calendar.booking(booking_id)
    scene.run(window_start=scene.at(-48))
    assert scene.calendar.booking(booking_id) == before  # D1
    assert {entry.method for entry in scene.sandbox.calendar.history} == {"GET"}


def test_an_edited_activity_is_left_alone_while_its_booking_does_not_change(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], hs_meeting_title="My own title")
    scene.run(window_start=scene.at(-48))
    assert scene.shown(booking_id)["hs_meeting_title"] == "My own title"  # D2


@ALL_CHANGES
def test_an_edited_activity_follows_the_next_change_of_its_booking(scene: Scene, change: Change) -> None:
    booking_id = scene.book()
    scene.run()
    mine = {"hs_meeting_title": "My own title", "hs_meeting_end_time": "2026-05-01T09:00:00Z"}
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], **mine)
    change(scene, booking_id)
    scene.run()
    scene.everything_is_right()  # D2


@pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
@ALL_CHANGES
def test_a_deleted_activity_is_made_again_by_the_next_change(scene: Scene, change: Change) -> None:
    booking_id = scene.book()
    scene.run()
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    scene.has_exact_audit = change is not move  # archiving what is deleted already has no effect
    change(scene, booking_id)
    scene.run()
    assert len(scene.activities(booking_id)) == 1  # D3
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_moved_booking_whose_predecessor_activity_was_deleted_gets_its_own(scene: Scene) -> None:
    scene.book("bk_a")
    scene.run()
    scene.hubspot.delete_activity(scene.activity("bk_a")["id"])
    scene.has_exact_audit = False
    scene.move_to_new("bk_a", 9, "bk_b")
    scene.run()
    scene.everything_is_right()  # R2, D3
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
@ALL_CHANGES
def test_foreign_activities_are_never_touched(scene: Scene, change: Change) -> None:
    contact = scene.hubspot.add_contact(email="ada@example.com")
    scene.add_foreign_activity(hs_meeting_title="Lunch", contact_ids=[contact])
    scene.add_foreign_activity(hs_meeting_title="Meeting - Calendar.com: Intro call", contact_ids=[contact])
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    change(scene, booking_id)
    scene.run()
    scene.everything_is_right()  # D4


def forget(scene: Scene) -> None:
    """Lose the mapping database as far as activities are concerned."""
    with scene.services.engine.begin() as connection:
        for table in (mapping, mapping_history, change):
            connection.execute(delete(table))


def test_an_activity_of_ours_is_adopted_where_the_mapping_was_lost(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    forget(scene)
    report = scene.run(window_start=scene.at(-48))
    assert report.counts["unchanged"] == 1
    assert "sweep: 1 adopted" in report.note
    assert len(scene.activities(booking_id, include_archived=True)) == 1  # A6
    scene.calendar.edit(booking_id, event_name="Renamed")
    written = [entry.path for entry in scene.writes_of(scene.run)]
    assert [path.rsplit("/", 2)[-2:] for path in written] == [["batch", "update"]]  # its contacts are known as well
    scene.everything_is_right()


def test_an_adopted_activity_that_shows_an_older_state_is_rewritten(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    forget(scene)
    scene.has_exact_audit = False
    scene.calendar.edit(booking_id, event_name="Renamed", description="New")
    scene.run(window_start=scene.at(-48))
    assert len(scene.activities(booking_id, include_archived=True)) == 1
    scene.everything_is_right()  # A6, A7
    scene.assert_repeating_writes_nothing()


def test_a_marker_that_something_else_carries_is_not_adopted(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    activity = scene.activity(booking_id)
    forget(scene)
    scene.hubspot.delete_activity(activity["id"])
    found: list[Any] = [activity["id"]]
    foreign = scene.add_foreign_activity(
        hs_meeting_title="Not a meeting of ours", calendar_booking_key=activity["properties"]["calendar_booking_key"]
    )
    scene.hubspot.request_hook = lambda entry, phase: _hand_over(scene, entry, phase, foreign)
    scene._foreign.clear()
    scene.has_exact_audit = False
    scene.run(window_start=scene.at(-48))
    assert found
    assert len(scene.activities(booking_id)) == 1  # D4
    title = next(one for one in scene.hubspot.activities() if one["id"] == foreign)["properties"]["hs_meeting_title"]
    assert title == "Not a meeting of ours"


def _hand_over(scene: Scene, entry: Any, phase: str, foreign: str) -> None:
    """A person clears the marker between our refused creation and our look at what is in the way."""
    if phase == "before" and entry.path.endswith("/meetings/batch/read"):
        scene.hubspot.edit_activity(foreign, calendar_booking_key="")


def test_a_cancelled_booking_whose_lost_activity_shows_an_older_state_is_rewritten_once(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    forget(scene)
    scene.has_exact_audit = False
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.calendar.cancel(booking_id)
    scene.switches.fail_before(503, path="meetings/batch/update")
    scene.run(window_start=scene.at(-48))
    scene.run_after_quiet_time()
    scene.everything_is_right()
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(-48))) == []  # X4, W2

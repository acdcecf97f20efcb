"""Faults 59 to 66: activities that people delete, restore, copy or strip, and a portal that changes under us."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.ways import CREATE, assert_made_once
from tests.flow.planting import found, settled
from tests.flow.scene import Scene


def test_fault_059_a_deleted_activity_comes_back_with_the_next_change_and_not_before(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(-48))) == []
    scene.calendar.edit(booking_id, tracking={"utm_source": "mail"})  # newer, but nothing of it is shown
    assert scene.writes_of(scene.run) == []
    assert scene.activities(booking_id) == []  # D3
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.run()
    assert len(scene.activities(booking_id)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("is_edited", [False, True])
def test_fault_060_an_old_activity_that_a_person_restores_is_told_and_left_beside_the_mapped_one(
    scene: Scene, *, is_edited: bool
) -> None:
    (booking_id,) = settled(scene, 1)
    old = scene.activity(booking_id)["id"]
    scene.move(booking_id, 9)
    scene.run()
    mapped = scene.activity(booking_id)["id"]
    scene.hubspot.restore_activity(old)
    if is_edited:
        scene.hubspot.edit_activity(old, hs_internal_meeting_notes="I want this one back")
    scene.clock.advance(900)
    assert ("1 duplicate" in scene.run().note) is is_edited  # a run looks at what has changed
    assert found(scene) == {"duplicate": 1}  # the daily audit at all
    assert scene.writes_of(lambda: found(scene, repair=True)) == []
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.run()
    titles = {one["id"]: one["properties"]["calendar_event_name"] for one in scene.activities(booking_id)}
    assert titles == {old: "Intro call", mapped: "Renamed"}  # ours goes on with the booking; theirs is as they left it


def test_fault_061_a_copy_of_our_activity_is_reported_and_never_touched(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    copy = scene.hubspot.clone_activity(scene.activity(booking_id)["id"])
    before = next(one for one in scene.hubspot.activities() if one["id"] == copy)
    assert scene.writes_of(lambda: found(scene, repair=True)) == []
    assert found(scene) == {"foreign_marker": 1}
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.run()
    scene.move(booking_id, 9)
    scene.run()
    scene.calendar.cancel(booking_id)
    scene.run()
    assert next(one for one in scene.hubspot.activities() if one["id"] == copy) == before  # D4
    scene.everything_is_right()


@pytest.mark.parametrize("is_archived", [True, False])
def test_fault_064_without_an_active_owner_record_and_contact_are_unassigned(
    scene: Scene, *, is_archived: bool
) -> None:
    if is_archived:
        scene.hubspot.add_owner("hanna@acme.example", archived=True)
    booking_id = scene.book(host="hanna@acme.example", invitees=["ada@example.com"])
    scene.run()
    contact = scene.hubspot.contact_by_email("ada@example.com")
    assert contact is not None
    assert "hubspot_owner_id" not in scene.shown(booking_id)  # C4
    assert "hubspot_owner_id" not in contact["properties"]
    assert_made_once(scene, booking_id)


def test_fault_064_an_owner_who_is_removed_in_the_middle_of_a_run_is_left_out_and_named(scene: Scene) -> None:
    owner = scene.hubspot.add_owner("hanna@acme.example")
    known = scene.book()
    scene.run()

    def remove_owner(entry: Any, phase: str) -> None:
        if phase == "before" and entry.is_write and "/meetings/batch/" in entry.path:
            scene.hubspot.portal().owners.pop(owner, None)

    scene.hubspot.request_hook = remove_owner
    scene.calendar.edit(known, event_name="Renamed")
    new = scene.book(invitees=[{"email": None}])
    report = scene.run()
    assert "hubspot_owner_id" not in scene.shown(new)
    assert f"{new}: owner_refused" in report.note
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_065_a_property_that_a_person_deleted_is_made_again(scene: Scene) -> None:
    scene.book()
    scene.run()
    portal = scene.hubspot.portal()
    definition = portal.properties["meetings"]["calendar_event_name"]
    portal.properties["meetings"]["calendar_event_name"] = definition.archived(scene.clock.now)
    booking_id = scene.book()
    assert scene.run(may_be_red=True).counts["kept"] == 1
    scene.run()
    assert len(scene.activities(booking_id)) == 1  # A2, W6
    scene.everything_is_right()


RULES = ("required", "read-only")


@pytest.mark.parametrize("rule", RULES)
def test_fault_065_a_rule_that_our_activities_break_is_named_alarms_once_and_holds_up_no_other(
    scene: Scene, rule: str
) -> None:
    scene.book("bk_0")
    scene.run()
    definitions = scene.hubspot.portal().properties["meetings"]
    location = definitions["hs_meeting_location"]
    if rule == "required":
        scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    else:
        definitions["hs_meeting_location"] = replace(location, is_read_only=True)
    places = [{"kind": "custom", "value": "Room 1", "join_url": None}, None]
    good, *bad = places if rule == "required" else reversed(places)
    scene.book("bk_good", location=good)
    for number in range(3):
        scene.book(f"bk_bad_{number}", location=bad[0])
    report = scene.run(may_be_red=True)
    assert (report.counts["create"], report.counts["kept"]) == (1, 3)
    assert "for hs_meeting_location" in report.reason
    assert [scene.run().is_red for _ in range(3)] == [False] * 3  # it is known by now
    scene.switches.required_properties.clear()
    definitions["hs_meeting_location"] = location
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_066_a_meeting_that_hubspots_own_tool_has_logged_is_left_alone_beside_ours(scene: Scene) -> None:
    contact = scene.hubspot.add_contact(email="ada@example.com")
    logged = scene.add_foreign_activity(
        hs_meeting_title="Intro call",
        hs_meeting_start_time="2026-03-03T09:00:00Z",
        hs_meeting_end_time="2026-03-03T09:30:00Z",
        contact_ids=[contact],
    )
    booking_id = scene.book(start_at=scene.at(9), invitees=["ada@example.com"])
    scene.run()
    assert scene.activity(booking_id)["id"] != logged
    for change in (lambda: scene.move(booking_id, 11), lambda: scene.calendar.cancel(booking_id)):
        change()
        scene.run()
        scene.everything_is_right()  # D4: the other one is as it was
    assert scene.writes_of(lambda: found(scene, repair=True)) == []
    assert [entry.status for entry in scene.sandbox.hubspot.history.matching(CREATE)] == [201, 201]

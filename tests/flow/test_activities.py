"""What an activity shows, and how it follows its booking."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from tests.flow.scene import Scene

ALL_MODES = pytest.mark.parametrize("marker_mode", ["allowed", "refused", "ignored"])
LONGEST_PROPERTY = 65_536


def question(number: int, answer: Any) -> dict[str, Any]:
    return {"question_id": f"q{number}", "question": f"Question {number}?", "answer": answer}


@ALL_MODES
def test_a_booking_becomes_one_meeting_with_everything_about_it(scene: Scene) -> None:
    owner = scene.hubspot.add_owner("hanna@acme.example")
    booking_id = scene.book(event_name="Product demo", start_at=scene.at(9), end_at=scene.at(9.75))
    scene.run()
    shown = scene.shown(booking_id)
    assert shown["hs_meeting_title"] == "Meeting - Calendar.com: Product demo"  # A1
    assert shown["hs_timestamp"] == shown["hs_meeting_start_time"] == "2026-03-03T09:00:00.000Z"
    assert shown["hs_meeting_end_time"] == "2026-03-03T09:45:00.000Z"
    assert shown["hubspot_owner_id"] == owner
    assert len(scene.activity(booking_id)["contact_ids"]) == 1
    assert (shown["calendar_event_name"], shown["calendar_event_duration"]) == ("Product demo", "45")  # A2
    scene.everything_is_right()  # A6
    scene.assert_repeating_writes_nothing()  # W2


def test_our_fields_have_their_labels_types_and_group(scene: Scene) -> None:
    scene.book()
    scene.run()
    portal = scene.hubspot.portal()
    name = portal.properties["meetings"]["calendar_event_name"]
    duration = portal.properties["meetings"]["calendar_event_duration"]
    assert (name.label, name.type, name.group_name) == ("Meeting Name", "string", "calendar_com")  # A2
    assert (duration.label, duration.type, duration.group_name) == ("Event Duration", "number", "calendar_com")
    assert portal.groups["meetings"]["calendar_com"].label == "Calendar.com"


def test_nothing_but_activities_and_contacts_is_written(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.move(booking_id, 9)
    scene.run()
    written = {entry.path.split("/")[4] for entry in scene.sandbox.hubspot.history.writes()}
    assert written <= {"meetings", "contacts"}  # A3


def test_the_body_tells_the_whole_booking(scene: Scene) -> None:
    booking_id = scene.book(
        event_name="Demo <b>&</b> talk",
        description="Bring <numbers> & questions.",
        start_at=scene.at(9),
        time_zone="America/New_York",
        location={"kind": "phone", "value": "+49 30 1234", "join_url": None},
        host={"name": "Hanna Host", "email": "hanna@acme.example"},
        invitees=[{"name": "<script>alert(1)</script>", "email": "x@example.com"}],
    )
    scene.run()
    body = scene.shown(booking_id)["hs_meeting_body"]
    assert "<script>" not in body  # A4
    assert "<b>" not in body
    told = unescape(body)
    for fact in (
        "Demo <b>&</b> talk",
        "<script>alert(1)</script>",
        "Bring <numbers> & questions.",
        "+49 30 1234",
        "Hanna Host",
        "America/New_York",
        "(UTC)",
        "30 min",
    ):
        assert fact in told
    scene.everything_is_right()


def test_place_link_and_outcome_are_set_and_the_type_is_not(scene: Scene) -> None:
    booking_id = scene.book(location={"kind": "video", "value": "Room 1", "join_url": "https://meet.example.com/1"})
    scene.run()
    shown = scene.shown(booking_id)
    assert shown["hs_meeting_location"] == "Room 1"  # A5
    assert shown["hs_meeting_external_url"] == "https://meet.example.com/1"
    assert shown["hs_meeting_outcome"] == "SCHEDULED"
    assert "hs_activity_type" not in shown


CHANGES: dict[str, dict[str, Any]] = {
    "event name": {"event_name": "Renamed"},
    "description": {"description": "New words"},
    "location": {"location": {"kind": "custom", "value": "The café", "join_url": None}},
    "host's name": {"host": {"name": "Hanna Married", "email": "hanna@acme.example"}},
}


@pytest.mark.parametrize("fields", CHANGES.values(), ids=CHANGES)
def test_a_change_of_details_updates_the_activity_in_place(scene: Scene, fields: dict[str, Any]) -> None:
    booking_id = scene.book()
    scene.run()
    before = scene.activity(booking_id)["id"]
    scene.calendar.edit(booking_id, **fields)
    report = scene.run()
    assert report.counts["update"] == 1
    assert scene.activity(booking_id)["id"] == before  # A7
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_place_that_is_gone_is_cleared(scene: Scene) -> None:
    booking_id = scene.book(location={"kind": "custom", "value": "Room 1", "join_url": "https://meet.example.com/1"})
    scene.run()
    scene.calendar.edit(booking_id, location=None)
    scene.run()
    assert "hs_meeting_location" not in scene.shown(booking_id)  # A7: absolute values
    assert "hs_meeting_external_url" not in scene.shown(booking_id)


def test_an_added_invitee_is_associated_and_named(scene: Scene) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    before = scene.activity(booking_id)["id"]
    first = scene.calendar.booking(booking_id)["invitees"][0]
    bob = {**first, "id": "inv_bob", "name": "Bob", "email": "bob@example.com"}
    scene.calendar.edit(booking_id, invitees=[first, bob])
    scene.run()
    assert scene.activity(booking_id)["id"] == before
    assert scene.emails_on(booking_id) == ["ada@example.com", "bob@example.com"]  # A7
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_what_the_activity_does_not_show_causes_no_write(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.calendar.edit(booking_id, tracking={"utm_source": "mail"}, guests=["g@example.com"])
    scene.assert_repeating_writes_nothing()  # W2


def test_answers_are_readable_in_the_order_of_the_form(scene: Scene) -> None:
    answers = [question(1, "Analytical"), question(2, ["Pricing", "Security"]), question(3, True), question(4, None)]
    booking_id = scene.book(answers=answers)
    scene.run()
    body = unescape(scene.shown(booking_id)["hs_meeting_body"])
    told = ["Question 1?", "Analytical", "Question 2?", "Pricing, Security", "Question 3?", "Yes", "Question 4?"]
    places = [body.index(text) for text in [*told, "(not answered)"]]
    assert places == sorted(places)  # Q1


def test_changed_answers_change_the_activity_and_never_the_contact(scene: Scene) -> None:
    booking_id = scene.book(invitees=["ada@example.com"], answers=[question(1, "Analytical")])
    scene.run()
    before = scene.hubspot.contact_by_email("ada@example.com")
    invitee = scene.calendar.booking(booking_id)["invitees"][0]
    scene.calendar.edit(booking_id, invitees=[{**invitee, "answers": [question(1, "Engines Ltd")]}])
    scene.run()
    assert "Engines Ltd" in scene.shown(booking_id)["hs_meeting_body"]  # Q4
    assert scene.hubspot.contact_by_email("ada@example.com") == before
    scene.everything_is_right()

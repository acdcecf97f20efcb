"""What an activity would look like under settings that are not saved yet."""

from __future__ import annotations

from datetime import timedelta

from booking_sync.answers import answer_property_name
from booking_sync.integration_settings import DEFAULT_SETTINGS, check_settings
from booking_sync.preview import preview
from booking_sync.states import ActivityOutcome
from tests.builders import a_booking

BOOKING = a_booking()
BEFORE, AFTER = BOOKING.start_at - timedelta(hours=1), BOOKING.end_at


def test_the_defaults_show_what_a_run_would_write() -> None:
    shown = preview(BOOKING, DEFAULT_SETTINGS, at=BEFORE, owner_id="77")
    assert shown.is_passed_on
    assert shown.title == "Meeting - Calendar.com: Intro call"
    assert (shown.start_at, shown.end_at, shown.outcome) == (
        BOOKING.start_at,
        BOOKING.end_at,
        ActivityOutcome.SCHEDULED,
    )
    assert shown.properties["hubspot_owner_id"] == "77"
    assert shown.properties["hs_meeting_body"] == shown.body
    assert "hs_activity_type" not in shown.properties
    (ada,) = shown.people
    assert (ada.email, ada.may_be_made) == ("ada@example.com", True)
    assert ada.answers[0] == ("Company?", answer_property_name("ws_01HV", "q_1"))  # Q2


def test_settings_show_their_effect_before_they_are_saved() -> None:
    settings = check_settings(
        {
            "guests": "associate",
            "activity_type": "Demo",
            "mark_completed": True,
            "question_properties": {"q_1": "company", "q_2": None, "q_3": None},
        }
    )
    shown = preview(BOOKING, settings, at=AFTER)
    assert shown.outcome is ActivityOutcome.COMPLETED  # A8
    assert shown.properties["hs_activity_type"] == "Demo"  # A5
    assert shown.people[0].answers == (("question q_1", "company"),)  # Q2
    assert [(one.email, one.may_be_made) for one in shown.people[1:]] == [("guest@example.org", False)]  # C7


def test_an_event_that_is_left_out_says_so() -> None:
    assert not preview(BOOKING, check_settings({"events_exclude": ["intro call"]}), at=BEFORE).is_passed_on

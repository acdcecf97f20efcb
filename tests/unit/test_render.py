from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from booking_sync.fingerprint import revision
from booking_sync.model import Booking, BookingStatus, Location
from booking_sync.outcome import usual_outcome
from booking_sync.render import render_activity, render_cancel, render_contact, render_mark, render_update
from booking_sync.states import ActivityOutcome
from tests.builders import a_booking, an_invitee

SHOWN = ActivityOutcome.SCHEDULED

CANCELED = BookingStatus.CANCELED


def created(**overrides: Any) -> dict[str, str]:
    booking = a_booking(**overrides)
    return render_activity(
        booking, outcome=usual_outcome(booking), owner_id="77", activity_key="cal_1", activity_type="Intro"
    )


def updated(**overrides: Any) -> dict[str, str]:
    return render_update(a_booking(**overrides), outcome=SHOWN, owner_id=None, activity_type=None)


def test_a_new_activity_has_every_property_of_its_booking() -> None:  # A1, A2, A5
    properties = created()

    assert properties.pop("hs_meeting_body").startswith("<p><strong>Intro call</strong></p>")
    assert properties == {
        "hs_timestamp": "2026-03-05T13:00:00.000Z",
        "hs_meeting_start_time": "2026-03-05T13:00:00.000Z",
        "hs_meeting_end_time": "2026-03-05T13:30:00.000Z",
        "hs_meeting_title": "Meeting - Calendar.com: Intro call",
        "hs_meeting_outcome": "SCHEDULED",
        "hs_meeting_location": "Zoom",
        "hs_meeting_external_url": "https://zoom.example/j/123?pwd=a&b=c",
        "hs_activity_type": "Intro",
        "hubspot_owner_id": "77",
        "calendar_event_name": "Intro call",
        "calendar_event_duration": "30",
        "calendar_booking_id": "bk_01HV8Z",
        "calendar_booking_key": "cal_1",
        "calendar_booking_revision": revision(a_booking(), SHOWN),
    }


def test_an_unknown_owner_type_or_place_is_not_sent_with_a_new_activity() -> None:  # A1, A5
    properties = render_activity(
        a_booking(location=None), outcome=SHOWN, owner_id=None, activity_key="cal_1", activity_type=None
    )

    absent = {"hubspot_owner_id", "hs_activity_type", "hs_meeting_location", "hs_meeting_external_url"}
    assert not absent & properties.keys()
    assert properties.keys() == created().keys() - absent


def test_an_update_is_absolute_but_leaves_marker_and_owner() -> None:  # A7
    properties = updated(location=None)

    assert properties["hs_meeting_location"] == properties["hs_meeting_external_url"] == ""
    assert properties.keys() == created().keys() - {
        "hubspot_owner_id",
        "hs_activity_type",
        "calendar_booking_id",
        "calendar_booking_key",
    }


def test_an_update_says_the_same_as_a_new_activity() -> None:  # A7, X3
    update = render_update(a_booking(), outcome=SHOWN, owner_id="77", activity_type="Intro")

    assert update.items() < created().items()


def test_a_cancellation_changes_title_and_outcome_only() -> None:  # X1
    canceled = a_booking(status=CANCELED, version=4)

    assert render_cancel(canceled) == {
        "hs_meeting_title": "[Canceled] Intro call",
        "hs_meeting_outcome": "CANCELED",
        "calendar_booking_revision": revision(canceled, ActivityOutcome.CANCELED),
    }


def test_a_booking_cancelled_before_it_was_synced_is_created_cancelled() -> None:  # X2
    properties = created(status=CANCELED)

    assert properties["hs_meeting_title"] == "[Canceled] Intro call"
    assert properties["hs_meeting_outcome"] == "CANCELED"
    assert properties["hs_meeting_start_time"] == "2026-03-05T13:00:00.000Z"


def test_a_booking_replaced_by_another_is_never_shown_as_cancelled() -> None:  # R2
    properties = created(status=BookingStatus.RESCHEDULED)

    assert properties["hs_meeting_title"] == "Meeting - Calendar.com: Intro call"
    assert properties["hs_meeting_outcome"] == "SCHEDULED"


def test_a_title_is_never_marked_cancelled_twice() -> None:  # X4
    canceled = a_booking(event_name="[Canceled] Intro call", status=CANCELED)

    assert render_cancel(canceled)["hs_meeting_title"] == "[Canceled] Intro call"


@pytest.mark.parametrize("render", [created, updated, lambda **o: render_cancel(a_booking(**o))])
@pytest.mark.parametrize("status", list(BookingStatus))
def test_a_title_is_one_line_of_at_most_a_thousand_characters(render: Any, status: BookingStatus) -> None:
    title = render(event_name="Intro\ncall \u202e" + "e\u0301" * 2_000, status=status)["hs_meeting_title"]

    assert "Intro call e\u0301e\u0301" in title
    assert 998 <= len(title) <= 1_000
    assert title.endswith("e\u0301")


def test_times_are_sent_in_utc_with_milliseconds() -> None:
    start_at = datetime.fromisoformat("2026-10-25T02:30:00.123456+01:00")  # the second 02:30 of that night in Berlin

    assert created(start_at=start_at)["hs_timestamp"] == "2026-10-25T01:30:00.123Z"


def test_the_duration_is_sent_in_whole_minutes() -> None:  # A2
    assert created(end_at=datetime(2026, 3, 5, 14, 30, 20, tzinfo=UTC))["calendar_event_duration"] == "90"


@pytest.mark.parametrize(
    ("location", "place", "address"),
    [
        (Location("phone", "+49 30\n1234", None), "+49 30 1234", ""),
        (Location("video", None, "https://zoom.example/1"), "https://zoom.example/1", "https://zoom.example/1"),
        (Location("custom", "http://169.254.169.254/", None), "http://169.254.169.254/", ""),
        (Location("video", "Zoom", "javascript:alert(1)"), "Zoom", ""),
        (Location("video", "Zoom", "file:///etc/passwd"), "Zoom", ""),
        (Location("video", "Zoom", "https://"), "Zoom", ""),
        (Location("video", "Zoom", "https://a b.example/"), "Zoom", ""),
        (Location("video", "Zoom", "https://zoom.example/\u202egpj"), "Zoom", ""),
        (Location("video", "Zoom", "https://zoom.example/" + "x" * 2_000), "Zoom", ""),
        (Location("address", "x" * 5_000, None), "x" * 1_000, ""),
        (Location("video"), "", ""),
    ],
)
def test_only_a_web_address_is_sent_as_join_url(location: Location, place: str, address: str) -> None:  # A5
    properties = updated(location=location)

    assert properties["hs_meeting_location"] == place
    assert properties["hs_meeting_external_url"] == address


def test_macros_and_formats_stay_literal_in_every_property() -> None:
    literal = "{{ ds }} {% raw %} %s ${HOME} {0}"
    properties = created(event_name=literal, location=Location("custom", literal), description=literal)

    shown_in = ["hs_meeting_title", "hs_meeting_body", "hs_meeting_location", "calendar_event_name"]
    assert all(literal in properties[name] for name in shown_in)


@pytest.mark.parametrize(
    ("given", "first_name", "last_name"),
    [
        ({"name": "Ada Lovelace"}, "Ada", "Lovelace"),
        ({"name": "Ada King, Countess of Lovelace"}, "Ada", "King, Countess of Lovelace"),
        ({"name": "  Ada \t\n  King\u00a0 Lovelace "}, "Ada", "King Lovelace"),
        ({"name": "Ada"}, "Ada", None),
        ({"name": "山田 太郎"}, "山田", "太郎"),
        ({"name": "山田\u3000太郎"}, "山田", "太郎"),
        ({"name": "José María Ñandú"}, "José", "María Ñandú"),
        ({"name": "👩\u200d🔬 愛田 \u202e太郎"}, "👩\u200d🔬", "愛田 太郎"),
        ({"name": " "}, None, None),
        ({"name": None}, None, None),
        ({"name": "A L", "first_name": "Ada", "last_name": "Lovelace"}, "Ada", "Lovelace"),
        ({"name": "A L", "first_name": " Ada  Augusta "}, "Ada Augusta", None),
        ({"name": "A L", "last_name": "Lovelace"}, None, "Lovelace"),
        ({"name": "Ada Lovelace", "first_name": "", "last_name": " "}, "Ada", "Lovelace"),
    ],
)
def test_the_name_of_a_new_contact(given: dict[str, str | None], first_name: str, last_name: str) -> None:  # C2
    properties = render_contact(an_invitee(**given), email="ada@example.com", owner_id=None)

    assert properties["email"] == "ada@example.com"
    assert (properties.get("firstname"), properties.get("lastname")) == (first_name, last_name)
    assert "" not in properties.values()


def test_a_new_contact_has_the_owner_only_where_one_is_known() -> None:  # C4
    owned = render_contact(an_invitee(), email="ada@example.com", owner_id="77")

    assert owned["hubspot_owner_id"] == "77"
    assert "hubspot_owner_id" not in render_contact(an_invitee(), email="ada@example.com", owner_id=None)


@pytest.mark.parametrize("status", list(BookingStatus))
def test_every_value_is_text(status: BookingStatus) -> None:
    booking: Booking = a_booking(status=status, description=None, location=None)
    update = render_update(booking, outcome=SHOWN, owner_id=None, activity_type=None)
    sent = [created(status=status), update, render_cancel(booking), render_mark(booking, SHOWN)]

    assert {type(value) for properties in sent for value in properties.values()} == {str}

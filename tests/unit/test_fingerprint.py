from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sync.fingerprint import activity_key, content_fingerprint, revision, schedule_fingerprint
from booking_sync.model import Answer, BookingStatus, Location, Person
from booking_sync.states import ActivityOutcome
from tests.builders import a_booking, an_invitee

SHOWN = ActivityOutcome.SCHEDULED

BOOKING = a_booking()
OTHER = an_invitee(id="in_2", name="Alan Turing")

SCHEDULE_CHANGES: list[dict[str, Any]] = [
    {"start_at": BOOKING.start_at + timedelta(minutes=1)},
    {"end_at": BOOKING.end_at + timedelta(minutes=1)},
    {"host": replace(BOOKING.host, id="us_2")},
]
CONTENT_CHANGES: list[dict[str, Any]] = [
    {"event_name": "Demo"},
    {"description": None},
    {"time_zone": "Europe/Kyiv"},
    {"location": None},
    {"location": Location("phone", "Zoom", "https://zoom.example/j/123?pwd=a&b=c")},
    {"location": Location("video", "Teams", "https://zoom.example/j/123?pwd=a&b=c")},
    {"location": Location("video", "Zoom", "https://zoom.example/j/124")},
    {"host": replace(BOOKING.host, name="Grace B. Hopper")},
    {"host": replace(BOOKING.host, email="hopper@calendar.example")},
    {"co_hosts": (Person(name="Alan Turing"),)},
    {"invitees": ()},
    {"invitees": (an_invitee(), OTHER)},
    {"invitees": (an_invitee(is_active=False),)},
    *({"invitees": (an_invitee(**{field: "new"}),)} for field in ("id", "name", "first_name", "last_name", "email")),
    {"invitees": (an_invitee(time_zone="Europe/Kyiv"),)},
    {"invitees": (an_invitee(answers=()),)},
    {"invitees": (an_invitee(answers=(Answer("q_1", "Company?", "Analytical & Co"), *an_invitee().answers[1:])),)},
    {"invitees": (an_invitee(answers=(Answer("q_1", "Firm?", "Analytical & Sons"), *an_invitee().answers[1:])),)},
    {"invitees": (an_invitee(answers=an_invitee().answers[::-1]),)},
]
INVISIBLE_CHANGES: list[dict[str, Any]] = [
    {"version": 4},
    {"status": BookingStatus.CANCELED},
    {"updated_at": BOOKING.updated_at + timedelta(days=1)},
    {"tracking": ()},
    {"guests": ()},
    {"reschedule_count": 1},
    {"rescheduled_from_id": "bk_0"},
    {"rescheduled_to_id": "bk_2"},
    {"canceled_by": "host"},
    {"cancel_reason": "ill"},
    {"invitees": (an_invitee(is_no_show=True),)},
    {"invitees": (an_invitee(), replace(OTHER, is_active=False))},
    {"invitees": (an_invitee(phone="+49 30 1"),)},
    {"host": replace(BOOKING.host, time_zone=None)},
]


@pytest.mark.parametrize("change", SCHEDULE_CHANGES, ids=repr)
def test_time_and_host_are_the_schedule_and_nothing_else(change: dict[str, Any]) -> None:  # R1
    changed = a_booking(**change)

    assert schedule_fingerprint(changed) != schedule_fingerprint(BOOKING)
    assert content_fingerprint(changed) == content_fingerprint(BOOKING)


@pytest.mark.parametrize("change", CONTENT_CHANGES, ids=repr)
def test_whatever_else_the_activity_shows_is_its_content(change: dict[str, Any]) -> None:  # A7
    changed = a_booking(**change)

    assert content_fingerprint(changed) != content_fingerprint(BOOKING)
    assert schedule_fingerprint(changed) == schedule_fingerprint(BOOKING)


@pytest.mark.parametrize("change", INVISIBLE_CHANGES, ids=repr)
def test_what_the_activity_does_not_show_changes_no_fingerprint(change: dict[str, Any]) -> None:  # W2
    changed = a_booking(**change)

    assert content_fingerprint(changed) == content_fingerprint(BOOKING)
    assert schedule_fingerprint(changed) == schedule_fingerprint(BOOKING)


def test_the_order_of_people_changes_no_fingerprint() -> None:  # W2
    people = (Person(name="Alan"), Person(name=None), Person(name="Grace", email="g@example.com"))
    there = a_booking(invitees=(an_invitee(), OTHER), co_hosts=people)
    back = a_booking(invitees=(OTHER, an_invitee()), co_hosts=people[::-1])

    assert content_fingerprint(there) == content_fingerprint(back)


def test_the_same_instant_in_another_zone_is_the_same_schedule() -> None:
    kyiv = timezone(timedelta(hours=2))
    moved = a_booking(start_at=BOOKING.start_at.astimezone(kyiv), end_at=BOOKING.end_at.astimezone(kyiv))

    assert schedule_fingerprint(moved) == schedule_fingerprint(BOOKING)


@pytest.mark.parametrize(
    ("host", "same_host"),
    [
        (Person("us_1", "Grace", email="g@example.com"), Person("us_1", "Grace Hopper", email="hopper@example.com")),
        (Person(name="Grace", email="G@Example.com "), Person(name="Grace Hopper", email="g@example.com")),
        (Person(name="Grace  Hopper", email="not an address"), Person(name=" Grace Hopper")),
    ],
)
def test_a_host_is_known_by_id_else_by_address_else_by_name(host: Person, same_host: Person) -> None:  # R1
    assert schedule_fingerprint(a_booking(host=host)) == schedule_fingerprint(a_booking(host=same_host))


def test_an_id_an_address_and_a_name_of_the_same_letters_are_different_hosts() -> None:
    same = "g@example.com"
    hosts = [Person(id=same), Person(email=same), Person(name=same), Person()]

    assert len({schedule_fingerprint(a_booking(host=host)) for host in hosts}) == 4


def test_fingerprints_are_sixteen_hex_characters_and_stay_the_same_from_release_to_release() -> None:
    assert schedule_fingerprint(BOOKING) == "b6722db3b86f877e"
    assert content_fingerprint(BOOKING) == "e8e630880c25c9a9"


def test_the_revision_is_the_version_and_a_digest_of_what_the_activity_shows() -> None:
    version, digest = revision(BOOKING, SHOWN).split("-")

    assert (version, len(digest)) == ("3", 12)
    assert revision(a_booking(version=4), SHOWN) == f"4-{digest}"
    assert revision(a_booking(tracking=()), SHOWN) == revision(BOOKING, SHOWN)
    for change in [{"status": BookingStatus.CANCELED}, SCHEDULE_CHANGES[0], CONTENT_CHANGES[0]]:
        assert revision(a_booking(**change), SHOWN) != revision(BOOKING, SHOWN)


def test_the_marker_of_an_activity_is_the_same_whoever_computes_it() -> None:
    assert activity_key("ws_01HV", "bk_01HV8Z", 1) == "cal_81b245e8ec4370dcaa619f0816f8306ae9c4bcb3"


ID = st.text(st.sampled_from('a1",[]\\:\x00\ud800é'), max_size=4)


@given(st.tuples(ID, ID, st.integers(0, 20)), st.tuples(ID, ID, st.integers(0, 20)))
def test_different_bookings_and_generations_have_different_markers(
    one: tuple[str, str, int], other: tuple[str, str, int]
) -> None:
    assert (activity_key(*one) == activity_key(*other)) is (one == other)
    assert len(activity_key(*one)) == len("cal_") + 40

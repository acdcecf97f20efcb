"""Host and invitees are told of reschedules and cancellations, by a real SMTP server, once each (M1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from booking_sync.store.notice_tables import notice
from tests.flow.scene import Scene
from tests.mail_sink import MailSink, event_of

HOST = {"id": "us_grace", "name": "Grace Hopper", "email": "grace@acme.example", "time_zone": "America/New_York"}
ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "time_zone": "Europe/Berlin"}
TUESDAY_NINE = 9


@pytest.fixture(scope="module")
def running_sink() -> Iterator[MailSink]:
    with MailSink() as sink:
        yield sink


@pytest.fixture
def mail(running_sink: MailSink) -> MailSink:
    running_sink.clear()
    for name in ("on_sender", "on_recipient", "on_text"):
        setattr(running_sink, name, lambda _any: "250 OK")
    return running_sink


@pytest.fixture
def booked(scene: Scene, mail: MailSink) -> str:
    """A booking that has been passed on, of an integration that tells people."""
    scene.mail_over(mail.server())
    scene.choose(notify=True)
    booking_id = scene.book("a", event_name="Intro call", host=HOST, invitees=[ADA], start_at=scene.at(TUESDAY_NINE))
    scene.run()
    assert mail.mails == []  # a new booking is not news to anybody
    return booking_id


def test_both_parties_are_told_of_a_reschedule_with_the_old_and_the_new_time(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    scene.move(booked, 14)
    report = scene.run()

    assert sorted(to for _, [to] in mail.envelopes) == ["ada@example.com", "grace@acme.example"]  # M1
    (told,) = mail.mails_to("ada@example.com")
    assert told["Subject"] == "Rescheduled: Intro call"
    assert told["Reply-To"] == "Grace Hopper <grace@acme.example>"
    text = told.get_body(("plain",)).get_content()
    assert "Tuesday, 3 March 2026, 15:00–15:30 (Europe/Berlin, UTC+01:00)" in text
    assert "10:00–10:30 (Europe/Berlin" in text
    assert "New_York" in mail.mails_to("grace@acme.example")[0].get_body(("html",)).get_content()
    assert "notices: 2 sent" in report.note


def test_the_calendar_part_moves_the_same_entry_and_then_cancels_it(scene: Scene, mail: MailSink, booked: str) -> None:
    scene.move(booked, 14)
    scene.run()
    scene.move(booked, 16)
    scene.run()
    scene.calendar.cancel(booked, "host")
    scene.run()

    methods, events = zip(*map(event_of, mail.mails_to("ada@example.com")), strict=True)
    assert methods == ("REQUEST", "REQUEST", "CANCEL")
    assert [event["sequence"] for event in events] == [1, 2, 3]
    assert len({event["uid"] for event in events}) == 1
    assert [str(event["status"]) for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [event.decoded("dtstart") for event in events] == [scene.at(14), scene.at(16), scene.at(16)]
    assert events[0].decoded("dtend") == scene.at(14) + timedelta(minutes=30)
    assert events[0]["dtstart"].to_ical() == b"20260303T140000Z"  # in UTC
    assert str(events[0]["organizer"]) == "mailto:grace@acme.example"
    assert str(events[0]["attendee"]) == "mailto:ada@example.com"
    assert events[0]["organizer"].params["CN"] == "Grace Hopper"


def test_a_reschedule_to_a_new_booking_keeps_the_entry(scene: Scene, mail: MailSink, booked: str) -> None:
    scene.move(booked, 14)
    scene.run()
    second = scene.move_to_new(booked, 33, "b")
    scene.run()
    scene.move_to_new(second, 57, "c")
    scene.run()
    scene.calendar.cancel("c")
    scene.run()

    events = [event_of(one)[1] for one in mail.mails_to("ada@example.com")]
    assert len({event["uid"] for event in events}) == 1  # R2
    assert [event["sequence"] for event in events] == [1, 2, 3, 4]


def test_running_again_tells_nobody_anything(scene: Scene, mail: MailSink, booked: str) -> None:
    scene.calendar.cancel(booked)
    scene.run()
    scene.run()
    scene.assert_repeating_writes_nothing()  # W2

    assert [mail["Subject"] for mail in mail.mails] == ["Canceled: Intro call"] * 2  # M1


def test_several_changes_between_two_runs_are_one_mail_each(scene: Scene, mail: MailSink, booked: str) -> None:
    scene.move(booked, 14)
    scene.move(booked, 15)
    scene.calendar.cancel(booked)
    scene.run()

    assert [event_of(one)[0] for one in mail.mails] == ["CANCEL", "CANCEL"]  # R3


def test_with_reschedules_that_move_the_activity_people_are_told_all_the_same(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    scene.choose(notify=True, reschedule_policy="update")
    scene.move(booked, 14)
    scene.run()
    scene.calendar.edit(booked, description="Bring a pen")
    scene.run()

    assert [one["Subject"] for one in mail.mails] == ["Rescheduled: Intro call"] * 2  # R6


def test_only_active_invitees_with_an_address_are_told_and_each_once(scene: Scene, mail: MailSink, booked: str) -> None:
    del booked
    people = [ADA, {**ADA, "email": "ADA@example.com"}, {"name": "Nobody", "email": None}, "bob@example.com"]
    scene.book("g", host=HOST, invitees=people, start_at=scene.at(20))
    scene.run()
    scene.calendar.cancel_invitee("g", scene.calendar.booking("g")["invitees"][3]["id"])
    scene.move("g", 22)
    scene.run()

    assert sorted(to for _, [to] in mail.envelopes) == ["ada@example.com", "grace@acme.example"]
    (to_ada,) = mail.mails_to("ada@example.com")
    assert "bob@example.com" not in to_ada.as_string()


def test_a_meeting_that_was_cancelled_before_it_was_passed_on_is_told(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    del booked
    scene.book("b", host=HOST, invitees=[ADA], start_at=scene.at(20))
    scene.calendar.cancel("b")
    scene.run()

    assert len(mail.mails) == 2  # X2


def test_what_is_over_and_what_was_before_connecting_is_told_to_nobody(scene: Scene, mail: MailSink) -> None:
    scene.mail_over(mail.server())
    scene.book("before", host=HOST, invitees=[ADA], start_at=scene.at(20))
    scene.calendar.cancel("before")
    scene.clock.advance(172_800)
    scene.choose(notify=True)
    scene.backfill(scene.clock.now - timedelta(days=3), scene.clock.now)
    scene.book("past", host=HOST, invitees=[ADA], start_at=scene.clock.now - timedelta(hours=3))
    scene.run()
    scene.calendar.cancel("past")
    scene.run()

    assert mail.mails == []  # K5


def test_a_dry_run_tells_nobody_anything(scene: Scene, mail: MailSink, booked: str) -> None:
    scene.move(booked, 14)
    scene.run(dry_run=True)

    assert mail.mails == []  # W4


def test_by_default_nobody_is_told(scene: Scene, mail: MailSink) -> None:
    scene.mail_over(mail.server())
    booking_id = scene.book(host=HOST, invitees=[ADA])
    scene.run()
    scene.calendar.cancel(booking_id)
    scene.run()

    assert mail.mails == []
    assert scene.rows(select(notice)) == []


def test_without_a_mail_server_the_run_says_so_and_is_green(scene: Scene) -> None:
    scene.choose(notify=True)
    booking_id = scene.book(host=HOST, invitees=[ADA])
    scene.run()
    scene.calendar.cancel(booking_id)
    report = scene.run()

    assert "nobody was told of 1 changes" in report.note
    assert scene.shown(booking_id)["hs_meeting_outcome"] == "CANCELED"

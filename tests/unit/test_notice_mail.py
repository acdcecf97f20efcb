"""How one notice reads as a mail and in people's calendars (M1), as it comes out of its bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from booking_sync.model import Booking, BookingStatus, Location, Person
from booking_sync.notice import LONGEST_NAME
from booking_sync.states import NoticeKind
from tests.builders import a_booking, an_invitee
from tests.mail_sink import event_of
from tests.unit.test_notice import AT, EARLIER, NOW, OTHER_HOST, SENDER, mail_of, notices, recorded

OFF = a_booking(status=BookingStatus.CANCELED, canceled_by="invitee", cancel_reason="Ill.\nAnother day?")


def told(booking: Booking, former: Booking = EARLIER, kind: NoticeKind = NoticeKind.RESCHEDULED) -> list[EmailMessage]:
    """Return the mails as they are read at the other end, the host's first."""
    return [
        message_from_bytes(mail_of(one).as_bytes(), policy=default) for one in notices(booking, recorded(former), kind)
    ]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))  # type: ignore[arg-type]  # it takes any of three words
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    "name",
    [
        "Gruppen-Gespräch – 日本語 🎉",
        "Жанна д’Арк",
        "פגישת היכרות עם Grace על המוצר החדש שלנו ועל כל מה שקשור אליו",
        "Überblick über größere Änderungen für Fußgänger, Zusammenfassung für Anfänger",
    ],
)
def test_no_space_of_a_title_or_a_name_is_lost_or_made_on_the_way(name: str) -> None:
    mail = told(replace(NOW, event_name=name, invitees=(an_invitee(name=name),)))[1]

    assert mail["Subject"].replace("\N{NO-BREAK SPACE}", " ") == f"Rescheduled: {name}"
    assert mail["To"].addresses[0].display_name in {name, ""}
    assert mail["To"].addresses[0].addr_spec == "ada@example.com"
    assert str(event_of(mail)[1]["summary"]) == name
    assert event_of(mail)[1]["attendee"].params["CN"] == name


def test_a_long_title_says_that_it_goes_on() -> None:
    mail = told(replace(NOW, event_name="A title that goes on " * 20))[0]
    summary = str(event_of(mail)[1]["summary"])

    assert mail["Subject"].endswith("…")
    assert summary.endswith("…")
    assert len(summary) <= LONGEST_NAME


def test_where_only_the_host_changes_the_mail_says_so_and_not_that_the_time_has_moved() -> None:
    of_invitee = told(NOW, OTHER_HOST)[1]  # R1

    assert of_invitee["Subject"] == "New host: Intro call"
    assert "This meeting has a new host. Its time stays the same." in text_of(of_invitee)
    assert "With: Grace Hopper" in text_of(of_invitee)
    assert "rescheduled" not in text_of(of_invitee)


def test_whoever_lives_by_utc_is_told_the_time_once() -> None:
    of_invitee = told(replace(NOW, invitees=(an_invitee(time_zone="UTC"),)))[1]

    assert text_of(of_invitee).count("13:00–13:30") == 1
    assert "Before:\n  Thursday, 5 March 2026, 12:00–12:30 (UTC)" in text_of(of_invitee).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (Location("video", None, "https://meet.example/1"), "Where: Video call"),
        (Location("phone", "+49 30 555 0100", None), "Where: +49 30 555 0100"),
        (Location("address", None, None), None),
    ],
)
def test_where_the_meeting_takes_place_is_told_in_words_of_people(location: Location, words: str | None) -> None:
    text = text_of(told(replace(NOW, location=location))[1])

    assert ("Where: " in text) is (words is not None)
    assert words is None or words in text


def test_what_runs_from_right_to_left_stands_by_itself_in_the_html() -> None:
    html = text_of(told(replace(NOW, event_name="פגישת היכרות", host=replace(NOW.host, name="عبد الله")))[1], "html")

    assert "<strong><bdi>פגישת היכרות</bdi></strong>" in html
    assert "<bdi>عبد الله</bdi>" in html


def test_an_international_domain_is_the_same_address_in_the_mail_and_in_the_calendar() -> None:
    booking = replace(
        NOW, invitees=(an_invitee(email="ada@bücher.example"), an_invitee(id="in_2", email="ü@b.example"))
    )
    of_host, of_invitee = notices(booking)[:2]
    mail = mail_of(of_invitee)

    assert mail["To"].addresses[0].addr_spec == "ada@xn--bcher-kva.example"
    assert str(event_of(mail)[1]["attendee"]) == "mailto:ada@xn--bcher-kva.example"
    assert "mailto:ü@b.example" in map(
        str, event_of(mail_of(of_host))[1]["attendee"]
    )  # somebody else's holds nobody up


@pytest.mark.parametrize("event_name", ["Intro call", ""])
@pytest.mark.parametrize("host", [NOW.host, Person(name="Grace Hopper")], ids=["host", "host without address"])
def test_the_calendar_part_has_all_that_itip_demands(event_name: str, host: Person) -> None:
    moved, off = replace(NOW, event_name=event_name, host=host), replace(OFF, event_name=event_name, host=host)
    pairs = zip(told(moved), told(off, NOW, NoticeKind.CANCELED), strict=True)

    for method, mail in [one for pair in pairs for one in zip(("REQUEST", "CANCEL"), pair, strict=True)]:
        found, event = event_of(mail)
        assert found == method  # RFC 5546, 3.2.2 and 3.2.5
        assert str(event["uid"]) == "one@meeting"
        assert event["sequence"] == 4
        assert str(event["status"]) == {"REQUEST": "CONFIRMED", "CANCEL": "CANCELLED"}[method]
        assert event["dtstamp"].to_ical() == AT.strftime("%Y%m%dT%H%M%SZ").encode()
        assert event.decoded("dtstart").utcoffset() == event.decoded("dtend").utcoffset() == timedelta(0)
        assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=30)
        assert str(event["summary"]) == (event_name or "Meeting")
        assert str(event["organizer"]) == f"mailto:{host.email or SENDER.email}"
        assert str(event["attendee"]) == "mailto:ada@example.com"
        assert event.decoded("dtstart").astimezone(UTC) == NOW.start_at

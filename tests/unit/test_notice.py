"""What is news to people, and how one mail tells it (M1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_sync.decision import Recorded
from booking_sync.fingerprint import content_fingerprint, schedule_fingerprint
from booking_sync.model import Booking, BookingStatus, Person
from booking_sync.notice import (
    LONGEST_NAME,
    MOST_PEOPLE,
    NamedAddress,
    News,
    Notice,
    dump_notice,
    load_notice,
    news_of,
    notices_of,
)
from booking_sync.notice_mail import notice_mail
from booking_sync.states import NoticeKind, RecordedState
from tests.builders import a_booking, an_invitee
from tests.mail_sink import event_of

AT = datetime(2026, 3, 2, 10, 30, 0, 123456, tzinfo=UTC)
SENDER = NamedAddress("calendar@acme.example", "Acme")
RESCHEDULED, CANCELED = NoticeKind.RESCHEDULED, NoticeKind.CANCELED


def recorded(booking: Booking, state: RecordedState = RecordedState.LIVE, **changed: Any) -> Recorded:
    """What the mapping says after a booking was passed on."""
    return Recorded(
        booking_id=booking.id,
        state=state,
        activity_id="101",
        generation=1,
        version=booking.version,
        schedule_fingerprint=changed.pop("schedule", schedule_fingerprint(booking)),
        content_fingerprint=content_fingerprint(booking),
        start_at=booking.start_at,
        end_at=booking.end_at,
    )


def notices(booking: Booking, former: Recorded | None = None, kind: NoticeKind = RESCHEDULED) -> list[Notice]:
    return list(notices_of(News(kind, booking, former), uid="one@meeting", sequence=4, at=AT))


def mail_of(notice: Notice) -> EmailMessage:
    return notice_mail(notice, SENDER, message_id="abc")


NOW = a_booking()
EARLIER = replace(NOW, start_at=NOW.start_at - timedelta(hours=1), end_at=NOW.end_at - timedelta(hours=1))
OTHER_HOST = replace(NOW, host=Person(id="us_2", name="Alan", email="alan@acme.example"))
OFF = a_booking(status=BookingStatus.CANCELED)


@pytest.mark.parametrize(
    ("booking", "former", "kind"),
    [
        (NOW, None, None),
        (NOW, recorded(NOW), None),
        (NOW, recorded(EARLIER), RESCHEDULED),
        (NOW, recorded(OTHER_HOST), RESCHEDULED),
        (NOW, recorded(NOW, RecordedState.CANCELED), None),
        (NOW, recorded(EARLIER, RecordedState.CANCELED), RESCHEDULED),
        (NOW, recorded(EARLIER, RecordedState.REPLACED), None),
        (NOW, recorded(EARLIER, schedule=""), None),
        (OFF, None, CANCELED),
        (OFF, recorded(NOW), CANCELED),
        (OFF, recorded(OFF, RecordedState.CANCELED), None),
    ],
)
def test_what_is_recorded_decides_what_is_news(
    booking: Booking, former: Recorded | None, kind: NoticeKind | None
) -> None:
    found = news_of(booking, former)

    assert (found.kind if found else None) == kind


def test_a_successor_is_news_also_where_its_predecessor_was_called_off() -> None:
    former = recorded(NOW, RecordedState.CANCELED)

    assert news_of(replace(OFF, id="bk_2"), former, is_successor=True)
    assert news_of(replace(NOW, id="bk_2"), recorded(NOW), is_successor=True)


def test_a_notice_survives_being_kept() -> None:
    for one in notices(NOW, recorded(EARLIER)):
        assert load_notice(dump_notice(one)) == one


def test_a_host_who_is_also_invited_gets_one_mail() -> None:
    booking = replace(NOW, invitees=(an_invitee(email="GRACE@calendar.example"), an_invitee(id="in_2")))

    assert [one.recipient.email for one in notices(booking)] == ["grace@calendar.example", "ada@example.com"]


def test_a_crowd_is_told_each_and_named_to_the_host_in_part() -> None:
    crowd = tuple(an_invitee(id=f"in_{n}", name=f"Person {n}", email=f"p{n}@example.com") for n in range(120))
    of_host, *others = notices(replace(NOW, invitees=crowd))

    assert len(others) == 120
    assert (len(of_host.people), of_host.people_left_out) == (MOST_PEOPLE, 70)
    assert "and 70 more" in str(mail_of(of_host).get_body(("plain",)).get_content())  # type: ignore[union-attr]  # there is one
    assert [len(one.people) for one in others] == [1] * 120


def test_without_a_host_address_the_sender_organizes() -> None:
    (one,) = notices(replace(NOW, host=Person(name="Grace Hopper")))
    mail = mail_of(one)

    assert str(event_of(mail)[1]["organizer"]) == "mailto:calendar@acme.example"
    assert mail["Reply-To"] is None


def test_a_cancellation_tells_who_and_why_and_not_where_to_join() -> None:
    off = replace(OFF, canceled_by="host", cancel_reason="Ill & <sorry>")
    text, html = (
        str(mail_of(notices(off, kind=CANCELED)[1]).get_body((kind,)).get_content())  # type: ignore[union-attr]  # there is one
        for kind in ("plain", "html")
    )

    assert "Canceled by the host." in text
    assert "Reason: Ill & <sorry>" in text
    assert "Ill &amp; &lt;sorry&gt;" in html
    assert "zoom.example" not in text + html


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=1_500))
def test_whatever_people_type_makes_a_mail_of_the_same_shape(event_name: str, name: str, reason: str) -> None:
    off = replace(OFF, event_name=event_name, cancel_reason=reason, invitees=(an_invitee(name=name),))
    mail = mail_of(notices(off, kind=CANCELED)[1])
    method, event = event_of(mail)

    assert sorted(mail.keys()) == sorted(
        ["Subject", "From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert [one.addr_spec for one in mail["To"].addresses] == ["ada@example.com"]
    assert len(str(event.get("summary", ""))) <= LONGEST_NAME
    assert (method, str(event["uid"]), event["sequence"], str(event["status"])) == (
        "CANCEL",
        "one@meeting",
        4,
        "CANCELLED",
    )

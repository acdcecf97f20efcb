"""Mail servers that refuse, stall or go away: nobody gets a mail twice, and the sync goes on (M1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.booking_story import story_of
from booking_sync.erase import erase_invitee
from booking_sync.report import RunReport
from booking_sync.store.database import writing
from booking_sync.store.notice_tables import notice
from tests.flow.scene import Scene
from tests.mail_sink import MailSink

HOST = {"id": "us_grace", "name": "Grace Hopper", "email": "grace@acme.example"}
ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with MailSink() as sink:
        yield sink


@pytest.fixture
def booked(scene: Scene, mail: MailSink) -> str:
    scene.mail_over(mail.server())
    scene.choose(notify=True)
    booking_id = scene.book("a", host=HOST, invitees=[ADA, BOB], start_at=scene.at(9))
    scene.run()
    return booking_id


def cancel(scene: Scene, booking_id: str) -> RunReport:
    """Cancel a booking and let a run pass it on: whatever becomes of the mails, that is green and shown."""
    scene.calendar.cancel(booking_id)
    report = scene.run()
    assert scene.shown(booking_id)["hs_meeting_outcome"] == "CANCELED"  # M1: a mail that fails holds nothing back
    return report


def states(scene: Scene) -> dict[str, int]:
    """How many mails came to which end."""
    found: dict[str, int] = {}
    for row in scene.rows(select(notice)):
        found[row["state"]] = found.get(row["state"], 0) + 1
    return found


def test_who_is_refused_for_good_is_not_tried_again_and_keeps_nobody_else(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    mail.on_recipient = lambda address: "550 no such mailbox" if address == ADA else "250 OK"
    report = cancel(scene, booked)
    scene.run()

    assert sorted(to for _, [to] in mail.envelopes) == [BOB, "grace@acme.example"]
    assert states(scene) == {"sent": 2, "refused": 1}
    assert "notices: 2 sent, 1 refused by the mail server" in report.note
    assert ADA not in report.note
    (moment,) = [
        one for one in story_of(scene.services, "ws_1@424242", booked).moments if "Mail to people" in one.title
    ]
    assert moment.title == "Mail to people: cancelled"
    assert moment.details[0] == "To the host: the mail server took it."
    assert "To the invitee: the mail server does not take it (550)." in moment.details


def test_who_is_refused_for_now_is_tried_by_the_next_run(scene: Scene, mail: MailSink, booked: str) -> None:
    mail.on_recipient = lambda address: "451 greylisted" if address == ADA else "250 OK"
    report = cancel(scene, booked)
    mail.on_recipient = lambda _address: "250 OK"
    scene.run()

    assert "2 sent, 1 waiting for the mail server" in report.note
    assert sorted(to for _, [to] in mail.envelopes) == [ADA, BOB, "grace@acme.example"]


def test_a_mail_whose_answer_was_lost_is_not_sent_again(scene: Scene, mail: MailSink, booked: str) -> None:
    mail.on_text = lambda one: "take and cut" if one["To"].addresses[0].addr_spec == ADA else "250 OK"
    report = cancel(scene, booked)
    mail.on_text = lambda _mail: "250 OK"
    scene.run()

    assert len(mail.mails_to(ADA)) == 1  # M1: taken, although nobody was told
    assert states(scene) == {"sent": 2, "unknown": 1}
    assert "1 without an answer, not sent again" in report.note


def test_a_connection_that_is_cut_before_the_text_loses_nothing(scene: Scene, mail: MailSink, booked: str) -> None:
    cuts = iter(["cut"])
    mail.on_recipient = lambda _address: next(cuts, "250 OK")
    cancel(scene, booked)
    scene.run()

    assert len(mail.mails) == len({one["Message-ID"] for one in mail.mails}) == 3
    assert states(scene) == {"sent": 3}


def test_a_server_that_refuses_the_text_for_now_gets_it_again(scene: Scene, mail: MailSink, booked: str) -> None:
    mail.on_text = lambda _mail: "452 disk full"
    cancel(scene, booked)
    mail.on_text = lambda _mail: "250 OK"
    scene.run()

    assert len(mail.mails) == 3


def test_a_server_that_takes_nothing_from_our_sender_is_asked_once_a_run(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    asked: list[str] = []
    mail.on_sender = lambda address: asked.append(address) or "550 you may not send"  # type: ignore[func-returns-value]  # that is the point
    cancel(scene, booked)

    assert len(asked) <= 3
    assert states(scene) == {"waiting": 3}


def test_a_server_that_is_down_is_waited_for_and_given_up_after_a_day(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    mail.stop()
    report = cancel(scene, booked)
    assert "3 waiting for the mail server" in report.note
    assert states(scene) == {"waiting": 3}
    scene.clock.advance(90_000)
    assert "3 given up, too late" in scene.run().note
    assert states(scene) == {"expired": 3}


def test_one_connection_is_used_for_many_mails(scene: Scene, mail: MailSink, booked: str) -> None:
    cancel(scene, booked)

    assert (len(mail.mails), mail.connections) == (3, 1)


def test_newer_news_overtakes_what_has_not_been_sent(scene: Scene, mail: MailSink, booked: str) -> None:
    mail.on_sender = lambda _address: "451 later"
    scene.move(booked, 14)
    scene.run()
    mail.on_sender = lambda _address: "250 OK"
    cancel(scene, booked)

    assert {one["Subject"].partition(":")[0] for one in mail.mails} == {"Canceled"}  # W3
    assert states(scene) == {"overtaken": 3, "sent": 3}


def test_a_cancellation_that_is_undone_before_it_was_told_is_told_to_nobody(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    mail.on_sender = lambda _address: "451 later"
    cancel(scene, booked)
    mail.on_sender = lambda _address: "250 OK"
    scene.calendar.uncancel(booked)
    scene.run()

    assert mail.mails == []


def test_when_the_setting_is_taken_back_nothing_more_is_sent(scene: Scene, mail: MailSink, booked: str) -> None:
    mail.on_sender = lambda _address: "451 later"
    cancel(scene, booked)
    mail.on_sender = lambda _address: "250 OK"
    scene.choose(notify=False)
    scene.run()

    assert mail.mails == []
    assert states(scene) == {"overtaken": 3}


def test_an_address_that_no_mail_can_carry_is_refused_and_keeps_nobody_else(scene: Scene, mail: MailSink) -> None:
    scene.mail_over(mail.server())
    scene.choose(notify=True)
    people = ["jörg@example.com", "ada@bücher.example"]
    scene.book("b", host=HOST, invitees=people, start_at=scene.at(9))
    scene.run()
    cancel(scene, "b")

    assert sorted(to for _, [to] in mail.envelopes) == ["ada@xn--bcher-kva.example", "grace@acme.example"]
    assert states(scene) == {"sent": 2, "refused": 1}


def test_what_people_typed_cannot_add_a_header_or_a_recipient(scene: Scene, mail: MailSink) -> None:
    scene.mail_over(mail.server())
    scene.choose(notify=True)
    evil = "Intro\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>\nEND:VEVENT"
    person: dict[str, Any] = {"name": 'Ada"\r\nBcc: eve@example.com', "email": ADA}
    scene.book("b", host={**HOST, "name": "Grace\nTo: eve@example.com"}, invitees=[person], event_name=evil)
    scene.run()
    scene.calendar.cancel("b", "invitee", reason="\r\n.\r\nMAIL FROM:<eve@example.com>\r\n<b>no</b>")
    scene.run()

    assert sorted(to for _, [to] in mail.envelopes) == [ADA, "grace@acme.example"]
    for one in mail.mails:
        assert one["Bcc"] is None
        assert len(one.get_all("To")) == len(one.get_all("Subject")) == 1
        assert "<script>" not in one.get_body(("html",)).get_content()
        assert "<b>no" not in one.get_body(("html",)).get_content()


def test_erasing_a_person_gives_up_every_mail_that_names_them(scene: Scene, mail: MailSink, booked: str) -> None:
    mail.on_sender = lambda _address: "451 later"
    cancel(scene, booked)
    erased = erase_invitee(scene.services, ADA, person="grace")
    mail.on_sender = lambda _address: "250 OK"
    scene.run()

    assert erased.notices == 2  # Ada's own, and the host's, which names her
    assert sorted(to for _, [to] in mail.envelopes) == [BOB]
    assert all(row["email_hash"] for row in scene.rows(select(notice)) if row["state"] == "sent")


def test_a_worker_that_died_over_a_mail_leaves_it_unsent_rather_than_sent_twice(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    mail.on_sender = lambda _address: "451 later"
    cancel(scene, booked)
    mail.on_sender = lambda _address: "250 OK"
    with writing(scene.services.engine) as connection:
        connection.execute(notice.update().values(state="sending"))
    report = scene.run()

    assert mail.mails == []
    assert "3 without an answer" in report.note


def test_mail_that_takes_too_long_leaves_the_rest_to_the_next_run(scene: Scene, mail: MailSink, booked: str) -> None:
    mail.on_text = lambda _mail: scene.clock.advance(45) or "250 OK"  # type: ignore[func-returns-value]  # that is the point
    report = cancel(scene, booked)
    assert "2 sent, 1 waiting" in report.note
    scene.run()

    assert states(scene) == {"sent": 3}


def test_two_processes_share_the_outbox_without_telling_anybody_twice(
    scene: Scene, mail: MailSink, booked: str
) -> None:
    cancel(scene, booked)
    other = replace(scene.new_services(), mail_server=scene.services.mail_server)
    scene.run(services=other)

    assert len(mail.mails) == 3

"""Faults 92 to 97: what people can type, and that none of it is ever more than text."""

from __future__ import annotations

import json
import logging
import unicodedata
from typing import Any

import pytest
from sqlalchemy import func, select

from booking_sync.activity_body import NOTICE
from booking_sync.bounded_html import LONGEST_PROPERTY
from booking_sync.store.tables import audit, mapping
from tests.activity_page import Page
from tests.faults.ways import FEED, assert_made_once
from tests.flow.scene import Scene

FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"


def question(number: int, answer: Any) -> dict[str, Any]:
    return {"question_id": f"q_{number}", "question": f"Question {number}?", "answer": answer}


def contact_of(scene: Scene, email: str) -> dict[str, str]:
    found = scene.hubspot.contact_by_email(email)
    assert found is not None
    properties: dict[str, str] = found["properties"]
    return properties


NAMES: dict[str, tuple[str, str, str]] = {
    "emoji": (f"{FAMILY} Lovelace", FAMILY, "Lovelace"),
    "right to left": ("עדה לאבלייס", "עדה", "לאבלייס"),
    "bidi controls": ("Ada \u202eecalevoL\u202c", "Ada", "ecalevoL"),
    "combining marks": ("Zoe\u0308 O\u0301 Faola\u0301in", "Zoe\u0308", "O\u0301 Faola\u0301in"),
    "control characters": ("Ada\x00\x07 Love\x1blace\x9f", "Ada", "Lovelace"),
    "a forged line of a log": ("Ada\r\nINFO all is well\r\n", "Ada", "INFO all is well"),
}


@pytest.mark.parametrize(("name", "first", "last"), NAMES.values(), ids=NAMES)
def test_fault_092_a_name_arrives_as_it_was_meant(
    scene: Scene, caplog: pytest.LogCaptureFixture, name: str, first: str, last: str
) -> None:
    booking_id = scene.book(event_name=name, invitees=[{"email": "ada@example.com", "name": name}])
    with caplog.at_level(logging.DEBUG, logger="booking_sync"):
        scene.run()
    contact = contact_of(scene, "ada@example.com")
    assert (contact["firstname"], contact["lastname"]) == (first, last)
    assert scene.shown(booking_id)["hs_meeting_title"] == f"Meeting - Calendar.com: {first} {last}"
    assert f"{first} {last}" in Page(scene.shown(booking_id)["hs_meeting_body"]).text
    assert first not in caplog.text
    assert len(scene.activities(booking_id, include_archived=True)) == 1
    scene.assert_repeating_writes_nothing()


def test_fault_092_half_a_character_is_left_out(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book(invitees=[{"email": "ada@example.com", "name": "Ada Lovelace"}])
    page = json.dumps({"data": scene.calendar.bookings(), "next_cursor": None})
    scene.sandbox.calendar.switches.answer(200, page.replace("Ada Love", "Ada\\ud800 Love\\udfff"), path=FEED)
    assert scene.run().counts["create"] == 1
    assert contact_of(scene, "ada@example.com")["lastname"] == "Lovelace"
    assert_made_once(scene, booking_id)


def test_fault_092_an_overlong_name_is_cut_between_letters(scene: Scene) -> None:
    letter = "e\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}"
    booking_id = scene.book(
        event_name=letter * 4_000, event_id="ev_1", invitees=[{"email": "ada@example.com", "name": letter * 4_000}]
    )
    scene.run()
    for shown in (contact_of(scene, "ada@example.com")["firstname"], scene.shown(booking_id)["calendar_event_name"]):
        assert 900 < len(shown) <= 1_000
        assert shown == letter * (len(shown) // len(letter))
        assert unicodedata.category(shown[0]) == "Ll"
    scene.assert_repeating_writes_nothing()


LONG = {"letters": "x" * 70_000, "needs escaping": "&" * 70_000, "emoji": "\N{GRINNING FACE}" * 70_000}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_fault_093_an_answer_of_70_kilobytes_is_shortened_with_a_notice(scene: Scene, text: str) -> None:
    booking_id = scene.book(answers=[question(1, text), question(2, "short")])
    scene.run()
    body = scene.shown(booking_id)["hs_meeting_body"]
    assert len(body.encode("utf-16-le")) // 2 <= LONGEST_PROPERTY  # A4: counted after escaping
    page = Page(body)
    assert page.text.count(NOTICE) == 1
    assert "Question 2?" in page.text
    assert "short\n" in page.text
    assert "\ufffd" not in page.text
    scene.assert_repeating_writes_nothing()


MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">click</a>',
    "</p></li></ul>" * 50,
    "<!-- comment -->",
    "<style>* {display: none}</style>",
    '" onmouseover="alert(1)',
    "&lt;script&gt;",
)


@pytest.mark.parametrize("text", MARKUP)
def test_fault_094_markup_is_shown_as_the_text_that_it_is(scene: Scene, text: str) -> None:
    booking_id = scene.book(
        event_name=text,
        event_id="ev_1",
        description=text,
        location={"kind": "custom", "value": text, "join_url": f"javascript:{text}"},
        host={"name": text, "email": "hanna@acme.example"},
        invitees=[{"email": "ada@example.com", "name": text}],
        answers=[{**question(1, text), "question": text}],
    )
    scene.run()
    shown = scene.shown(booking_id)
    page = Page(shown["hs_meeting_body"])  # fails on any element that is not ours
    assert page.links == []
    assert page.text.count(text) >= 5
    assert shown["hs_meeting_title"] == f"Meeting - Calendar.com: {text}"
    assert "hs_meeting_external_url" not in shown
    assert len(scene.activities(booking_id, include_archived=True)) == 1
    scene.assert_repeating_writes_nothing()


TEMPLATES = ("{{ macros.uuid }}", "{% for x in y %}", "%s %(name)s %n", "${HOME} $(id)", "{0} {name!r}", "{{{{", "\\n")


@pytest.mark.parametrize("text", TEMPLATES)
def test_fault_095_macros_and_formats_stay_literal(scene: Scene, text: str) -> None:
    booking_id = scene.book(event_name=text, description=text, invitees=[{"email": "ada@example.com", "name": text}])
    scene.run()
    scene.calendar.cancel(booking_id)
    scene.run()
    shown = scene.shown(booking_id)
    assert shown["hs_meeting_title"] == f"[Canceled] {text}"
    assert shown["calendar_event_name"] == text
    assert Page(shown["hs_meeting_body"]).text.count(text) >= 3
    contact = contact_of(scene, "ada@example.com")
    assert " ".join(filter(None, (contact["firstname"], contact.get("lastname")))) == text
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1"])
def test_fault_096_nothing_that_was_typed_is_in_what_a_run_reports(
    scene: Scene, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """There is no file to import into a spreadsheet: the note, the table and the log name ids and codes only."""
    scene.switches.refuse_emails.add("ada@example.com")
    booking_id = scene.book(
        event_name=text, description=text, invitees=[{"email": "ada@example.com", "name": text}, {"email": text}]
    )
    with caplog.at_level(logging.DEBUG, logger="booking_sync"):
        report = scene.run()
    assert booking_id in report.note
    for told in (report.note, report.table, report.reason, caplog.text):
        assert text.strip() not in told
        assert "ada@" not in told


@pytest.mark.parametrize("text", ["'; DROP TABLE mapping; --", '" OR 1=1 --', "x" * 1_000_000, "%' ESCAPE '"])
def test_fault_097_no_text_becomes_part_of_a_statement(scene: Scene, text: str) -> None:
    other = scene.book()
    booking_id = scene.book(
        text[:40].replace(",", ""),
        event_name=text,
        event_id="ev_1",
        invitees=[{"email": "ada@example.com", "name": text}],
    )
    scene.run()
    assert [len(scene.activities(one)) for one in (other, booking_id)] == [1, 1]
    scene.move(booking_id, 9)
    scene.run()
    counts = [scene.rows(select(func.count().label("n")).select_from(table))[0]["n"] for table in (mapping, audit)]
    assert counts[0] == 2
    assert counts[1] >= 6
    assert len(scene.activities(booking_id)) == 1
    scene.assert_repeating_writes_nothing()

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_sync.booking_payload import dump_booking, load_booking, parse_booking
from booking_sync.model import Answer, Booking, BookingStatus, Invitee, Location, Person, Reject
from tests.builders import a_booking, a_payload, an_invitee, an_invitee_payload


def parsed(**overrides: Any) -> Booking:
    booking = parse_booking(a_payload(**overrides))
    assert isinstance(booking, Booking), booking
    return booking


def reason(payload: object) -> str:
    reject = parse_booking(payload)
    assert isinstance(reject, Reject), "was read"
    return reject.reason


def test_a_booking_of_the_contract_is_read_field_by_field() -> None:
    assert parse_booking(a_payload()) == a_booking()


def test_unknown_fields_are_ignored_at_every_level() -> None:
    payload = a_payload(new={"a": [1]}, host=a_payload()["host"] | {"new": 1})
    payload["event"]["new"] = payload["location"]["new"] = payload["invitees"][0]["answers"][0]["new"] = None

    assert parse_booking(payload) == a_booking()


@pytest.mark.parametrize(
    "field",
    [
        *("time_zone", "location", "description", "co_hosts", "guests", "tracking", "reschedule_count"),
        *("rescheduled_from_id", "rescheduled_to_id", "canceled_by", "cancel_reason"),
    ],
)
def test_an_optional_field_may_be_null_or_absent(field: str) -> None:
    absent = a_payload()
    del absent[field]

    assert isinstance(parse_booking(absent), Booking)
    assert parse_booking(absent) == parse_booking(a_payload(**{field: None}))


def test_null_lists_and_marks_of_an_invitee_are_empty() -> None:
    invitee = {"id": "in_1", "name": None, "status": None, "no_show": None, "answers": None}

    assert parsed(invitees=[invitee]).invitees == (Invitee("in_1"),)


@pytest.mark.parametrize(
    "field",
    [
        *("id", "workspace_id", "status", "version", "event", "start_at", "end_at", "host", "invitees"),
        *("created_at", "updated_at"),
    ],
)
def test_a_required_field_that_is_missing_or_null_rejects_the_booking_and_is_named(field: str) -> None:
    payload = a_payload()
    del payload[field]

    assert reason(payload) == f"{field}: is missing"
    assert reason(a_payload(**{field: None})).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"id": ""}, "id: is empty"),
        ({"id": " "}, "id: is empty"),
        ({"id": True}, "id: not an id"),
        ({"id": None}, "id: is null"),
        ({"id": "x" * 201}, "id: longer than 200 characters"),
        ({"id": "a\x00b"}, "id: holds control characters"),
        ({"id": "a\nb"}, "id: holds control characters"),
        ({"version": 0}, "version: too small"),
        ({"version": 2**63}, "version: too large"),
        ({"version": "9" * 5000}, "version: too large"),
        ({"version": True}, "version: not a whole number"),
        ({"version": "three"}, "version: not a whole number"),
        ({"version": 1.5}, "version: not a whole number"),
        ({"status": "tentative"}, "status: 'tentative' is not known"),
        ({"status": "Ada Lovelace, ada@example.com"}, "status: not a known status"),
        ({"status": ["scheduled"]}, "status: not a known status"),
        ({"start_at": "2026-03-05T13:00:00"}, "start_at: has no offset from UTC"),
        ({"start_at": "2026-03-05"}, "start_at: not a date-time"),
        ({"start_at": "tomorrow"}, "start_at: not a date-time"),
        ({"start_at": "2026-02-30T13:00:00Z"}, "start_at: not a date-time"),
        ({"start_at": "2016-12-31T23:59:60Z"}, "start_at: not a date-time"),
        ({"start_at": "0001-01-01T00:00:00+23:00"}, "start_at: not a date-time"),
        ({"start_at": 1_772_715_600}, "start_at: not a date-time"),
        ({"start_at": "1772715600"}, "start_at: not a date-time"),
        ({"start_at": "1970-01-21T12:25:15Z"}, "start_at: not between the years 2000 and 2100"),
        ({"end_at": "9999-12-31T23:59:59Z"}, "end_at: not between the years 2000 and 2100"),
        ({"end_at": "2026-03-05T12:59:59Z"}, "end_at: before start_at"),
        ({"event": "Intro call"}, "event: not an object"),
        ({"event": {"id": "ev_1"}}, "event.name: is missing"),
        ({"event": {"id": "ev_1", "name": 7}}, "event.name: not a text"),
        ({"invitees": {}}, "invitees: not a list"),
        ({"invitees": [{"name": "Ada"}]}, "invitees.0.id: is missing"),
        ({"invitees": [an_invitee_payload(status="waitlisted")]}, "invitees.0.status: 'waitlisted' is not known"),
        ({"invitees": [an_invitee_payload(no_show="Ada")]}, "invitees.0.no_show: not true or false"),
        ({"tracking": {"Ada Lovelace": 7}}, "tracking: not a text"),
        ({"tracking": []}, "tracking: not an object"),
        ({"description": ["Ada"]}, "description: not a text"),
    ],
)
def test_what_makes_no_sense_is_rejected_with_the_field_and_the_rule(overrides: dict[str, Any], expected: str) -> None:
    assert reason(a_payload(**overrides)) == expected


@pytest.mark.parametrize("answer", [{"a": 1}, float("nan"), [["nested"]], [True]])
def test_an_answer_of_no_known_type_rejects_the_booking(answer: object) -> None:
    answers = [{"question_id": "q_1", "question": "Company?", "answer": answer}]

    assert reason(a_payload(invitees=[an_invitee_payload(answers=answers)])).startswith(
        "invitees.0.answers.0.answer: not"
    )


@pytest.mark.parametrize("payload", [None, 7, "bk_1", [], [a_payload()]])
def test_what_is_not_an_object_is_rejected_without_an_id(payload: object) -> None:
    assert parse_booking(payload) == Reject(None, "booking: not an object")


def test_the_booking_id_is_kept_where_it_can_be_read() -> None:
    assert parse_booking(a_payload(version=0)) == Reject("bk_01HV8Z", "version: too small")
    assert parse_booking(a_payload(id="x" * 500)) == Reject(None, "id: longer than 200 characters")


def test_many_reasons_are_counted_rather_than_listed() -> None:
    assert reason({}) == "id: is missing; workspace_id: is missing; status: is missing; and 8 more"


def test_a_reason_never_holds_what_a_person_typed() -> None:
    def spoiled(value: object) -> object:
        if isinstance(value, dict):
            return {key: spoiled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return {"Ada": "Lovelace"}
        return ["Lovelace"]

    assert "Lovelace" not in reason(spoiled(a_payload()))


@pytest.mark.parametrize("status", list(BookingStatus))
def test_every_status_of_the_contract_is_read(status: BookingStatus) -> None:
    assert parsed(status=status.value).status is status


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-05T13:00:00Z", datetime(2026, 3, 5, 13, 0, tzinfo=UTC)),
        ("2026-03-05t13:00:00z", datetime(2026, 3, 5, 13, 0, tzinfo=UTC)),
        ("2026-03-05T18:30:00+05:30", datetime(2026, 3, 5, 13, 0, tzinfo=UTC)),
        ("2026-03-05T13:00:00.1234567Z", datetime(2026, 3, 5, 13, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-05T13:00Z", datetime(2026, 3, 5, 13, 0, tzinfo=UTC)),
        # The night of 25 October 2026 has 02:30 twice in Berlin, that of 29 March has none.
        ("2026-10-25T02:30:00+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-03-29T02:30:00+01:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_its_exact_instant_in_utc(text: str, expected: datetime) -> None:
    booking = parsed(start_at=text, end_at="2026-12-01T00:00:00Z")

    assert booking.start_at == expected
    assert booking.start_at.tzinfo is UTC


def test_a_meeting_may_be_empty_or_take_a_month() -> None:
    assert parsed(end_at=a_payload()["start_at"]).duration_minutes == 0
    assert parsed(end_at="2026-04-04T13:00:00Z").duration_minutes == 30 * 24 * 60


def test_numbers_are_read_where_that_is_harmless() -> None:
    booking = parsed(id=17, version="4", reschedule_count="2")

    assert (booking.id, booking.version, booking.reschedule_count) == ("17", 4, 2)


@pytest.mark.parametrize("booking_id", ["bk/1?x=%2e", "bk ключ 🔑", "x" * 200])
def test_a_booking_id_is_never_changed(booking_id: str) -> None:
    assert parsed(id=booking_id).id == booking_id


def test_control_characters_and_lone_surrogates_are_stripped_and_the_rest_is_kept() -> None:
    typed = "a\x00b\x1b[31mc\x7f\x85\ud800d\te\r\nf\rg e\u0301 \u00e9 שלום \u200d"
    kept = "ab[31mcd\te\nf\ng e\u0301 \u00e9 שלום \u200d"
    answers = [{"question_id": "q_1", "question": typed, "answer": answer} for answer in (typed, [typed])]
    booking = parsed(
        event={"id": "ev_1", "name": typed},
        description=typed,
        host={"name": typed, "email": typed},
        location={"value": typed},
        invitees=[an_invitee_payload(first_name=typed, answers=answers)],
    )

    assert {booking.event_name, booking.description, booking.host.name, booking.host.email} == {kept}
    assert booking.location == Location(value=kept)
    assert booking.invitees[0].first_name == kept
    assert booking.invitees[0].answers == (Answer("q_1", kept, kept), Answer("q_1", kept, (kept,)))


def test_the_first_of_two_invitees_with_the_same_id_is_kept() -> None:
    twice = [an_invitee_payload(), an_invitee_payload(id="in_2"), an_invitee_payload(name="Someone else")]

    assert parsed(invitees=twice).invitees == (an_invitee(), an_invitee(id="in_2"))


def test_an_invitee_who_cancelled_is_not_active() -> None:
    invitee = parsed(invitees=[an_invitee_payload(status="canceled", no_show=True)]).invitees[0]

    assert (invitee.is_active, invitee.is_no_show) == (False, True)


@pytest.mark.parametrize("before", ["", ".", ".."])
@pytest.mark.parametrize("letter", ["x", "e\u0301", "e\u0302\u0301", "👩\u200d🔬", "🇺🇦", "👍🏽"])
def test_an_overlong_name_is_cut_between_letters(before: str, letter: str) -> None:
    typed = before + letter * 2_000
    booking = parsed(event={"id": "ev_1", "name": typed}, host={"name": typed})

    assert booking.event_name == booking.host.name == before + letter * ((1_000 - len(before)) // len(letter))


def test_a_flood_of_combining_marks_does_not_eat_the_name() -> None:
    assert len(parsed(host={"name": "Ada" + "\u0301" * 5_000}).host.name or "") == 1_000


def test_tracking_is_read_in_one_order_whatever_order_it_was_sent_in() -> None:
    assert parsed(tracking={"b": "2", "c": None, "a": "1"}).tracking == (("a", "1"), ("b", "2"))


def test_answers_and_descriptions_are_kept_whole() -> None:
    assert parsed(description="x" * 100_000).description == "x" * 100_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), value=JSON)
def test_any_json_anywhere_in_a_booking_is_read_or_rejected_but_never_raises(
    data: st.DataObject, value: object
) -> None:
    payload = copy.deepcopy(a_payload(co_hosts=[a_payload()["host"]]))
    place: Any = payload
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    booking = parse_booking(payload)

    assert isinstance(booking, Reject) or load_booking(dump_booking(booking)) == booking


TEXT = st.text(max_size=8)  # no surrogates: a parsed booking holds none
MAYBE = st.none() | TEXT
DECADES = int(timedelta(days=36_500) / timedelta(microseconds=1))
TIME = st.integers(0, DECADES).map(lambda after: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=after))
PERSON = st.builds(Person, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE)
GIVEN = MAYBE | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(TEXT, max_size=3).map(tuple)
ANSWERS = st.lists(st.builds(Answer, TEXT, TEXT, GIVEN), max_size=3).map(tuple)
INVITEE = st.builds(Invitee, TEXT, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, st.booleans(), st.booleans(), ANSWERS)
BOOKING = st.builds(
    Booking,
    id=TEXT,
    workspace_id=TEXT,
    status=st.sampled_from(BookingStatus),
    version=st.integers(1, 2**63 - 1),
    event_id=TEXT,
    event_name=TEXT,
    start_at=TIME,
    end_at=TIME,
    host=PERSON,
    invitees=st.lists(INVITEE, max_size=3).map(tuple),
    created_at=TIME,
    updated_at=TIME,
    event_kind=MAYBE,
    time_zone=MAYBE,
    location=st.none() | st.builds(Location, MAYBE, MAYBE, MAYBE),
    description=MAYBE,
    co_hosts=st.lists(PERSON, max_size=2).map(tuple),
    guests=st.lists(TEXT, max_size=2).map(tuple),
    tracking=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    reschedule_count=st.integers(0, 9),
    rescheduled_from_id=MAYBE,
    rescheduled_to_id=MAYBE,
    canceled_by=MAYBE,
    cancel_reason=MAYBE,
)


@settings(max_examples=150, deadline=None)
@given(booking=BOOKING)
def test_a_staged_booking_is_loaded_as_it_was_dumped(booking: Booking) -> None:
    text = dump_booking(booking)
    loaded = load_booking(text)

    assert loaded == booking
    assert repr(loaded) == repr(booking)  # 1, 1.0 and True are equal, but not the same answer
    assert text.isascii()


def test_staged_text_leaves_out_what_is_empty() -> None:
    assert "rescheduled_to_id" not in json.loads(dump_booking(a_booking()))
    assert ": " not in dump_booking(a_booking(description=None))


def test_a_person_whose_name_is_left_out_is_read_like_one_without_a_name() -> None:
    payload = a_payload(host={"email": "hanna@acme.example"})
    booking = parse_booking(payload)
    assert isinstance(booking, Booking)
    assert booking.host.name is None

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from booking_sync.activity_body import NOTICE, activity_body
from booking_sync.model import Answer, Booking, Location, Person
from tests.activity_page import Page
from tests.builders import a_booking, an_invitee

LONGEST = 65_536


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def shown(booking: Booking) -> str:
    """Return what a reader sees, after the checks that hold for every body."""
    body = activity_body(booking)
    assert units(body) <= LONGEST
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", body)
    page = Page(body)
    assert all(re.match("https?://", link["href"] or "", re.IGNORECASE) for link in page.links)
    return page.text


def answered(*answers: object, **overrides: object) -> Booking:
    given_answers = tuple(Answer(f"q_{i}", f"Question {i}?", answer) for i, answer in enumerate(answers))  # type: ignore[arg-type]  # any kind of answer is meant
    return a_booking(invitees=(an_invitee(answers=given_answers, **overrides),))


def test_the_whole_body_of_a_booking() -> None:  # A4, Q1
    booking = a_booking(
        event_name="Intro <call>",
        co_hosts=(Person(name="Alan Turing", email="alan@calendar.example"), Person(first_name="Edsger")),
        invitees=(
            an_invitee(),
            an_invitee(id="in_2", name=None, email="bob@example.com", answers=(Answer("q_1", "Company?", None),)),
            an_invitee(id="in_3", name="Cancelled Person", is_active=False),
        ),
    )

    assert activity_body(booking) == (
        "<p><strong>Intro &lt;call&gt;</strong></p>"
        "<p><strong>Host:</strong> Grace Hopper (grace@calendar.example)"
        "<br><strong>Co-hosts:</strong> Alan Turing (alan@calendar.example), Edsger</p>"
        "<p><strong>Invitees:</strong></p><ul><li>Ada Lovelace (Ada@example.com)</li><li>bob@example.com</li></ul>"
        "<p><strong>When:</strong> Thursday, 5 March 2026, 14:00\N{EN DASH}14:30 (Europe/Berlin, UTC+01:00)"
        "<br>Thursday, 5 March 2026, 13:00\N{EN DASH}13:30 (UTC)"
        "<br><strong>Duration:</strong> 30 min"
        "<br><strong>Location:</strong> Zoom (video)"
        '<br><strong>Join:</strong> <a href="https://zoom.example/j/123?pwd=a&amp;b=c"'
        ' rel="noopener noreferrer nofollow">'
        "https://zoom.example/j/123?pwd=a&amp;b=c</a></p>"
        "<p><strong>Description:</strong><br>We look at your numbers.<br>Bring last month&#x27;s report.</p>"
        "<p><strong>Answers of Ada Lovelace (Ada@example.com):</strong></p><ul>"
        "<li><strong>Company?</strong><br>Analytical &amp; Sons</li>"
        "<li><strong>Topics?</strong><br>Pricing, Security</li>"
        "<li><strong>Customer already?</strong><br>No</li></ul>"
        "<p><strong>Answers of bob@example.com:</strong></p><ul>"
        "<li><strong>Company?</strong><br>(not answered)</li></ul>"
    )


def test_a_booking_with_nothing_optional_still_has_a_body() -> None:
    booking = a_booking(
        event_name="", host=Person(), invitees=(), location=None, description=None, time_zone=None, co_hosts=()
    )

    assert shown(booking).split("\n") == [
        "",
        "Host: (no name)",
        "When: Thursday, 5 March 2026, 13:00\N{EN DASH}13:30 (UTC)",
        "Duration: 30 min",
        "",
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (True, "Yes"),
        (False, "No"),
        (None, "(not answered)"),
        ("", "(not answered)"),
        (" \n", "(not answered)"),
        ((), "(not answered)"),
        (("", " "), "(not answered)"),
        (("Red", "", "Dark blue"), "Red, Dark blue"),
        (0, "0"),
        (5.0, "5"),
        (0.1, "0.1"),
        ("two\nlines", "two\nlines"),
        ("tab\there", "tab here"),
    ],
)
def test_an_answer_is_shown_in_words(answer: object, words: str) -> None:  # Q1
    assert f"Question 0?\n{words}\n" in shown(answered(answer))


def test_the_answers_keep_the_order_of_the_form() -> None:  # Q1
    text = shown(answered(*(f"answer {i}." for i in range(12))))

    positions = [text.index(f"Question {i}?\nanswer {i}.") for i in range(12)]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("start", "end", "zone", "when"),
    [
        # Berlin leaves summer time on 25 October 2026 at 01:00 UTC: 02:30 comes twice.
        (
            "2026-10-25T00:30Z",
            "2026-10-25T00:45Z",
            "Europe/Berlin",
            "25 October 2026, 02:30~02:45 (Europe/Berlin, UTC+02:00)",
        ),
        (
            "2026-10-25T01:30Z",
            "2026-10-25T01:45Z",
            "Europe/Berlin",
            "25 October 2026, 02:30~02:45 (Europe/Berlin, UTC+01:00)",
        ),
        (
            "2026-10-25T00:30Z",
            "2026-10-25T01:30Z",
            "Europe/Berlin",
            "25 October 2026, 02:30~02:30 (Europe/Berlin, UTC+02:00 to UTC+01:00)",
        ),
        # It enters summer time on 29 March 2026 at 01:00 UTC: there is no 02:30.
        (
            "2026-03-29T00:30Z",
            "2026-03-29T01:30Z",
            "Europe/Berlin",
            "29 March 2026, 01:30~03:30 (Europe/Berlin, UTC+01:00 to UTC+02:00)",
        ),
        ("2026-07-01T10:00Z", "2026-07-01T11:00Z", "Europe/Kyiv", "1 July 2026, 13:00~14:00 (Europe/Kyiv, UTC+03:00)"),
        ("2026-07-01T10:00Z", "2026-07-01T11:00Z", "Europe/Kiev", "1 July 2026, 13:00~14:00 (Europe/Kiev, UTC+03:00)"),
        (
            "2026-01-01T10:00Z",
            "2026-01-01T11:00Z",
            "Europe/London",
            "1 January 2026, 10:00~11:00 (Europe/London, UTC+00:00)",
        ),
        (
            "2026-12-31T22:30Z",
            "2026-12-31T23:30Z",
            "Asia/Kathmandu",
            "1 January 2027, 04:15~05:15 (Asia/Kathmandu, UTC+05:45)",
        ),
        (
            "2026-07-01T21:30Z",
            "2026-07-01T22:30Z",
            "Europe/Berlin",
            "1 July 2026, 23:30 ~ Thursday, 2 July 2026, 00:30 (Europe/Berlin, UTC+02:00)",
        ),
    ],
)
def test_the_time_is_shown_in_the_zone_of_the_invitee(start: str, end: str, zone: str, when: str) -> None:  # A4
    times = {"start_at": datetime.fromisoformat(start), "end_at": datetime.fromisoformat(end)}

    assert when.replace("~", "\N{EN DASH}") in shown(a_booking(time_zone=zone, **times))


def test_without_a_zone_of_the_booking_the_first_invitee_who_has_one_decides() -> None:
    invitees = (an_invitee(time_zone=None), an_invitee(id="in_2", time_zone="Asia/Tokyo"))

    assert "(Asia/Tokyo, UTC+09:00)" in shown(a_booking(time_zone=None, invitees=invitees))


@pytest.mark.parametrize(
    "zone",
    [
        *("Mars/Olympus", "Europe", "../../etc/passwd", "/etc/localtime", "localtime", "right/Europe/Berlin"),
        *("W. Europe Standard Time", "Ünï/Köde", "x" * 5_000),
    ],
)
def test_a_zone_that_is_not_known_is_shown_as_given_beside_utc(zone: str) -> None:
    text = shown(a_booking(time_zone=zone, start_at=datetime(2026, 3, 5, 13, tzinfo=UTC)))

    if zone != "Europe/Berlin\x00":  # without the control character it is known
        assert (
            f"When: Thursday, 5 March 2026, 13:00\N{EN DASH}13:30 (UTC)\nTime zone as given (not known): {zone}" in text
        )


def test_a_zone_that_is_utc_is_not_shown_twice() -> None:
    assert shown(a_booking(time_zone="Etc/UTC")).count("13:00") == 1


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("phone", "+49 30 1234"), "Location: +49 30 1234 (phone)\n"),
        (Location("address"), "Location: address\n"),
        (Location("video", "Join me", "not a link"), "Location: Join me (video)\nJoin: not a link\n"),
        (Location("video", "said twice", "said twice"), "Location: video\nJoin: said twice\n"),
        (Location("custom", "At\nthe fountain"), "Location: At\nthe fountain\n"),
        (Location("video", None, "javascript:alert(1)"), "Location: video\nJoin: javascript:alert(1)\n"),
        (Location("custom", "http://169.254.169.254/"), "Location: http://169.254.169.254/\n"),
        (Location(None, None, 'https://x.example/"onclick="'), 'Join: https://x.example/"onclick="\n'),
    ],
)
def test_a_location_is_text(location: Location, text: str) -> None:  # A4
    booking = a_booking(location=location)

    assert text in shown(booking)
    assert Page(activity_body(booking)).links == []


def test_a_web_address_to_join_is_a_link_that_gives_nothing_away() -> None:
    address = "HTTPS://zoom.example/j/1?a='&b=<"
    assert Page(activity_body(a_booking(location=Location("video", None, address)))).links == []

    page = Page(activity_body(a_booking(location=Location("video", None, address[:-1]))))
    assert page.links == [{"href": address[:-1], "rel": "noopener noreferrer nofollow"}]


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</p></li></ul></strong>" * 50,
        "<!-- ",
        "]]><![CDATA[",
        "<style>p{display:none}</style>",
        "&lt;b&gt; &#60; &amp;",
        "\" onclick='x'",
        "{{ conn.hubspot_default.password }} %s ${HOME} {0}",
    ],
)
def test_what_people_type_is_shown_as_they_typed_it(attack: str) -> None:  # A4
    booking = a_booking(
        event_name=attack,
        description=attack,
        time_zone=attack,
        host=Person(name=attack),
        location=Location(attack, attack),
        invitees=(an_invitee(name=attack, answers=(Answer("q", attack, attack), Answer("q", attack, (attack,)))),),
    )

    assert shown(booking).count(attack.strip()) >= 9


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_no_text_can_turn_the_direction_of_what_follows(control: str) -> None:  # A4
    booking = a_booking(event_name=f"a{control}b", description=f"c{control}d", host=Person(name=f"e{control}f"))
    text = shown(booking)

    assert ("ab" in text, "cd" in text, "ef" in text) == (True, True, True)
    assert control not in text


def test_an_overlong_description_is_cut_with_a_notice_and_the_answers_stay() -> None:  # A4
    text = shown(a_booking(description="<" * 70_000))

    assert "<…\nAnswers:\nCompany?\nAnalytical & Sons\n" in text
    assert text.endswith(f"{NOTICE}\n")
    assert text.count("<") > 16_000


def test_overlong_texts_share_the_space_evenly() -> None:  # A4
    booking = answered("a" * 70_000, "short", "b" * 700_000)
    text = shown(replace(booking, description="c" * 70_000))

    assert "Question 1?\nshort\n" in text
    assert [text.count(letter * 21_000) for letter in "abc"] == [1, 1, 1]


def test_a_body_that_just_fits_is_not_cut() -> None:  # A4
    room = LONGEST - units(activity_body(a_booking(description="x"))) + 1
    exact, over = a_booking(description="x" * room), a_booking(description="x" * (room + 1))

    assert units(activity_body(exact)) == LONGEST
    assert NOTICE not in shown(exact)
    assert NOTICE in shown(over)


@pytest.mark.parametrize("letter", ["x", "&", "'", "\n", "é", "😀", "e\u0301", "🇺🇦", "👩\u200d🔬"])
def test_a_cut_never_tears_a_letter_or_an_entity(letter: str) -> None:  # A4
    description = ("." + letter * 70_000).replace(".\n", ".")
    text = shown(a_booking(description=description + "."))
    kept = text.split("Description:\n.")[1].split("…")[0]

    assert kept == letter * (len(kept) // len(letter))
    assert kept or letter == "\n"


def test_a_group_of_five_hundred_fits_with_what_was_left_out_counted() -> None:  # A4
    answers = tuple(Answer(f"q_{i}", f"Question {i}?", f"Answer {i}" * 9) for i in range(20))
    crowd = tuple(an_invitee(id=str(i), name=f"Person {i}", email=None, answers=answers) for i in range(500))
    text = shown(a_booking(invitees=crowd, co_hosts=tuple(Person(name=f"Host {i}") for i in range(500))))

    listed = len(set(re.findall(r"^Person \d+$", text, re.MULTILINE)))
    assert listed > 100
    assert f"\n… and {500 - listed} more\n" in text
    assert re.search(r"\n… and 9\d\d\d more\n", text)
    assert "Answers of Person 0:\nQuestion 0?\nAnswer 0" in text
    assert text.endswith(f"{NOTICE}\n")


ODD = st.sampled_from(
    ["<script>", "</p>", "&amp;", "&#0;", "<!--", "\x00", "\ud800", "\u202e", "'\"", "\r\n", "e\u0301", "😀"]
)
TYPED = st.builds(
    lambda parts, times: "".join(parts) * times,
    st.lists(ODD | st.text(st.characters(codec=None), max_size=5), max_size=4),
    st.sampled_from([1, 1, 1, 3_000, 30_000]),
)
MAYBE = st.none() | TYPED
PERSON = st.builds(Person, name=MAYBE, first_name=MAYBE, last_name=MAYBE, email=MAYBE)
ANSWER = st.builds(Answer, TYPED, TYPED, MAYBE | st.booleans() | st.lists(TYPED, max_size=3).map(tuple))


@settings(max_examples=100, deadline=None)
@given(
    booking=st.builds(
        a_booking,
        event_name=TYPED,
        description=MAYBE,
        time_zone=MAYBE,
        host=PERSON,
        co_hosts=st.lists(PERSON, max_size=2).map(tuple),
        location=st.builds(Location, MAYBE, MAYBE, MAYBE | TYPED.map(lambda rest: f"https://{rest}")),
        invitees=st.lists(
            st.builds(an_invitee, name=MAYBE, email=MAYBE, answers=st.lists(ANSWER, max_size=3).map(tuple)), max_size=3
        ).map(tuple),
    )
)
@example(booking=a_booking(description="\x00\u202e<" * 70_000, event_name="\ud800" * 70_000))
def test_any_text_in_any_field_gives_a_body_that_is_safe_balanced_and_fits(booking: Booking) -> None:  # A4
    assert "When:" in shown(booking)

"""Answers as properties of a new contact: which property, under which name, in which form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sync.answers import LONGEST_LABEL, Target, answer_property_name, fitting, wishes_of
from booking_sync.integration_settings import DEFAULT_SETTINGS, IntegrationSettings, check_settings
from booking_sync.model import Answer
from tests.builders import a_booking, an_invitee

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")  # HubSpot docs, properties: internal names
ANSWERS = (Answer("q_1", "Company?", "Acme"), Answer("q_2", "Topics?", ("Pricing", "Security")))
CHOICES = Target("enumeration", (("pricing", "price"), ("security", "sec")))
SEVERAL = Target("enumeration", CHOICES.options, takes_several=True)
values = st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text()).map(tuple))


def wished(settings: IntegrationSettings = DEFAULT_SETTINGS, answers: tuple[Answer, ...] = ANSWERS) -> dict[str, Any]:
    booking = a_booking(tracking=(("utm_source", "newsletter"), ("utm_term", "  ")))
    wishes = wishes_of(an_invitee(answers=answers), booking, settings)
    return {wish.property_name: (wish.label, wish.value) for wish in wishes}


def test_every_question_has_a_property_of_its_own_labelled_with_its_text() -> None:
    name_1, name_2 = (answer_property_name("ws_01HV", question) for question in ("q_1", "q_2"))
    assert wished() == {name_1: ("Company?", "Acme"), name_2: ("Topics?", ("Pricing", "Security"))}  # Q2


def test_the_name_stays_the_same_while_the_text_is_edited() -> None:
    edited = (Answer("q_1", "Your employer?", "Acme"),)
    assert wished(answers=edited).keys() == wished(answers=ANSWERS[:1]).keys()  # Q2


@given(st.text(), st.text())
def test_every_id_makes_a_name_that_hubspot_takes(workspace_id: str, question_id: str) -> None:
    assert NAME.fullmatch(answer_property_name(workspace_id, question_id))


def test_questions_of_two_workspaces_do_not_share_a_property() -> None:
    assert answer_property_name("ws_1", "q_1") != answer_property_name("ws_2", "q_1")
    assert answer_property_name("ws_1", "q_1") != answer_property_name("ws", "_1q_1")


def test_the_settings_name_another_property_or_none() -> None:
    settings = check_settings({"question_properties": {"q_1": "company", "q_2": None}})
    assert wished(settings) == {"company": (None, "Acme")}  # Q2


def test_utm_values_go_only_where_the_settings_say() -> None:
    settings = check_settings({"utm_properties": {"utm_source": "lead_source", "utm_term": "term"}})
    assert wished(settings, ()) == {"lead_source": (None, "newsletter")}


def test_of_two_answers_for_one_property_the_first_counts() -> None:
    settings = check_settings({"question_properties": {"q_1": "company", "q_2": "company"}})
    assert wished(settings) == {"company": (None, "Acme")}


@pytest.mark.parametrize("answer", [None, "", "  ", (), ("", " ")])
def test_what_was_not_answered_is_left_out(answer: Any) -> None:
    assert wished(answers=(Answer("q_1", "Company?", answer),)) == {}


@pytest.mark.parametrize(("question", "label"), [("  ", "Question without text"), ("x" * 999, "x" * LONGEST_LABEL)])
def test_a_label_is_never_empty_nor_endless(question: str, label: str) -> None:
    ((found, _),) = wished(answers=(Answer("q_1", question, "Acme"),)).values()
    assert found == label


@pytest.mark.parametrize(
    ("value", "target", "fits"),
    [
        (("Pricing", "Security"), Target("string"), "Pricing, Security"),
        (True, Target("string"), "Yes"),
        (3.0, Target("string"), "3"),
        (12, Target("number"), "12"),
        ("-12.5", Target("number"), "-12.5"),
        ("12 people", Target("number"), None),
        ("1.2.3", Target("number"), None),
        ("٣", Target("number"), None),
        (True, Target("number"), None),
        ("inf", Target("number"), None),
        (False, Target("bool"), "false"),
        ("YES", Target("bool"), "true"),
        ("perhaps", Target("bool"), None),
        ("Pricing", CHOICES, "price"),
        ("price", CHOICES, "price"),
        (("security",), CHOICES, "sec"),
        (("Pricing", "Security"), CHOICES, None),
        (("Pricing", "Security", "Pricing"), SEVERAL, "price;sec"),
        (("Pricing", "Other"), SEVERAL, None),
        ((), SEVERAL, None),
        ("2026-03-05", Target("date"), None),
    ],
)
def test_an_answer_takes_the_form_of_the_property_or_is_left_out(value: Any, target: Target, fits: str | None) -> None:
    assert fitting(value, target) == fits


@given(values, st.sampled_from(["string", "number", "bool", "enumeration", "date", "phone_number"]))
def test_whatever_was_answered_fits_or_is_left_out(value: Any, kind: str) -> None:
    found = fitting(value, Target(kind, CHOICES.options, takes_several=True))
    assert found is None or len(found) <= 65_536
    if kind == "number" and found is not None:
        float(found)

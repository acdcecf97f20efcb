"""The settings of an integration: what is accepted, what is refused and in which words, and what a form shows of it."""

from __future__ import annotations

from typing import Any

import pytest

from booking_sync.errors import IntegrationUnavailable, InvalidSettings
from booking_sync.integration_settings import (
    DEFAULT_SETTINGS,
    GuestPolicy,
    IntegrationSettings,
    ReschedulePolicy,
    check_settings,
    read_settings,
)
from booking_sync.settings_form import FieldKind, form_fields


def test_the_defaults_are_those_of_the_reference_page() -> None:
    assert check_settings({}) == DEFAULT_SETTINGS
    assert DEFAULT_SETTINGS.guests is GuestPolicy.IGNORE  # C7
    assert DEFAULT_SETTINGS.reschedule_policy is ReschedulePolicy.RECREATE  # R1, R6
    assert DEFAULT_SETTINGS.activity_type is None  # A5
    assert not DEFAULT_SETTINGS.mark_completed  # A8


@pytest.mark.parametrize(
    ("given", "setting", "says"),
    [
        ({"guests": "invite"}, "guests", "ignore"),
        ({"mark_completed": "yes"}, "mark_completed", "boolean"),
        ({"question_properties": {"q_1": "Job Title"}}, "question_properties", "q_1"),
        ({"question_properties": {"q_1": "email"}}, "", "email"),
        ({"utm_properties": {"utm_size": "source"}}, "utm_properties", "utm_size"),
        ({"events_include": [""]}, "events_include", "at least 1"),
        ({"events_exclude": "ev_1"}, "events_exclude", "tuple"),
        ({"reschedule": "update"}, "reschedule", "not permitted"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(given: dict[str, Any], setting: str, says: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        check_settings(given)
    assert list(refused.value.problems) == [setting]
    assert says in refused.value.problems[setting]


def test_what_an_older_version_has_stored_is_read_with_defaults() -> None:
    assert read_settings({}) == DEFAULT_SETTINGS
    assert read_settings({"guests": "create", "of_a_newer_version": 1}).guests is GuestPolicy.CREATE


def test_what_nobody_has_written_is_not_guessed() -> None:
    with pytest.raises(IntegrationUnavailable, match="save them again"):
        read_settings({"events_exclude": "ev_1"})


def test_what_is_stored_is_read_back_as_it_was() -> None:
    settings = check_settings(
        {
            "guests": "associate",
            "question_properties": {"q_1": "company", "q_2": None},
            "utm_properties": {"utm_source": "lead_source"},
            "events_include": ["ev_1"],
        }
    )
    assert read_settings(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("include", "exclude", "is_taken"),
    [
        ([], [], True),
        (["ev_1"], [], True),
        (["intro  CALL"], [], True),
        (["ev_2"], [], False),
        ([], ["ev_1"], False),
        ([], ["Intro call"], False),
        (["ev_1"], ["Intro call"], False),
        ([], ["EV_1"], True),
    ],
)
def test_an_event_is_named_by_its_id_or_its_name(include: list[str], exclude: list[str], *, is_taken: bool) -> None:
    settings = check_settings({"events_include": include, "events_exclude": exclude})
    assert settings.takes_event("ev_1", "Intro call") is is_taken


def test_the_form_explains_every_setting() -> None:
    fields = form_fields()
    assert [field.name for field in fields] == list(IntegrationSettings.model_fields)
    assert all(field.title and field.help.endswith(".") for field in fields)
    assert check_settings({field.name: field.default for field in fields}) == DEFAULT_SETTINGS


@pytest.mark.parametrize("field", [field for field in form_fields() if field.kind is FieldKind.CHOICE])
def test_every_choice_of_the_form_is_accepted(field: Any) -> None:
    taken = {getattr(check_settings({field.name: value}), field.name) for value in field.choices}
    assert len(taken) == len(field.choices)
    assert field.default in field.choices

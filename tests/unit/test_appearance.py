"""What a change changes, field by field, and what of it is never kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from booking_sync.appearance import (
    Appearance,
    Difference,
    ShownField,
    appearance_of,
    differences,
    dump_appearance,
    load_appearance,
)
from booking_sync.model import Location, Person
from booking_sync.states import ActivityOutcome, Operation
from tests.builders import a_booking

SCHEDULED, CANCELED = ActivityOutcome.SCHEDULED, ActivityOutcome.CANCELED
BOOKING = a_booking()
LATER = replace(BOOKING, start_at=BOOKING.start_at + timedelta(hours=1), end_at=BOOKING.end_at + timedelta(hours=1))


def changed(operation: Operation = Operation.UPDATE, outcome: ActivityOutcome = SCHEDULED, **fields: Any) -> list[str]:
    after = appearance_of(replace(BOOKING, **fields))
    found = differences(operation, appearance_of(BOOKING), after, outcome_before=SCHEDULED, outcome=outcome)
    return [one.name.value for one in found]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, []),
        ({"event_name": "Demo"}, ["title"]),
        ({"start_at": LATER.start_at, "end_at": LATER.end_at}, ["start", "end"]),
        ({"host": Person(id="u_9", name="Grace Host")}, ["host"]),
        ({"location": Location("physical", "1 Long Street")}, ["place"]),
        ({"description": "Bring the contract"}, ["description"]),
        ({"invitees": ()}, ["invitees", "answers"]),
        ({"guests": ("guest@example.com",)}, ["guests"]),
    ],
)
def test_only_what_differs_is_told(fields: dict[str, Any], names: list[str]) -> None:
    assert changed(**fields) == names


def test_a_new_activity_shows_everything_and_had_nothing() -> None:
    found = differences(Operation.CREATE, None, appearance_of(BOOKING), outcome_before=None, outcome=SCHEDULED)

    assert [one.name.value for one in found] == ["title", "start", "end", "host", "outcome"]
    assert {one.old for one in found} == {""}


def test_a_cancellation_writes_title_and_outcome_and_nothing_else() -> None:  # X1
    found = differences(
        Operation.CANCEL, appearance_of(BOOKING), appearance_of(LATER), outcome_before=SCHEDULED, outcome=CANCELED
    )

    assert found == (
        Difference(
            ShownField.TITLE, f"Meeting - Calendar.com: {BOOKING.event_name}", f"[Canceled] {BOOKING.event_name}"
        ),
        Difference(ShownField.OUTCOME, "SCHEDULED", "CANCELED"),
    )


def test_a_mark_writes_the_outcome_alone() -> None:  # A8
    assert changed(Operation.MARK, ActivityOutcome.NO_SHOW, event_name="Demo") == ["outcome"]


def test_times_are_told_in_utc_and_say_so() -> None:
    found = differences(
        Operation.RECREATE, appearance_of(BOOKING), appearance_of(LATER), outcome_before=SCHEDULED, outcome=SCHEDULED
    )

    assert all(one.old.endswith(" UTC") and one.new.endswith(" UTC") for one in found)


def test_where_only_the_times_were_recorded_the_rest_counts_as_unknown() -> None:
    before = Appearance(BOOKING.start_at, BOOKING.end_at)

    found = differences(Operation.UPDATE, before, appearance_of(BOOKING), outcome_before=SCHEDULED, outcome=SCHEDULED)

    assert [(one.name.value, one.old) for one in found] == [("title", ""), ("host", "")]


def test_what_is_kept_comes_back_and_holds_nothing_of_an_invitee() -> None:
    booking = replace(
        BOOKING, location=Location("phone", "+49 30 1234567"), description="for Ada", guests=("guest@example.com",)
    )
    text = dump_appearance(appearance_of(booking))

    assert load_appearance(text) == appearance_of(booking)
    for personal in ("Ada", "Lovelace", "example.com", "1234567", "guest@"):
        assert personal not in text

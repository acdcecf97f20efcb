"""The trigger form, which Airflow does not validate for us."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from booking_sync.errors import InvalidRequest
from booking_sync.request import RunRequest, parse_request, refuse_in_backfill, refuse_window


def test_an_empty_form_asks_for_nothing_special() -> None:
    assert parse_request({}) == RunRequest()
    empty = {"window_start": None, "window_end": "", "workspaces": [], "booking_ids": None}
    assert parse_request(empty) == RunRequest()


def test_a_whole_form_is_read() -> None:
    request = parse_request(
        {
            "window_start": "2026-03-01T09:00:00+01:00",
            "window_end": "2026-03-02T09:00:00",
            "workspaces": ["ws_1", "ws_2"],
            "dry_run": True,
        }
    )
    assert request.window_start == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert request.window_end == datetime(2026, 3, 2, 9, tzinfo=UTC)  # without a zone it is UTC, as the form says
    assert request.workspaces == ("ws_1", "ws_2")
    assert request.dry_run is True


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        ({"dryrun": True}, "'dryrun' is not a field of this form: did you mean 'dry_run'?"),
        ({"window": "x"}, "'window' is not a field of this form"),
        ({"completely_else": 1}, "known are window_start, window_end, workspaces, booking_ids, dry_run"),
        ({"dry_run": "yes"}, "dry_run: give true or false"),
        ({"dry_run": 1}, "dry_run: give true or false"),
        ({"dry_run": ""}, "dry_run: give true or false"),
        ({"window_start": "yesterday"}, "window_start: give a date and time such as 2026-"),
        ({"window_start": 1_793_000_000}, "window_start: give a date and time such as 2026-"),
        ({"window_end": "2026-03-01"}, "window_end needs window_start"),
        (
            {"window_start": "2026-03-02T00:00:00Z", "window_end": "2026-03-01T00:00:00Z"},
            "window_start must be before window_end",
        ),
        (
            {"window_start": "2026-03-01T00:00:00Z", "window_end": "2026-03-01T00:00:00Z"},
            "window_start must be before window_end",
        ),
        (
            {"window_start": "2024-01-01T00:00:00Z", "window_end": "2026-01-01T00:00:00Z"},
            "the window may span 400 days at most",
        ),
        ({"window_start": "2026-03-01T00:00:00Z", "booking_ids": ["bk_1"]}, "give a window or booking_ids, not both"),
        ({"booking_ids": ["x" * 201]}, "booking_ids.0: is too long, at most 200 characters"),
        ({"booking_ids": ["bk_1", " "]}, "booking_ids.1: is empty"),
        ({"booking_ids": [7]}, "booking_ids.0: give text"),
        ({"workspaces": "ws_1"}, 'workspaces: give a list, such as ["ws_1", "ws_2"]'),
        ({"booking_ids": [f"bk_{number}" for number in range(1_001)]}, "booking_ids: give at most 1000"),
        ({"approve_plan": "9f86"}, "approve_plan: give the checksum of a refused plan: 16 hexadecimal digits"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(conf: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_request(conf)
    assert sentence in str(refusal.value)


def test_ids_are_taken_as_people_type_them() -> None:
    assert parse_request({"workspaces": [" ws_1", "ws_1 ", "ws_2"]}).workspaces == ("ws_1", "ws_2")


NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        ({"window_start": "2026-03-01T00:00:00Z"}, "window_start lies in the future: it is 2026-03-01T00:00:00Z now"),
        ({"window_start": "2025-01-01T00:00:00Z"}, "The window may span 400 days at most; give a window_end"),
    ],
)
def test_a_window_that_makes_no_sense_now_is_refused(conf: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        refuse_window(parse_request(conf), NOW)
    assert sentence in str(refusal.value)


def test_a_window_that_reaches_beyond_now_is_none_too_long() -> None:
    refuse_window(parse_request({"window_start": "2026-02-28T00:00:00Z", "window_end": "2027-03-01T00:00:00Z"}), NOW)


@pytest.mark.parametrize(
    "conf", [{"window_start": "2026-02-01T00:00:00Z"}, {"booking_ids": ["bk_1"]}, {"approve_plan": "0123456789abcdef"}]
)
def test_a_backfill_takes_nothing_that_every_run_of_it_would_repeat(conf: dict[str, Any]) -> None:
    refuse_in_backfill(parse_request({"workspaces": ["ws_1"], "dry_run": True}))
    with pytest.raises(InvalidRequest, match=f"{next(iter(conf))}: leave empty in a backfill"):
        refuse_in_backfill(parse_request(conf))


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_request({"dryrun": True, "window_start": "never"})
    assert "dryrun" in str(refusal.value)
    assert "window_start" in str(refusal.value)

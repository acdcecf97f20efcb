"""The trigger form, which Airflow does not validate for us."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from booking_sync.errors import InvalidRequest
from booking_sync.request import RunRequest, parse_request


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
        ({"dry_run": "yes"}, "dry_run: "),
        ({"dry_run": 1}, "dry_run: "),
        ({"window_start": "yesterday"}, "window_start: "),
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
        ({"booking_ids": ["x" * 201]}, "booking_ids.0: "),
        ({"workspaces": "ws_1"}, "workspaces: "),
        ({"booking_ids": [f"bk_{number}" for number in range(1_001)]}, "booking_ids: "),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(conf: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_request(conf)
    assert sentence in str(refusal.value)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_request({"dryrun": True, "window_start": "never"})
    assert "dryrun" in str(refusal.value)
    assert "window_start" in str(refusal.value)

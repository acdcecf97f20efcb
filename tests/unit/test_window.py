"""Which span of time a run covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from booking_sync.request import RunRequest
from booking_sync.window import (
    BACKFILL,
    MANUAL,
    RunTrigger,
    Window,
    advanced_watermark,
    first_connected_at,
    window_for,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OVERLAP = timedelta(minutes=15)
CONNECTED = NOON - 100 * HOUR
ANYTHING = RunRequest()


def trigger(run_type: str, interval: Window | None = None) -> RunTrigger:
    return RunTrigger("calendar_hubspot_sync", "run", run_type, "ada", interval)


def window(
    run: RunTrigger,
    request: RunRequest = ANYTHING,
    *,
    watermark: datetime = NOON - 2 * HOUR,
    connected_at: datetime = CONNECTED,
    now: datetime = NOON,
) -> Window:
    return window_for(
        run,
        request,
        connected_at=connected_at,
        watermark=watermark,
        overlap_seconds=OVERLAP.total_seconds(),
        now=now,
    )


def test_a_scheduled_run_that_follows_the_last_one_reaches_back_by_the_overlap() -> None:
    interval = Window(NOON - 2 * HOUR, NOON - HOUR)
    assert window(trigger("scheduled", interval)) == Window(NOON - 2 * HOUR - OVERLAP, NOON - HOUR)  # W1


def test_a_scheduled_run_after_a_gap_begins_where_the_record_ends() -> None:
    interval = Window(NOON - HOUR, NOON)
    found = window(trigger("scheduled", interval), watermark=NOON - 30 * HOUR)
    assert found == Window(NOON - 30 * HOUR - OVERLAP, NOON)  # W1


def test_a_scheduled_run_that_comes_late_still_covers_its_interval() -> None:
    interval = Window(NOON - 5 * HOUR, NOON - 4 * HOUR)
    assert window(trigger("scheduled", interval)) == Window(NOON - 5 * HOUR - OVERLAP, NOON - 4 * HOUR)  # W1


def test_what_has_not_happened_yet_is_not_covered() -> None:
    interval = Window(NOON - HOUR, NOON + HOUR)
    assert window(trigger("scheduled", interval)).end == NOON
    assert window(trigger(BACKFILL, interval)).end == NOON
    assert window(trigger(MANUAL), RunRequest(window_start=NOON - HOUR, window_end=NOON + HOUR)).end == NOON


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered", MANUAL])
def test_nothing_from_before_the_connection_is_passed_on_by_itself(run_type: str) -> None:
    interval = None if run_type == MANUAL else Window(NOON - HOUR, NOON)
    found = window(trigger(run_type, interval), connected_at=NOON - HOUR / 2, watermark=NOON - HOUR / 2)
    assert found == Window(NOON - HOUR / 2, NOON)  # K5


def test_a_scheduled_interval_that_ends_before_the_connection_is_empty() -> None:
    interval = Window(NOON - 3 * HOUR, NOON - 2 * HOUR)
    found = window(trigger("scheduled", interval), connected_at=NOON - HOUR, watermark=NOON - HOUR)
    assert found.is_empty  # K5


def test_a_backfill_covers_exactly_its_interval_even_before_the_connection() -> None:
    interval = Window(CONNECTED - 48 * HOUR, CONNECTED - 24 * HOUR)
    assert window(trigger(BACKFILL, interval)) == interval  # W1, K5


@pytest.mark.parametrize("interval", [None, Window(NOON, NOON)])
def test_a_manual_run_covers_the_time_since_the_record_whatever_its_interval(interval: Window | None) -> None:
    assert window(trigger(MANUAL, interval)) == Window(NOON - 2 * HOUR - OVERLAP, NOON)  # W1


def test_a_run_whose_interval_airflow_left_out_covers_the_time_since_the_record() -> None:
    assert window(trigger("scheduled")) == Window(NOON - 2 * HOUR - OVERLAP, NOON)


def test_what_the_form_says_counts_as_it_stands() -> None:
    request = RunRequest(window_start=CONNECTED - HOUR, window_end=CONNECTED)
    for run in (trigger(MANUAL), trigger("scheduled", Window(NOON - HOUR, NOON)), trigger(BACKFILL)):
        assert window(run, request) == Window(CONNECTED - HOUR, CONNECTED)  # W1
    assert window(trigger(MANUAL), RunRequest(window_start=CONNECTED)) == Window(CONNECTED, NOON)


def test_a_window_of_no_length_is_empty() -> None:
    assert Window(NOON, NOON).is_empty
    assert Window(NOON, NOON - HOUR).is_empty
    assert not Window(NOON, NOON + timedelta(microseconds=1)).is_empty


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (Window(NOON - HOUR, NOON + HOUR), NOON + HOUR),
        (Window(NOON, NOON + HOUR), NOON + HOUR),
        (Window(NOON + timedelta(microseconds=1), NOON + HOUR), NOON),
        (Window(NOON - 2 * HOUR, NOON - HOUR), NOON),
    ],
)
def test_the_watermark_moves_only_where_no_gap_lies_between(recorded: Window, expected: datetime) -> None:
    assert advanced_watermark(NOON, recorded) == expected  # W1


def test_the_first_run_says_from_when_on_a_workspace_is_connected() -> None:
    interval = Window(NOON - HOUR, NOON)

    def first(run: RunTrigger, request: RunRequest = ANYTHING) -> datetime:
        return first_connected_at(run, request, now=NOON, lookback_seconds=3600)

    assert first(trigger("scheduled", interval)) == NOON - HOUR  # K5
    assert first(trigger(MANUAL)) == NOON - HOUR
    assert first(trigger(BACKFILL, interval)) == NOON
    assert first(trigger(MANUAL), RunRequest(window_start=CONNECTED)) == NOON
    assert first(trigger(MANUAL), RunRequest(booking_ids=("bk_1",))) == NOON

"""Which plans are refused: the limits, exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sync import approval
from booking_sync.guard import (
    DEFAULT_LIMITS,
    PlanFigures,
    RefusalKind,
    WindowRead,
    is_comparable,
    refuse_plan,
    refuse_source,
)
from booking_sync.settings import Settings
from booking_sync.window import Window
from booking_sync_airflow import identity

COUNTS = st.integers(0, 5_000)


def kinds(figures: PlanFigures) -> set[RefusalKind]:
    return {refusal.kind for refusal in refuse_plan(figures, DEFAULT_LIMITS)}


def test_the_settings_have_the_limits_of_the_guard_as_defaults() -> None:
    assert Settings().guard_limits == DEFAULT_LIMITS
    changed = Settings.from_environment({"BOOKING_SYNC_GUARD_CANCELS_PERCENT": "50"})
    assert changed.guard_limits == replace(DEFAULT_LIMITS, cancels_percent=50)


def test_the_command_that_approves_names_the_dag_that_exists() -> None:
    assert approval.SYNC_DAG_ID == identity.SYNC_DAG_ID


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (PlanFigures(live=10, cancels=3), set()),
        (PlanFigures(live=10, cancels=4), {RefusalKind.CANCELS}),
        (PlanFigures(live=9, cancels=9, recreates=9, archives=9), set()),
        (PlanFigures(live=10, recreates=3), set()),
        (PlanFigures(live=10, recreates=4), {RefusalKind.RECREATES}),
        (PlanFigures(live=10, archives=1), set()),
        (PlanFigures(live=10, archives=2), {RefusalKind.ARCHIVES}),
        (PlanFigures(live=5_000, archives=200), set()),
        (PlanFigures(live=5_000, archives=201), {RefusalKind.ARCHIVES}),
        (PlanFigures(live=0, archives=201), {RefusalKind.ARCHIVES}),
        (PlanFigures(live=100, creates=5_000), set()),
        (PlanFigures(live=10, cancels=4, recreates=4), {RefusalKind.CANCELS, RefusalKind.RECREATES}),
        (PlanFigures(live=0, creates=10, markers_found=1, markers_sought=10), {RefusalKind.CREATES}),
        (PlanFigures(live=0, creates=9, markers_found=9, markers_sought=9), set()),
        (PlanFigures(live=0, creates=5_000), set()),
    ],
)
def test_a_figure_at_its_limit_passes_and_one_more_does_not(figures: PlanFigures, expected: set[RefusalKind]) -> None:
    assert kinds(figures) == expected  # W5


@given(live=COUNTS, cancels=COUNTS, recreates=COUNTS, archives=COUNTS)
def test_the_limits_hold_for_any_figures(live: int, cancels: int, recreates: int, archives: int) -> None:
    figures = PlanFigures(live=live, cancels=cancels, recreates=recreates, archives=archives)
    expected = set()
    if live >= 10 and 10 * cancels > 3 * live:
        expected.add(RefusalKind.CANCELS)
    if live >= 10 and 10 * recreates > 3 * live:
        expected.add(RefusalKind.RECREATES)
    if archives > 200 or (live >= 10 and 10 * archives > live):
        expected.add(RefusalKind.ARCHIVES)
    assert kinds(figures) == expected  # W5


@given(live=st.integers(10, 5_000), cancels=COUNTS)
def test_every_refusal_says_its_numbers(live: int, cancels: int) -> None:
    for refusal in refuse_plan(PlanFigures(live=live, cancels=cancels), DEFAULT_LIMITS):
        assert f"{cancels} of {live} live activities" in refusal.sentence
        assert f"30 % ({3 * live // 10})" in refusal.sentence


def test_a_percentage_of_a_hundred_switches_a_check_off() -> None:
    limits = replace(DEFAULT_LIMITS, cancels_percent=100)
    assert refuse_plan(PlanFigures(live=10, cancels=10), limits) == ()


# --- what Calendar.com returns ----------------------------------------------------------------------------------------

FRIDAY = datetime(2026, 3, 6, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
LATER = FRIDAY + 20 * DAY


def read(start: datetime, length: timedelta, count: int = 40, *, read_at: datetime = LATER) -> WindowRead:
    return WindowRead(Window(start, start + length), count, read_at)


@pytest.mark.parametrize(
    ("before", "now", "is_refused"),
    [(40, 20, False), (40, 19, True), (20, 0, True), (19, 0, False), (41, 20, True), (40, 400, False)],
)
def test_half_of_what_came_before_passes_and_less_does_not(before: int, now: int, *, is_refused: bool) -> None:
    refusal = refuse_source(read(FRIDAY, DAY, now), read(FRIDAY - WEEK, DAY, before), DEFAULT_LIMITS)
    assert (refusal is not None) is is_refused  # W5
    if refusal is not None:
        assert f"returned {now} bookings, and {before} for the window of 2026-02-27" in refusal.sentence


def test_without_an_earlier_window_nothing_is_refused() -> None:
    assert refuse_source(read(FRIDAY, DAY, 0), None, DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    ("earlier", "now", "expected"),
    [
        (read(FRIDAY - WEEK, DAY), read(FRIDAY, DAY), True),
        (read(FRIDAY + WEEK, DAY), read(FRIDAY, DAY), True),
        (read(FRIDAY, DAY), read(FRIDAY + DAY, DAY), False),  # a Saturday says nothing about a Friday
        (read(FRIDAY, DAY), read(FRIDAY, DAY), False),  # what was in it may have changed since, and left it
        (read(FRIDAY - WEEK, 2 * DAY), read(FRIDAY, DAY), False),
        (read(FRIDAY - WEEK, DAY / 2), read(FRIDAY, DAY / 2), False),
        (read(FRIDAY, DAY, read_at=FRIDAY + DAY), read(FRIDAY, 1.05 * DAY), True),  # what was in it must still be
        (read(FRIDAY, DAY, read_at=FRIDAY + 2 * DAY), read(FRIDAY, 1.05 * DAY), False),
        (read(FRIDAY, DAY, read_at=FRIDAY + DAY), read(FRIDAY + DAY / 48, DAY), False),
    ],
)
def test_only_windows_that_are_alike_are_compared(earlier: WindowRead, now: WindowRead, *, expected: bool) -> None:
    assert is_comparable(earlier, now) is expected  # W5

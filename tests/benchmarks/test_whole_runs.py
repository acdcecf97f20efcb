"""The benchmarks of whole runs, on a few bookings: they still run, and what they say can be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from benchmarks.backfill import figures as backfill_figures
from benchmarks.overhead import figures as overhead_figures
from benchmarks.overhead import post_again
from benchmarks.passing import Stage, stage
from benchmarks.quarter_hour import figures as quarter_hour_figures
from benchmarks.served import book, calls_from, switch
from benchmarks.throughput import calls_of_a_run, measured

from booking_sandbox.history import HistoryEntry

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def ready() -> Iterator[Stage]:
    with stage() as one:
        yield one


def test_our_own_work_is_measured_beside_a_loop_that_posts_the_same() -> None:
    bare, plain = overhead_figures(count=250, rounds=1)
    assert bare.ours > bare.yardstick > 0
    assert plain.yardstick > bare.yardstick, "a call for each record is more work than one for a hundred"


def test_a_loop_whose_answers_are_others_is_no_rival(ready: Stage) -> None:
    calls = ready.sandbox.ask(calls_from, 0)
    with pytest.raises(RuntimeError, match="instead of"):
        post_again(ready.sandbox.addresses, [], calls)


def test_a_run_that_leaves_a_booking_behind_is_no_figure(ready: Stage) -> None:
    ready.sandbox.ask(book, 1)
    ready.sandbox.ask(switch, {"refuse_emails": set(), "missing_scopes": {"crm.objects.contacts.write"}})
    with pytest.raises(RuntimeError):
        ready.pass_on()


def test_a_backfill_is_measured_at_every_size() -> None:
    rate, other_rate, memory = backfill_figures(sizes=(10, 20))
    assert rate.ours > 0
    assert other_rate.ours > 0
    assert memory.unit == "MB"
    assert memory.ours > 50, "less than Python and its libraries take"


def test_a_quarter_of_an_hour_is_over_before_the_next() -> None:
    (figure,) = quarter_hour_figures(changes=10)
    assert figure.is_met


def test_the_calls_of_a_run_under_a_limit_are_counted() -> None:
    found = measured(calls_of_a_run(10, 600, window_seconds=0.5), window_seconds=0.5)
    assert found.refused == 0
    assert 0 < found.per_window <= 10


def test_calls_are_counted_in_whole_windows_after_the_first() -> None:
    calls = [*_calls(range(10)), *_calls(range(10, 40, 2)), *_calls([25], status=429)]
    found = measured(sorted(calls, key=lambda call: call.at))
    assert (found.per_window, found.refused, found.windows) == (5.0, 1, 2)


def test_a_run_of_one_window_says_nothing() -> None:
    with pytest.raises(RuntimeError, match="too early"):
        measured(_calls(range(12)))


def _calls(seconds: range | list[int], status: int = 200) -> list[HistoryEntry]:
    return [
        HistoryEntry(number, NOW + timedelta(seconds=second), "POST", "/crm/x/batch/read", {}, status=status)
        for number, second in enumerate(seconds)
    ]

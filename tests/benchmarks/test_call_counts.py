"""Call counts are exact, so they are asserted as well as printed by the benchmarks."""

from __future__ import annotations

import pytest
from benchmarks.thousand import MOST_CALLS, calls_one_by_one, calls_per_thousand


@pytest.fixture(scope="module")
def calls() -> dict[str, tuple[int, int]]:
    return calls_per_thousand()


@pytest.mark.parametrize("kind", sorted(MOST_CALLS))
def test_a_thousand_bookings_cost_no_more_calls_than_promised(calls: dict[str, tuple[int, int]], kind: str) -> None:
    assert calls[kind][0] <= MOST_CALLS[kind]


def test_a_thousand_unchanged_bookings_cost_no_write(calls: dict[str, tuple[int, int]]) -> None:
    # W2
    assert calls["unchanged"][1] == 0


def test_the_rival_makes_the_calls_that_are_said_of_it() -> None:
    assert calls_one_by_one(10) == {"new": 30, "rescheduled": 20, "cancelled": 10, "unchanged": 0}

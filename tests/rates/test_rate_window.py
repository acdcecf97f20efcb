"""The arithmetic of the gate: what counts, until when, and that one window never sees more than it may."""

from __future__ import annotations

import heapq
from dataclasses import replace
from random import Random

import pytest

from booking_sync.rate_window import (
    SEARCH_LIMIT,
    Ended,
    Limit,
    Policy,
    Taken,
    Window,
    ours,
    refuse,
    settle,
    shared,
    take,
)

LIMIT = Limit(10, 10.0)
LOST_AT = 42.0


def ask(window: Window, wanted: int = 1, *, now: float = 0.0, most: int = 10, grant_id: str = "g") -> Taken:
    return take(window, wanted, most=most, grant_id=grant_id, now=now, counts_until=now + LOST_AT)


def answered(at: float, grant_id: str = "g", **said: int) -> Ended:
    return Ended(Policy.BURST, grant_id, at, said=said)


def test_no_more_than_the_limit_is_let_through_and_then_a_time_is_named() -> None:
    first = ask(Window(), 8, grant_id="a")
    second = ask(first.window, 8, grant_id="b")
    third = ask(second.window, 1, now=1.0)

    assert (first.count, second.count, third.count) == (8, 2, 0)
    assert third.wait_seconds == pytest.approx(41.0)


def test_an_answered_request_counts_until_its_answer_is_a_window_old() -> None:
    window = settle(ask(Window(), 10).window, [answered(5.0)] * 10, LIMIT)

    assert not ask(window, now=14.9).count
    assert ask(window, 10, now=15.1).count == 10


def test_a_permit_that_was_not_needed_counts_no_longer() -> None:
    window = settle(ask(Window(), 10).window, [answered(1.0), *[Ended(Policy.BURST, "g", None)] * 9], LIMIT)

    assert ask(window, 10, now=2.0).count == 9


def test_a_worker_that_is_never_heard_of_again_keeps_its_permits_for_a_while_only() -> None:
    window = ask(Window(), 10).window

    assert not ask(window, now=LOST_AT - 0.1).count
    assert ask(window, now=LOST_AT + 0.1).count == 1


def test_after_a_refusal_nothing_goes_and_then_one_after_another_until_one_goes_well() -> None:
    window = refuse(Window(), 7.0)
    assert ask(window, now=6.0).wait_seconds == pytest.approx(1.0)
    assert ask(window, now=6.0).is_paused

    first = ask(window, 8, now=7.0)
    assert first.count == 1
    assert ask(first.window, now=7.1).wait_seconds > 0

    assert ask(settle(first.window, [answered(7.3)], LIMIT), 8, now=7.6).count == 8


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    assert refuse(refuse(Window(), 30.0), 10.0).paused_until == 30.0


def test_what_others_use_of_the_limit_is_left_to_them_for_a_window() -> None:
    window = settle(ask(Window(), 1).window, [answered(1.0, burst_limit=10, burst_remaining=2)], LIMIT)

    assert ours(window, LIMIT, 100.0, 2.0) == 3  # eight count with HubSpot, one of them is ours
    assert ours(window, LIMIT, 100.0, 12.0) == 10
    assert ours(window, LIMIT, 20.0, 2.0) == 2


@pytest.mark.parametrize(
    ("most", "percent", "part"), [(190, 90, 171), (110, 90, 99), (5, 90, 4), (1, 1, 1), (7, 300, 7)]
)
def test_our_part_is_rounded_down_and_never_nothing(most: int, percent: float, part: int) -> None:
    assert shared(most, percent) == part


@pytest.mark.parametrize("limit", [LIMIT, SEARCH_LIMIT, Limit(19, 3.0)])
@pytest.mark.parametrize("seed", range(20))
def test_however_slow_requests_are_no_window_sees_more_than_the_limit(limit: Limit, seed: int) -> None:
    """HubSpot counts a request when it arrives: at any time between its permit and its answer."""
    chance = Random(seed)  # noqa: S311 - to be repeatable
    window, now, arrivals, let_through = Window(), 0.0, list[float](), 0
    open_ones: list[tuple[float, str]] = []
    for number in range(400):
        taken = ask(window, chance.randint(1, 4), now=now, most=limit.most, grant_id=str(number))
        window = taken.window
        for _ in range(taken.count):
            answer_at = now + chance.choice((0.0, 0.2, 1.0, 25.0)) * chance.random()
            arrivals.append(chance.uniform(now, answer_at))
            heapq.heappush(open_ones, (answer_at, str(number)))
            let_through += 1
        now += taken.wait_seconds or chance.random() * 0.1
        ended = []
        while open_ones and open_ones[0][0] <= now:
            ended.append(answered(*heapq.heappop(open_ones)))
        window = settle(window, ended, limit)

    arrivals.sort()
    assert let_through > limit.most
    assert most_in_any(limit.seconds, arrivals) <= limit.most


def most_in_any(seconds: float, moments: list[float]) -> int:
    first, most = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_a_limit_that_shrinks_holds_at_once() -> None:
    window = settle(ask(Window(), 8).window, [answered(1.0)] * 8, LIMIT)

    assert not ask(window, now=2.0, most=5).count
    assert ask(window, now=2.0, most=9).count == 1
    assert replace(window).used == 8

"""What happens to tasks that are under way at once, and to batches that want the same address."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar

import pytest

from booking_sync.address_turns import AddressTurns, NotBegun
from booking_sync.errors import Fenced, Throttled, TurnOver
from booking_sync.in_flight import InFlight

WHERE: ContextVar[str] = ContextVar("where", default="nowhere")


def failing(error: BaseException, together: threading.Barrier | None = None) -> Callable[[], None]:
    def task() -> None:
        if together is not None:
            together.wait(5)
        raise error

    return task


def do_all(most: int, *tasks: Callable[[], None], at_the_end: Exception | None = None) -> None:
    with InFlight(most) as in_flight:
        for task in tasks:
            in_flight.start(task)
        if at_the_end is not None:
            raise at_the_end


def throttled() -> Throttled:
    return Throttled("wait", retry_after_seconds=1.0)


def test_alone_a_task_is_done_where_it_is_begun() -> None:
    seen: list[str] = []
    with InFlight(1) as in_flight:
        in_flight.start(lambda: seen.append(threading.current_thread().name))
        assert seen == [threading.main_thread().name]


def test_tasks_run_at_once_but_not_too_many_and_see_what_their_beginner_sees() -> None:
    barrier, seen = threading.Barrier(3), list[str]()

    def task() -> None:
        barrier.wait(5)
        seen.append(WHERE.get())

    token = WHERE.set("here")
    with InFlight(3) as in_flight:
        for _ in range(6):
            in_flight.start(task)
    WHERE.reset(token)
    assert seen == ["here"] * 6


def test_after_a_failure_nothing_is_begun_and_those_under_way_end_first() -> None:
    ended, failed = list[str](), threading.Event()

    def slow() -> None:
        failed.wait(5)
        time.sleep(0.05)
        ended.append("slow")

    def fail() -> None:
        failed.set()
        raise throttled()

    with pytest.raises(Throttled):
        do_all(2, slow, fail, slow, slow, lambda: ended.append("a task after the failure"))
    assert ended
    assert set(ended) == {"slow"}
    assert len(ended) < 3


@pytest.mark.parametrize(
    ("one", "other", "raised"),
    [
        (throttled(), Fenced("another worker"), Fenced),
        (throttled(), KeyError("a mistake"), KeyError),
        (KeyError("a mistake"), Fenced("another worker"), Fenced),
        (Fenced("another worker"), KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_the_gravest_of_several_errors_is_raised(
    one: BaseException, other: BaseException, raised: type[BaseException]
) -> None:
    both = threading.Barrier(2)
    with pytest.raises(raised):
        do_all(2, failing(one, both), failing(other, both))


def test_what_ends_the_block_itself_is_raised_unless_something_graver_is_under_way() -> None:
    with pytest.raises(TurnOver):
        do_all(2, lambda: None, at_the_end=TurnOver("over"))
    with pytest.raises(Fenced):
        do_all(2, failing(Fenced("another worker")), at_the_end=TurnOver("over"))


def test_batches_without_a_common_address_do_not_wait_for_one_another() -> None:
    turns = AddressTurns()
    turns.line_up("first", {"a"})
    turns.line_up("second", {"b"})
    with turns.turn("second"), turns.turn("first"):
        pass


def test_a_batch_waits_for_the_earlier_ones_that_name_an_address_of_its_own() -> None:
    turns, order = AddressTurns(), list[str]()
    for name, hashes in (("first", {"a", "b"}), ("second", {"b", "c"}), ("third", {"c"})):
        turns.line_up(name, hashes)

    def go(name: str) -> None:
        with turns.turn(name):
            order.append(name)

    threads = [threading.Thread(target=go, args=(name,)) for name in ("third", "second", "first")]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join(5)
    assert order == ["first", "second", "third"]


def test_nobody_waits_for_a_batch_that_has_gone_or_failed() -> None:
    turns = AddressTurns()
    for name in ("first", "second", "third"):
        turns.line_up(name, {"a"})
    turns.leave("first")
    with turns.turn("second"):
        turns.end()
        assert is_not_begun(turns, "third")


def test_a_batch_that_fails_in_its_turn_keeps_back_those_behind_it() -> None:
    turns = AddressTurns()
    for name in ("first", "second"):
        turns.line_up(name, {"a"})
    with suppress(KeyError), turns.turn("first"):
        raise KeyError
    assert is_not_begun(turns, "second")


def is_not_begun(turns: AddressTurns, name: str) -> bool:
    try:
        with turns.turn(name):
            return False
    except NotBegun:
        return True


def test_who_has_not_lined_up_does_not_wait() -> None:
    with AddressTurns().turn("alone"):
        pass

"""Several workers on one integration, one act at a time: a scheduler says whose turn it is.

Each worker is a thread that stops after every commit and around every request, and waits. So one seed, or one
sequence of turns, is one interleaving, and the same one each time. A worker is never stopped inside a transaction: the
database lets no other in there either.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from booking_sync.boundary import Act, Moment, watched
from booking_sync.errors import BookingSyncError, Fenced, LeaseHeld
from booking_sync.reconcile import reconcile
from booking_sync.request import RunRequest
from booking_sync.services import Services
from booking_sync.window import RunTrigger
from tests.simulation.boundaries import here
from tests.simulation.stage import SETTINGS

if TYPE_CHECKING:
    from tests.simulation.world import World

PROTECTED_STEPS = frozenset(
    {
        "extract._stage_page.commit.after",
        "planning.make_and_save_plan.commit.after",
        "record.record_intent.commit.after",
        "sending.send_batch.commit.after",
        "hubspot.create_activities.request.after",
        "record.record_created.commit.after",
        "hubspot.archive_activities.request.after",
    }
)
"""Where two workers can get in each other's way: read, planned, claimed, last look, made, recorded, archived."""
PATIENCE_SECONDS = 60.0
SLEEPS = (0.0, 1.0, 30.0, SETTINGS.lease_seconds + 1.0, SETTINGS.quiet_seconds + 1.0)
"""How long a worker may find that it has slept: not at all, or past its lease, or past the quiet time."""
MOST_ROUNDS = 60

Turn = tuple[int, float]
"""Whose turn it is, and how much time passes before it."""


class _Abandoned(BaseException):
    """The world is given up; the worker ends without doing anything more."""


class Worker:
    """One process of ours, in a thread that only moves in its turn."""

    def __init__(self, world: World, trigger: RunTrigger, stops_at: Callable[[Act, Moment], bool]) -> None:
        self.is_done = False
        self.is_waiting = False
        """It has to wait for another one, and is tried again in its next turn."""
        self._is_held_up = False
        """It waits because it has found the integration busy, before it did anything."""
        self.failure: BaseException | None = None
        self._world, self._trigger, self._stops_at = world, trigger, stops_at
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._is_abandoned = False
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self) -> None:
        """Begin to exist; nothing is done before the first turn."""
        self._thread.start()

    def take_turn(self) -> bool:
        """Go on to the next stop, or to the end; say whether more was done than to find the integration still busy."""
        if self.is_done:
            return False
        was_held_up = self._is_held_up
        self._go.release()
        if not self._stopped.acquire(timeout=PATIENCE_SECONDS):
            raise RuntimeError("a worker neither stops nor ends: two of them wait for each other")
        return not (was_held_up and self._is_held_up)

    def abandon(self) -> None:
        """End wherever it is."""
        if not self.is_done:
            self._is_abandoned = True
            self._go.release()
        self._thread.join(PATIENCE_SECONDS)

    def _live(self) -> None:
        try:
            self._wait()
            with self._world.stage.processes.new(), watched(self._watch):
                self._work(self._world.services())
        except _Abandoned:
            pass
        except BaseException as failure:  # noqa: BLE001 - the scheduler says what it thinks of it
            self.failure = failure
        finally:
            self.is_done = True
            self._stopped.release()

    def _work(self, services: Services) -> None:
        """Reconcile, as often as Airflow would try a task that finds the integration busy."""
        while True:
            try:
                reconcile(services, self._trigger, RunRequest())
            except (LeaseHeld, Fenced) as busy:
                self.is_waiting, self._is_held_up = True, isinstance(busy, LeaseHeld)
                self._stop()
                self.is_waiting = False
            else:
                return

    def _watch(self, act: Act, moment: Moment) -> None:
        is_inside_transaction = act is Act.COMMIT and moment is Moment.BEFORE
        if not is_inside_transaction and self._stops_at(act, moment):
            self._stop()

    def _stop(self) -> None:
        self._is_held_up &= self.is_waiting
        self._stopped.release()
        self._wait()

    def _wait(self) -> None:
        self._go.acquire()
        if self._is_abandoned:
            raise _Abandoned


@dataclass(frozen=True, slots=True)
class Overlap:
    """Who works at the same time, and in which turns; after these they take turns in order until all have ended."""

    turns: Iterable[Turn]
    is_fine: bool
    """Whether workers stop around every act, or only at the protected steps."""
    mattered: list[bool] = field(default_factory=list)
    """Of each turn that was taken, whether it could change anything."""


def live_through(world: World, triggers: Sequence[RunTrigger], overlap: Overlap) -> list[str]:
    """Let workers overlap, and return what is wrong when all is quiet again."""
    return let_overlap(world, triggers, overlap) + world.finish()


def let_overlap(world: World, triggers: Sequence[RunTrigger], overlap: Overlap) -> list[str]:
    """Let workers overlap until each has ended, and return how any of them failed."""
    stops = _everywhere if overlap.is_fine else _at_protected_steps
    workers = [Worker(world, trigger, stops) for trigger in triggers]
    for worker in workers:
        worker.start()
    try:
        last = len(workers) - 1
        for number, seconds in overlap.turns:
            if all(worker.is_done for worker in workers):
                break
            world.clock.advance(seconds)
            world.expected.has_ghosts |= seconds >= SETTINGS.quiet_seconds
            overlap.mattered.append(workers[number].take_turn() or seconds > 0.0)
            last = number
        _to_the_end(world, [*workers[last + 1 :], *workers[: last + 1]])
    finally:
        for worker in workers:
            worker.abandon()
    failures = [one.failure for one in workers if one.failure and not _is_expected(world, one.failure)]
    return [f"a worker failed: {failure!r}" for failure in failures]


def turns_by_chance(chance: Random, workers: int, count: int, *, longest: float = math.inf) -> Iterator[Turn]:
    """Yield turns of any length: a worker goes on for a while, then another one, sometimes much later."""
    made, sleeps = 0, [seconds for seconds in SLEEPS if seconds <= longest]
    while made < count:
        worker, length = chance.randrange(workers), chance.choice((1, 1, 2, 3, 5, 10, 30))
        yield worker, chance.choice(sleeps)
        for _ in range(length - 1):
            yield worker, 0.0
        made += length


def _is_expected(world: World, failure: BaseException) -> bool:
    return bool(world.lost_keys) and isinstance(failure, BookingSyncError)


def _to_the_end(world: World, workers: Sequence[Worker]) -> None:
    """Let each in turn go on until it has ended or has to wait for another one."""
    for _ in range(MOST_ROUNDS):
        for worker in workers:
            if not worker.is_done:
                worker.take_turn()
            while not worker.is_done and not worker.is_waiting:
                worker.take_turn()
        if all(worker.is_done for worker in workers):
            return
        world.clock.advance(SETTINGS.lease_seconds / 3)
    raise RuntimeError("the workers come to no end")


def _everywhere(_act: Act, _moment: Moment) -> bool:
    return True


def _at_protected_steps(act: Act, moment: Moment) -> bool:
    return str(here(act, moment)) in PROTECTED_STEPS

"""Several batches of one step at work at the same time, so that HubSpot's limit is the bound and not its latency.

Each batch is worked on from its first look-up to its last record in one thread, by the same code as a batch alone.
Where one fails, no other is begun; those under way are waited for and record what came of them, and then the error is
raised.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from types import TracebackType
from typing import Self

from booking_sync.errors import BookingSyncError, Fenced

Task = Callable[[], None]


class InFlight:
    """Use it as a context manager: the block ends when everything that was begun has ended."""

    def __init__(self, most: int) -> None:
        """``most`` tasks are under way at once; with one, each is done in the caller's thread before the next."""
        self._most = most
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="batch") if most > 1 else None
        self._running: set[Future[None]] = set()
        self._failures: list[BaseException] = []

    def __enter__(self) -> Self:
        return self

    def start(self, task: Task) -> None:
        """Start a task, when there is room for it.

        Raises:
            what one of the others has raised.
        """
        if self._pool is None:
            task()
            return
        if len(self._running) >= self._most:
            self._collect(wait(self._running, return_when=FIRST_COMPLETED).done)
        self._collect({future for future in self._running if future.done()})
        if self._failures:
            raise _gravest(self._failures)
        self._running.add(self._pool.submit(copy_context().run, task))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait for those under way, and raise the gravest of all errors."""
        if self._pool is None:
            return
        self._pool.shutdown()
        self._collect(set(self._running))
        if error is not None and error not in self._failures:
            self._failures.append(error)
        if self._failures and (gravest := _gravest(self._failures)) is not error:
            raise gravest

    def _collect(self, ended: set[Future[None]]) -> None:
        self._running -= ended
        self._failures += [error for future in ended if (error := future.exception()) is not None]


def _gravest(failures: list[BaseException]) -> BaseException:
    """Return the one that says most of how to go on: a lost lease before all, then what nobody foresaw."""
    return min(failures, key=_rank)


def _rank(error: BaseException) -> int:
    if not isinstance(error, Exception):
        return 0
    if isinstance(error, Fenced):
        return 1
    return 3 if isinstance(error, BookingSyncError) else 2

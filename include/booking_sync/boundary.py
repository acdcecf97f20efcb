"""The boundaries of the protocol: right before and right after each commit and each request to a remote service.

What a crash leaves behind depends on the two boundaries that it falls between, and on nothing else. Tests watch them,
to stop a worker at any of them; in production nobody does, and nothing happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Act(StrEnum):
    """What lies between the two boundaries."""

    COMMIT = "commit"
    REQUEST = "request"


class Moment(StrEnum):
    """On which side of it."""

    BEFORE = "before"
    AFTER = "after"


Watcher = Callable[[Act, Moment], None]
"""Called at every boundary, by the worker that has come to it; what it raises, the worker meets."""

_watcher: ContextVar[Watcher | None] = ContextVar("booking_sync_boundary_watcher", default=None)


def reach(act: Act, moment: Moment) -> None:
    """Come to a boundary."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(act, moment)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Watch the boundaries that are reached inside the block, in this thread."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)

"""What a worker tells whoever watches it: counts of what happened, and how long each part of its work took.

Nobody has to listen: then nothing happens here. Labels and attributes hold ids and fixed words, never personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol

Fact = str | int
Say = Callable[..., None]
"""Adds to a span, by name, what is known only when its work is over."""


class Listener(Protocol):
    """Takes what a worker tells; its threads tell things at the same time."""

    def count(self, name: str, amount: float, labels: Mapping[str, str]) -> None:
        """Take note that something happened."""

    def span(self, name: str, facts: Mapping[str, Fact]) -> AbstractContextManager[Say]:
        """Take note of the time that the block takes."""


def _say_nothing(**facts: Fact) -> None:
    del facts


_NOBODY_LISTENS = nullcontext(_say_nothing)
_listener: ContextVar[Listener | None] = ContextVar("booking_sync_listener", default=None)


def count(name: str, amount: float = 1, **labels: str) -> None:
    """Tell that something happened."""
    listener = _listener.get()
    if listener is not None:
        listener.count(name, amount, labels)


def span(name: str, **facts: Fact) -> AbstractContextManager[Say]:
    """Tell what the block does, and how long it takes."""
    listener = _listener.get()
    return _NOBODY_LISTENS if listener is None else listener.span(name, facts)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Listen to what is told inside the block, in this thread and in those that are begun in it."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)

"""Who says when the next request may go. Clients ask; what is behind it, and for whom else, they do not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from booking_sync.errors import DailyLimitReached, Throttled


class Patience:
    """The seconds that one call may still pause, between its repetitions and for its turn together."""

    def __init__(self, seconds: float, sleep: Callable[[float], None]) -> None:
        self._left = seconds
        self._sleep = sleep

    def lasts(self, seconds: float) -> bool:
        """Say whether there is time for such a pause."""
        return seconds <= self._left

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self._left -= seconds
        self._sleep(seconds)


@dataclass(slots=True)
class Permit:
    """The right to send one request. The client notes that it was used, and what the answer said of limits."""

    is_used: bool = False
    is_refused: bool = False
    said: Mapping[str, int] = field(default_factory=dict)


class Pace(Protocol):
    """Lets requests to one portal through, one permit each."""

    def permit(self, *, is_search: bool, patience: Patience) -> AbstractContextManager[Permit]:
        """Wait for a permit, which is over with the block; raises Throttled where the wait would be too long."""

    def refused(self, error: Throttled | DailyLimitReached, *, is_search: bool) -> None:
        """Learn that the service asks for patience."""


class Unpaced:
    """Lets everything through."""

    @contextmanager
    def permit(self, *, is_search: bool, patience: Patience) -> Iterator[Permit]:
        """Wait for nothing."""
        del is_search, patience
        yield Permit()

    def refused(self, error: Throttled | DailyLimitReached, *, is_search: bool) -> None:
        """Nothing follows; the client itself waits."""

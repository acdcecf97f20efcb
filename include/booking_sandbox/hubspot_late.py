"""Effects that land after their request was answered, or cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class LateLandings:
    """What will happen all the same, each at its moment."""

    _waiting: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)

    def add(self, due_at: datetime, land: Callable[[], None]) -> None:
        """Have something happen from ``due_at`` on."""
        self._waiting.append((due_at, land))

    def land(self, now: datetime) -> None:
        """Carry out what is due, the earliest first."""
        due = sorted((one for one in self._waiting if one[0] <= now), key=lambda one: one[0])
        self._waiting = [one for one in self._waiting if one[0] > now]
        for _, run in due:
            run()

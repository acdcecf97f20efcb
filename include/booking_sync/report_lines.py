"""What a note says of single changes: never more lines than a note can hold, however many changes there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from booking_sync.guard import PLAN_REFUSED
from booking_sync.states import ChangeState

OPEN_AT_THE_END = (ChangeState.KEPT, ChangeState.UNKNOWN, ChangeState.SENDING)

SELF_MENDING = frozenset(
    {
        "not_found",
        "not_reached",
        "contact_unknown",
        "outcome_unknown",
        "Throttled",
        "DailyLimitReached",
        "NotSent",
        "TokensUnavailable",
        "IntegrationStopped",
        "NeedsReconnecting",
    }
)
"""Error codes of kept changes that are carried out by the next run, or when the integration as a whole goes on."""

UNANSWERED_TOO_OFTEN = 2
"""After how many requests without an answer or effect the next one of that kind makes the run red.

Once, not for ever.
"""

MOST_NAMED = 10
"""How many bookings with one and the same warning are named one by one."""

MOST_TOLD = 100
"""How many lines of a kind the note has; beyond that it says how many more there are."""

SILENT = "contacts_looked_up_again"
"""A warning that only matters to the change itself."""


class ChangeFigures(Protocol):
    """What the report tells of a change: a row of the change table, or a mapping like it."""

    def __getitem__(self, name: str, /) -> Any: ...  # noqa: ANN401 - columns have many types


@dataclass(slots=True)
class Lines:
    """The first lines of a kind, and how many there are."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: str) -> None:
        """Add a line, as long as there are not too many."""
        self.count += 1
        if self.count <= MOST_TOLD:
            self.first.append(line)

    @property
    def lines(self) -> list[str]:
        """What is shown of them."""
        return self.first + ([f"… and {self.count - MOST_TOLD} more"] if self.count > MOST_TOLD else [])


def first_lines(lines: Iterable[str]) -> Lines:
    """Count lines and keep the first."""
    found = Lines()
    for line in lines:
        found.add(line)
    return found


@dataclass(slots=True)
class Warned:
    """The bookings that one warning is about: which activities lack a contact or an owner, and why (C6)."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, booking_id: str) -> None:
        """Add a booking."""
        self.count += 1
        if self.count <= MOST_NAMED:
            self.first.append(booking_id)

    def lines(self, warning: str) -> list[str]:
        """Return a line by booking; what concerns many is said once."""
        if self.count <= MOST_NAMED:
            return [f"{booking_id}: {warning}" for booking_id in self.first]
        return [f"{self.first[0]} and {self.count - 1} more: {warning}"]


@dataclass(slots=True)
class Told:
    """What there is to say of changes, in as many lines as a note can hold."""

    kept: Lines = field(default_factory=Lines)
    alarming: Lines = field(default_factory=Lines)
    warned: dict[str, Warned] = field(default_factory=dict)
    warned_else: Lines = field(default_factory=Lines)

    def warned_lines(self) -> list[str]:
        """Return a line a warning, or a booking where there are few."""
        lines = [line for warning, about in self.warned.items() for line in about.lines(warning)]
        more = self.warned_else.count
        return lines + ([f"… and {more} more warnings of other kinds"] if more else [])


def told_of(changes: Iterable[ChangeFigures]) -> Told:
    """Go through changes once and say what there is to say of them."""
    told = Told()
    for change in changes:
        if change["state"] != ChangeState.SUPERSEDED:
            for warning in change["warnings"]:
                _warn(told, warning, change["booking_id"])
        if change["state"] in OPEN_AT_THE_END and change["error_code"] != PLAN_REFUSED:
            error = change["error"] or "its outcome is not known yet"
            told.kept.add(f"kept {change['booking_id']} ({change['operation']}): {error}")
            if is_alarming(change):
                told.alarming.add(f"{change['booking_id']}: {change['error']}")
    return told


def _warn(told: Told, warning: str, booking_id: str) -> None:
    if warning == SILENT:
        return
    if warning not in told.warned and len(told.warned) == MOST_TOLD:
        told.warned_else.add(warning)
    else:
        told.warned.setdefault(warning, Warned()).add(booking_id)


def is_alarming(change: ChangeFigures) -> bool:
    """Say whether an open change is news that will not mend itself.

    Refused anew, or without an answer once too often.
    """
    if change["state"] in (ChangeState.UNKNOWN, ChangeState.SENDING):
        return bool(change["unanswered_count"] == UNANSWERED_TOO_OFTEN)
    is_news = change["error_code"] != change["previous_error_code"]
    return is_news and change["error_code"] not in SELF_MENDING

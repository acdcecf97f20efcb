"""The plan guard: which plans look so much like a mistake that a person has to approve them first (W5).

Pure: figures and limits in, refusals out. The proportions are those that octoDNS refuses a plan at, with its "at least
ten exist", so that the first few bookings of a small team never trip it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from booking_sync.utc_minute import utc_minute
from booking_sync.window import Window

PLAN_REFUSED = "plan_refused"
"""Error code of a change that waits until its plan is approved."""

WEEK = timedelta(weeks=1)
SHORTEST_WINDOW = timedelta(days=1)
"""A quiet hour after a busy one says nothing, a quiet day may."""

LEAST_ROWS = 20
"""With fewer bookings in the earlier window, half of them can be missing by chance."""

LENGTH_TOLERANCE = 0.1
"""By which part of itself a window may differ in length from one that it is compared with."""


class RefusalKind(StrEnum):
    """What looks wrong."""

    ARCHIVES = "archives"
    RECREATES = "recreates"
    CANCELS = "cancels"
    CREATES = "creates"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """From where on a plan is refused. Percentages are of the activities that the mapping holds as live."""

    archives_percent: float = 10.0
    archives_most: float = 200.0
    recreates_percent: float = 30.0
    cancels_percent: float = 30.0
    least_existing: float = 10.0
    """How many live activities, or creations without a mapping, there are before a proportion says anything."""
    source_percent: float = 50.0


DEFAULT_LIMITS = GuardLimits()


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """How much a plan does. ``archives`` are those without a replacement; a recreation has one.

    ``live`` counts the live activities in the mapping. ``markers_found`` counts activities in HubSpot that already
    carry markers that the plan would create, among the ``markers_sought`` of them that were looked for.
    """

    live: int
    archives: int = 0
    recreates: int = 0
    cancels: int = 0
    creates: int = 0
    markers_found: int = 0
    markers_sought: int = 0


@dataclass(frozen=True, slots=True)
class WindowRead:
    """How many bookings one window returned, and when it was read."""

    window: Window
    count: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to carry a plan out: its kind, and one sentence with the numbers, without personal data."""

    kind: RefusalKind
    sentence: str


@dataclass(frozen=True, slots=True)
class GuardNotice:
    """What a run has to say of a refused or approved plan. ``is_news`` makes the run red: once for each plan."""

    sentence: str
    is_news: bool


def refuse_plan(figures: PlanFigures, limits: GuardLimits) -> tuple[Refusal, ...]:
    """Say what looks wrong about a plan; nothing where it may be carried out. A figure at its limit passes."""
    return tuple(_refusals(figures, limits))


def _refusals(figures: PlanFigures, limits: GuardLimits) -> Iterator[Refusal]:
    live = figures.live
    if figures.archives > limits.archives_most or _is_too_much(figures.archives, live, limits.archives_percent, limits):
        allowed = f"{_allowed(live, limits.archives_percent)}, and {limits.archives_most:g} in any case"
        sentence = (
            f"it archives {figures.archives} of {live} live activities without a new one; at most {allowed} may go"
        )
        yield Refusal(RefusalKind.ARCHIVES, sentence)
    if _is_too_much(figures.recreates, live, limits.recreates_percent, limits):
        allowed = _allowed(live, limits.recreates_percent)
        sentence = f"it makes {figures.recreates} of {live} live activities anew; at most {allowed} may be"
        yield Refusal(RefusalKind.RECREATES, sentence)
    if _is_too_much(figures.cancels, live, limits.cancels_percent, limits):
        allowed = _allowed(live, limits.cancels_percent)
        sentence = f"it cancels {figures.cancels} of {live} live activities; at most {allowed} may be"
        yield Refusal(RefusalKind.CANCELS, sentence)
    if figures.markers_found and figures.creates >= limits.least_existing:
        sought = f"{figures.markers_found} of {figures.markers_sought} that were looked for"
        sentence = (
            f"it creates {figures.creates} activities that are not mapped, and HubSpot already holds some: {sought}"
        )
        yield Refusal(RefusalKind.CREATES, sentence)


def _is_too_much(count: int, live: int, percent: float, limits: GuardLimits) -> bool:
    """Say whether a count is a larger part of what is live than it may be, once there are enough of them."""
    return live >= limits.least_existing and count * 100 > percent * live


def _allowed(live: int, percent: float) -> str:
    return f"{percent:g} % ({int(percent * live / 100)})"


def refuse_source(now: WindowRead, earlier: WindowRead | None, limits: GuardLimits) -> Refusal | None:
    """Say whether Calendar.com returned suspiciously little, compared with an earlier window that is like this one."""
    if earlier is None or earlier.count < LEAST_ROWS:
        return None
    if now.count * 100 >= limits.source_percent * earlier.count:
        return None
    before = f"{earlier.count} for the window of {utc_minute(earlier.window.start)}, which is as long"
    least = f"at least {limits.source_percent:g} % of that are expected"
    return Refusal(RefusalKind.SOURCE, f"Calendar.com returned {now.count} bookings, and {before}; {least}")


def refuse_absence(found: int, mapped: int, limits: GuardLimits) -> Refusal | None:
    """Say whether Calendar.com returns suspiciously few of the bookings that are mapped, when all are asked for."""
    if mapped < LEAST_ROWS or found * 100 >= limits.source_percent * mapped:
        return None
    sentence = f"Calendar.com returns {found} of the {mapped} bookings that are mapped"
    return Refusal(RefusalKind.SOURCE, f"{sentence}; at least {limits.source_percent:g} % are expected")


def is_long(window: Window) -> bool:
    """Say whether a window is long enough for its count to say anything."""
    return window.end - window.start >= SHORTEST_WINDOW


def is_comparable(earlier: WindowRead, now: WindowRead) -> bool:
    """Say whether two windows are enough alike that their counts can be compared.

    Both are long and equally long. And either the later one begins no later and reaches beyond the moment when the
    earlier one was read, so that what was read then must still be in it; or they lie whole weeks apart, since a
    Saturday says nothing about a Friday.
    """
    length, before = now.window.end - now.window.start, earlier.window.end - earlier.window.start
    if not (is_long(now.window) and is_long(earlier.window)) or abs(length - before) > length * LENGTH_TOLERANCE:
        return False
    is_read_again = now.window.start <= earlier.window.start and now.window.end >= earlier.read_at
    distance = abs(now.window.start - earlier.window.start)
    return is_read_again or (distance > timedelta(0) and distance % WEEK == timedelta(0))

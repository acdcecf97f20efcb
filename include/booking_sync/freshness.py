"""How long changes of bookings take to reach HubSpot, counted in classes: a week of them is a few numbers. Pure.

A class is named by its longest time. Percentiles are given as the longest time of the class that they fall into, so
they never flatter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
LONGEST_OF_CLASS = (
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 20, 25, 35, 45)),
    *(hours * _HOUR for hours in (1, 2, 4, 8)),
    *(days * _DAY for days in (1, 2, 7)),
)
"""In seconds. Runs come every 15 minutes, so most of it lies below 20."""

PREFIX = "fresh_"
_BEYOND = f"{PREFIX}beyond"
TARGET_SECONDS = 35 * _MINUTE
"""What 99 of 100 changes should keep: two runs and the time that they take."""


def class_name(longest_seconds: int | None) -> str:
    """Return the name of a class among a run's counts; None: longer than any."""
    return _BEYOND if longest_seconds is None else f"{PREFIX}{longest_seconds}"


def freshness_in(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Add up the classes among the counts of several runs."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update({name: count for name, count in one.items() if name.startswith(PREFIX)})
    return total


def percentile(classes: Mapping[str, int], share: float) -> int | None:
    """Return within how many seconds that share was passed on; None: nothing was, or longer than any class."""
    wanted = share * sum(classes.values())
    reached = 0
    for seconds in LONGEST_OF_CLASS:
        reached += classes.get(class_name(seconds), 0)
        if reached and reached >= wanted:
            return seconds
    return None

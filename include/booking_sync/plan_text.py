"""A run's plan as text, for the log of a task and the command line: what it does, item by item, then in figures.

A log is read by more people than a page is, and kept elsewhere: an item is named by its booking's id, and told by the
names of the fields and the times of the meeting. Titles and names are not in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from booking_sync.appearance import TIMES, Difference, ShownField
from booking_sync.plan import SIGNS
from booking_sync.states import Operation
from booking_sync.store.plan_items import PlannedItem

MOST_ITEMS = 200
"""How many items are told one by one."""

_NAMED = frozenset({*TIMES, ShownField.OUTCOME})
"""Fields whose values may stand in a log."""

_VERBS = {
    Operation.CREATE: "create",
    Operation.RECREATE: "recreate",
    Operation.CANCEL: "cancel",
    Operation.UPDATE: "update",
    Operation.MARK: "mark",
}


def plan_lines(
    name: str,
    checksum: str | None,
    items: Iterable[tuple[PlannedItem, Iterable[Difference]]],
    changes: Mapping[Operation, int],
    others: Mapping[str, int],
) -> Iterator[str]:
    """Yield the plan of one integration, line by line.

    ``items`` are the first of it, or all, each with what it changes; ``changes`` counts all of them, ``others`` the
    bookings that need no change or get none, by why.
    """
    yield f"Plan {checksum or '(without checksum)'} of {name}"
    shown = 0
    for item, changed in items:
        yield from item_lines(item, changed)
        shown += 1
    if (left := sum(changes.values()) - shown) > 0:
        yield f"  … and {left} more; the tab Plan of the run has all of them"
    yield _sum(changes, others)


def item_lines(item: PlannedItem, changed: Iterable[Difference]) -> Iterator[str]:
    """Return the lines of one item."""
    activity = item.old_activity_id or item.activity_id
    at = f" (activity {activity})" if activity else ""
    sign = SIGNS[item.operation]
    yield f"  {sign} {item.operation:<8} {item.booking_id} v{item.booking_version}{at}: {item.reason}"
    for one in changed:
        yield f"{_INDENT}{one.name:<11} {_values(one)}"


_INDENT = " " * 6


def _values(one: Difference) -> str:
    if one.name not in _NAMED:
        return "changes" if one.old or not one.new else "is set"
    return f"{one.old} -> {one.new}" if one.old else one.new


def _sum(changes: Mapping[Operation, int], others: Mapping[str, int]) -> str:
    counted = Counter(changes)
    figures = [f"{counted[operation]} to {verb}" for operation, verb in _VERBS.items() if counted[operation]]
    figures += [f"{count} {name}" for name, count in others.items() if count]
    return f"Plan: {', '.join(figures) or 'nothing to do'}."

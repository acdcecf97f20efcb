"""Two tables to compare: what was read, and what is recorded. Made anew, and equal, in every process that asks.

Of a million rows each, 50,000 are new, 50,000 have moved and 50,000 are cancelled; 850,000 are as recorded, and 50,000
are recorded that were not read. A moved booking's fingerprint differs from the recorded one in its lowest bit alone:
an engine that turns 64-bit integers into floats on its way finds hardly one of them, and says nothing. Both tables are
in the order of their ids, as a database gives them by their key; the classes are strewn over it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NEW, MOVED, CANCELED, UNCHANGED = CLASSES = ("new", "moved", "canceled", "unchanged")
_SHARE = 20
"""One in so many is new, one moved, one cancelled."""

Columns = dict[str, Any]
"""``booking_id`` (text), ``state`` (text), ``schedule`` and ``content`` (64-bit integers)."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Both sides in the order of nothing, and the ids of each class."""

    read: Columns
    recorded: Columns
    expected: Mapping[str, frozenset[str]]

    def wrong(self, found: Mapping[str, Collection[str]]) -> list[str]:
        """Return the classes that were not found exactly."""
        return [name for name in found if set(found[name]) != self.expected[name] or _has_doubles(found[name])]


def tables(rows: int) -> Tables:
    """Make both sides, ``rows`` long."""
    random = np.random.default_rng(rows)
    part = rows // _SHARE
    schedule, content = (random.integers(0, 2**63 - 1, rows + part, dtype=np.int64) for _ in range(2))
    numbers = random.permutation(rows + part)
    new, moved, canceled, unchanged = np.split(np.arange(rows), [part, 2 * part, 3 * part])
    states = np.full(rows + part, "scheduled", dtype=object)
    states[canceled] = "canceled"
    read_schedule = schedule.copy()
    read_schedule[moved] ^= 1
    read, recorded = (places[np.argsort(numbers[places])] for places in (np.arange(rows), np.arange(part, part + rows)))
    classes = zip(CLASSES, (new, moved, canceled, unchanged), strict=True)
    return Tables(
        _columns(read, numbers, states, read_schedule, content),
        _columns(recorded, numbers, np.full(rows + part, "live", dtype=object), schedule, content),
        {name: frozenset(_ids(numbers[places])) for name, places in classes},
    )


def _columns(places: Any, numbers: Any, states: Any, schedule: Any, content: Any) -> Columns:  # noqa: ANN401 - arrays
    return {
        "booking_id": np.array(_ids(numbers[places]), dtype=object),
        "state": states[places],
        "schedule": schedule[places],
        "content": content[places],
    }


def _ids(numbers: Any) -> list[str]:  # noqa: ANN401 - an array
    """Make the texts anew for each side: one that stands in both would be found without being compared."""
    return [f"bk_{number:020d}" for number in numbers.tolist()]


def _has_doubles(ids: Collection[str]) -> bool:
    return len(set(ids)) != len(ids)

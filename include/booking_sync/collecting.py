"""How often Python looks for objects that only refer to one another, in a process that works on a run and then ends."""

from __future__ import annotations

import gc

ALLOCATIONS = 50_000
"""How many more objects than before make Python look. Bookings come and go by the thousand, and hold no circles."""


def collect_rarely() -> None:
    """Look less often, and not at what is there already: that is code, which stays until the process ends."""
    usual, *older = gc.get_threshold()
    if usual < ALLOCATIONS:  # counting what is frozen already would take longer than the rest of an empty step
        gc.freeze()
        gc.set_threshold(ALLOCATIONS, *older)

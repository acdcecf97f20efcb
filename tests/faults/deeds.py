"""What people do to a booking between two runs, as the faults of a lost or wrong mapping try it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.scene import Scene

BOTH_PORTALS = pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
Change = Callable[[Scene, str], Any]


def rename(scene: Scene, booking_id: str) -> None:
    """Give it another title."""
    scene.calendar.edit(booking_id, event_name="Renamed")


def move(scene: Scene, booking_id: str) -> None:
    """Move it by eleven hours."""
    scene.move(booking_id, 11)


def move_to_new(scene: Scene, booking_id: str) -> None:
    """Move it by eleven hours, as a new booking."""
    scene.move_to_new(booking_id, 11)


def cancel(scene: Scene, booking_id: str) -> None:
    """Call it off."""
    scene.calendar.cancel(booking_id)


CHANGES: dict[str, Change] = {"renamed": rename, "moved": move, "moved to new": move_to_new, "cancelled": cancel}

"""What the comparison looks at, of a booking that was read and of a mapping row; apart from what compares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

COLUMNS = (
    "booking_id",
    "version",
    "state",
    "schedule_fingerprint",
    "content_fingerprint",
    "guests_fingerprint",
    "is_no_show",
)
"""What a row of either side holds. ``state`` is the booking's status on the one, the mapping's state on the other.

``guests_fingerprint`` is None in the mapping where guests have not been passed on (C7).
"""

KeyRow = Sequence[Any]
"""One row with :data:`COLUMNS`."""

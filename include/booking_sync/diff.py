"""Desired against recorded state, on keys and fingerprints only: which bookings need a decision at all.

The comparison is driven by the bookings that were read (a left join): a mapping row without a booking is not looked at.
Fingerprints stay text: an outer merge would turn 64-bit integers into floats and silently lose their low bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from booking_sync.model import BookingStatus
from booking_sync.states import RecordedState

COLUMNS = (
    "booking_id",
    "version",
    "state",
    "schedule_fingerprint",
    "content_fingerprint",
    "guests_fingerprint",
    "is_no_show",
)
"""Columns of both frames. ``state`` is the booking's status on the one side, the mapping's state on the other.

``guests_fingerprint`` is None in the mapping where guests have not been passed on (C7).
"""


@dataclass(frozen=True, slots=True)
class Diff:
    """The bookings of one chunk by what they need: ids, in the order of the chunk.

    ``newer`` are those unchanged bookings whose version has grown: only the mapping has to learn of it.
    """

    unchanged: tuple[str, ...]
    newer: tuple[str, ...]
    to_decide: tuple[str, ...]


def diff(bookings: pd.DataFrame, recorded: pd.DataFrame, *, guests_count: bool = False) -> Diff:
    """Compare one chunk of bookings with their mapping rows; both frames have :data:`COLUMNS`.

    A booking counts as unchanged when its mapping row shows the same state, times and content, and no newer version.
    ``guests_count`` says that guests are passed on (C7).
    """
    ids = bookings["booking_id"].to_numpy(dtype=object)
    if recorded.empty:
        return Diff((), (), tuple(ids))
    position = pd.Index(recorded["booking_id"]).get_indexer(pd.Index(ids))
    is_known = position >= 0
    same = is_known.copy()
    for column in ("schedule_fingerprint", "content_fingerprint"):
        same &= _text(bookings, column) == _text(recorded, column)[position]
    same &= _shown_state(bookings) == _text(recorded, "state")[position]
    is_canceled = _text(recorded, "state")[position] == RecordedState.CANCELED
    same &= is_canceled | (_text(bookings, "is_no_show") == _text(recorded, "is_no_show")[position])
    if guests_count:
        guests = _text(recorded, "guests_fingerprint")[position]
        same &= is_canceled | pd.isna(guests) | (_text(bookings, "guests_fingerprint") == guests)
    versions = bookings["version"].to_numpy(dtype=np.int64)
    recorded_versions = recorded["version"].to_numpy(dtype=np.int64)[position]
    same &= versions >= recorded_versions
    newer = same & (versions > recorded_versions)
    return Diff(tuple(ids[same]), tuple(ids[newer]), tuple(ids[~same]))


def _text(frame: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return frame[column].to_numpy(dtype=object)


def _shown_state(bookings: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Translate a booking's status into the mapping state that mirrors it."""
    shown = {
        BookingStatus.SCHEDULED.value: RecordedState.LIVE.value,
        BookingStatus.CANCELED.value: RecordedState.CANCELED.value,
    }
    return bookings["state"].map(shown).fillna("").to_numpy(dtype=object)

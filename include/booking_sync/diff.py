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


Positions = np.ndarray[tuple[int], np.dtype[np.intp]]
Answers = np.ndarray[tuple[int], np.dtype[np.bool_]]


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
    ids = _texts(bookings, "booking_id")
    if recorded.empty:
        return Diff((), (), tuple(ids))
    # Of plain objects: an index of pandas' own texts takes half as long again.
    position = pd.Index(_texts(recorded, "booking_id"), dtype=object).get_indexer(pd.Index(ids, dtype=object))
    same = position >= 0
    for column in ("schedule_fingerprint", "content_fingerprint"):
        same &= _texts(bookings, column) == _texts(recorded, column)[position]
    is_canceled = (_texts(recorded, "state") == RecordedState.CANCELED.value)[position]
    same &= _shows(bookings, recorded, position, is_canceled)
    is_no_show, recorded_no_show = (frame["is_no_show"].to_numpy(dtype=np.bool_) for frame in (bookings, recorded))
    same &= is_canceled | (is_no_show == recorded_no_show[position])
    if guests_count:
        guests = _texts(recorded, "guests_fingerprint")[position]
        same &= is_canceled | pd.isna(guests) | (_texts(bookings, "guests_fingerprint") == guests)
    versions = bookings["version"].to_numpy(dtype=np.int64)
    recorded_versions = recorded["version"].to_numpy(dtype=np.int64)[position]
    same &= versions >= recorded_versions
    newer = same & (versions > recorded_versions)
    return Diff(tuple(ids[same]), tuple(ids[newer]), tuple(ids[~same]))


def _shows(bookings: pd.DataFrame, recorded: pd.DataFrame, position: Positions, is_canceled: Answers) -> Answers:
    """Say of each booking whether the recorded state is the one that mirrors its status."""
    status = _texts(bookings, "state")
    is_live = (_texts(recorded, "state") == RecordedState.LIVE.value)[position]
    shown: Answers = (status == BookingStatus.SCHEDULED.value) & is_live
    shown |= (status == BookingStatus.CANCELED.value) & is_canceled
    return shown


def _texts(frame: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return frame[column].to_numpy(dtype=object)

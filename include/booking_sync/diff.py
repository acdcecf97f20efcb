"""Desired against recorded state, on keys and fingerprints only: which bookings need a decision at all.

The comparison is driven by the bookings that were read (a left join): a mapping row without a booking is not looked at.
Columns are arrays of fixed width, joined through a 64-bit hash of the id and then compared as they are. Fingerprints
stay text: an outer merge would turn 64-bit integers into floats and silently lose their low bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from booking_sync.key_row import KeyRow
from booking_sync.model import BookingStatus
from booking_sync.states import RecordedState

Texts = np.ndarray[tuple[int], np.dtype[np.bytes_]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

_CANCELED = 2
_SHOWN = {
    BookingStatus.SCHEDULED.value: 1,
    RecordedState.LIVE.value: 1,
    BookingStatus.CANCELED.value: _CANCELED,
    RecordedState.CANCELED.value: _CANCELED,
    RecordedState.REPLACED.value: 3,
}
"""A booking's status, and the mapping's state that mirrors it, as one number; 0 is mirrored by none."""

_WORD = 8
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""An odd number without pattern (2^64 divided by the golden ratio), as in Fibonacci hashing."""


@dataclass(frozen=True, slots=True)
class Keys:
    """One side of the comparison: an array for each column, ids and fingerprints as UTF-8."""

    booking_ids: Texts
    versions: np.ndarray[tuple[int], np.dtype[np.int64]]
    states: np.ndarray[tuple[int], np.dtype[np.int8]]
    schedules: Texts
    contents: Texts
    guests: Texts
    has_guests: Flags
    are_no_show: Flags

    @classmethod
    def of(cls, rows: Sequence[KeyRow]) -> Keys:
        """Turn rows with the columns of a key row into arrays."""
        ids, versions, states, schedules, contents, guests, no_shows = zip(*rows, strict=True) if rows else ((),) * 7
        return cls(
            _texts(ids),
            np.array(versions, dtype=np.int64),
            np.array([_SHOWN.get(str(state), 0) for state in states], dtype=np.int8),
            _texts(schedules),
            _texts(contents),
            _texts([one or "" for one in guests]),
            np.array([one is not None for one in guests], dtype=np.bool_),
            np.array(no_shows, dtype=np.bool_),
        )


@dataclass(frozen=True, slots=True)
class Diff:
    """What each booking needs, in the order in which they were given.

    ``is_newer`` is set for those unchanged bookings whose version has grown: only the mapping has to learn of it.
    """

    is_unchanged: Flags
    is_newer: Flags


def diff(bookings: Keys, recorded: Keys, *, guests_count: bool = False) -> Diff:
    """Compare bookings with their mapping rows, a chunk of them or a million.

    A booking counts as unchanged when its mapping row shows the same state, times and content, and no newer version.
    ``guests_count`` says that guests are passed on (C7).
    """
    if not len(recorded.booking_ids):
        nobody = np.zeros(len(bookings.booking_ids), dtype=np.bool_)
        return Diff(nobody, nobody)
    position = _positions(bookings.booking_ids, recorded.booking_ids)
    same = position >= 0
    same &= bookings.booking_ids == recorded.booking_ids[position]
    same &= bookings.schedules == recorded.schedules[position]
    same &= bookings.contents == recorded.contents[position]
    same &= bookings.states == recorded.states[position]
    is_canceled = bookings.states == _CANCELED
    same &= is_canceled | (bookings.are_no_show == recorded.are_no_show[position])
    if guests_count:
        has_same_guests = bookings.guests == recorded.guests[position]
        same &= is_canceled | ~recorded.has_guests[position] | has_same_guests
    versions = recorded.versions[position]
    same &= bookings.versions >= versions
    return Diff(same, same & (bookings.versions > versions))


def _positions(ids: Texts, among: Texts) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return where each id may stand among the others, -1 where it does not; the caller compares the ids themselves."""
    import pandas as pd  # noqa: PLC0415 - a third of a second, which tasks that compare nothing are not to pay

    width = -(-max(ids.dtype.itemsize, among.dtype.itemsize) // _WORD) * _WORD
    index, sought = pd.Index(_hashes(among, width)), pd.Index(_hashes(ids, width))
    if not index.is_unique:
        index, sought = pd.Index(among.astype(object)), pd.Index(ids.astype(object))
    return np.asarray(index.get_indexer(sought), dtype=np.intp)


def _hashes(texts: Texts, width: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    words = texts.astype(f"S{width}").view(np.uint64).reshape(len(texts), width // _WORD)
    hashes = np.zeros(len(texts), dtype=np.uint64)
    for column in range(width // _WORD):
        hashes ^= words[:, column]
        hashes *= _FACTOR
        hashes ^= hashes >> np.uint64(29)
    return hashes


def _texts(column: Sequence[str]) -> Texts:
    return np.array([text.encode() for text in column] or [b""], dtype=np.bytes_)[: len(column)]

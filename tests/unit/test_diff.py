"""The comparison on keys and fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sync.diff import Keys, diff

Row = tuple[str, int, str, str, str, str | None, bool]


class Found(NamedTuple):
    """The bookings by what they need."""

    unchanged: tuple[str, ...]
    newer: tuple[str, ...]
    to_decide: tuple[str, ...]


def compared(bookings: Sequence[Row], recorded: Sequence[Row], *, guests_count: bool = False) -> Found:
    ids = np.array([row[0] for row in bookings], dtype=object)
    found = diff(Keys.of(bookings), Keys.of(recorded), guests_count=guests_count)
    return Found(tuple(ids[found.is_unchanged]), tuple(ids[found.is_newer]), tuple(ids[~found.is_unchanged]))


def frame(*rows: Row) -> list[Row]:
    return list(rows)


def booking(
    id_: str = "a",
    version: int = 1,
    status: str = "scheduled",
    time: str = "t",
    content: str = "c",
    guests: str = "",
    *,
    no_show: bool = False,
) -> Row:
    return (id_, version, status, time, content, guests, no_show)


def mapped(
    id_: str = "a",
    version: int = 1,
    state: str = "live",
    time: str = "t",
    content: str = "c",
    guests: str | None = None,
    *,
    no_show: bool = False,
) -> Row:
    return (id_, version, state, time, content, guests, no_show)


def test_a_booking_that_is_not_recorded_is_to_be_decided() -> None:
    assert compared(frame(booking("a"), booking("b")), frame(mapped("b"))).to_decide == ("a",)


def test_everything_is_to_be_decided_where_nothing_is_recorded() -> None:
    assert compared(frame(booking("b"), booking("a")), frame()) == Found((), (), ("b", "a"))


def test_nothing_read_is_nothing_to_do() -> None:
    assert compared(frame(), frame(mapped())) == Found((), (), ())


def test_absence_is_not_cancellation() -> None:
    found = compared(frame(booking("a")), frame(mapped("a"), mapped("gone"), mapped("gone too", state="canceled")))
    assert found == Found(("a",), (), ())  # X5


@pytest.mark.parametrize(
    ("read", "known", "is_unchanged"),
    [
        (booking(), mapped(), True),
        (booking(status="canceled"), mapped(state="canceled"), True),
        (booking(status="canceled"), mapped(), False),
        (booking(), mapped(state="canceled"), False),
        (booking(), mapped(state="replaced"), False),
        (booking(status="rescheduled"), mapped(), False),
        (booking(status="rescheduled"), mapped(state="replaced"), False),
        (booking(time="other"), mapped(), False),
        (booking(content="other"), mapped(), False),
        (booking(), mapped(time=""), False),
        (booking(version=1), mapped(version=2), False),
        (booking(version=3), mapped(version=2), True),
        (booking(no_show=True), mapped(), False),
        (booking(no_show=True), mapped(no_show=True), True),
        (booking(), mapped(no_show=True), False),
        (booking(status="canceled", no_show=True), mapped(state="canceled"), True),
        (booking(guests="g"), mapped(guests=""), True),
    ],
)
def test_a_booking_is_unchanged_only_where_state_times_and_content_agree(
    read: Row, known: Row, *, is_unchanged: bool
) -> None:
    found = compared(frame(read), frame(known))
    assert (found.unchanged, found.to_decide) == ((("a",), ()) if is_unchanged else ((), ("a",)))


@pytest.mark.parametrize(
    ("now", "before", "is_unchanged"), [("g", "g", True), ("g", "", False), ("", "g", False), ("g", None, True)]
)
def test_guests_count_where_they_are_passed_on_and_have_been(
    now: str, before: str | None, *, is_unchanged: bool
) -> None:
    found = compared(frame(booking(guests=now)), frame(mapped(guests=before)), guests_count=True)
    assert bool(found.unchanged) is is_unchanged  # C7, A7


def test_an_unchanged_booking_with_a_newer_version_is_named() -> None:
    found = compared(
        frame(booking("a", version=3), booking("b", version=2)), frame(mapped("a"), mapped("b", version=2))
    )
    assert found == Found(("a", "b"), ("a",), ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("9007199254740993", "9007199254740992"),  # one double for both
        ("18446744073709551615", "18446744073709551614"),
        ("fffffffffffffffe", "ffffffffffffffff"),
        ("0", "00"),
        ("1e3", "1000"),
    ],
)
def test_adjacent_fingerprints_are_different(one: str, other: str) -> None:
    assert compared(frame(booking(time=one)), frame(mapped(time=other))).to_decide == ("a",)
    assert compared(frame(booking(content=one)), frame(mapped(content=other))).to_decide == ("a",)


def test_adjacent_versions_are_different() -> None:
    huge = 2**53
    found = compared(frame(booking(version=huge)), frame(mapped(version=huge + 1), mapped("other")))
    assert found.to_decide == ("a",)  # W3


def test_the_largest_version_fits() -> None:
    largest = 2**63 - 1
    assert compared(frame(booking(version=largest)), frame(mapped(version=largest - 1))).newer == ("a",)


texts = st.sampled_from(["t", "u", "9007199254740993", "9007199254740992"])
rows = st.tuples(
    st.sampled_from("abcdefg"),
    st.integers(1, 3),
    st.sampled_from(["scheduled", "canceled"]),
    texts,
    texts,
    st.just(""),
    st.booleans(),
)
mapped_rows = st.tuples(
    st.sampled_from("abcdefg"),
    st.integers(1, 3),
    st.sampled_from(["live", "canceled"]),
    texts,
    texts,
    st.none(),
    st.booleans(),
)
SHOWN = {"scheduled": "live", "canceled": "canceled"}


def by_id(some: list[Any]) -> dict[str, Any]:
    return {row[0]: row for row in some}


@given(st.lists(rows, max_size=8), st.lists(mapped_rows, max_size=8))
def test_the_fast_comparison_agrees_with_the_plain_one(read: list[Row], known: list[Row]) -> None:
    bookings, recorded = by_id(read), by_id(known)
    found = compared(frame(*bookings.values()), frame(*recorded.values()))
    plain = [
        id_
        for id_, row in bookings.items()
        if id_ in recorded
        and (SHOWN[row[2]], *row[3:5]) == recorded[id_][2:5]
        and (row[2] == "canceled" or row[6] == recorded[id_][6])
        and row[1] >= recorded[id_][1]
    ]
    assert list(found.unchanged) == plain
    assert list(found.to_decide) == [id_ for id_ in bookings if id_ not in plain]
    assert list(found.newer) == [id_ for id_ in plain if bookings[id_][1] > recorded[id_][1]]

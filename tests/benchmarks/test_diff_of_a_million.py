"""The comparison of two tables, on small ones: who is right, and that a wrong one is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.diff_inputs import tables
from benchmarks.diff_rivals import pandas_merge, pandas_merge_text

from benchmarks import diff_million
from booking_sync.diff import Diff, Keys

ROWS = 2_000


def test_our_own_diff_finds_every_class() -> None:
    assert diff_million.our_cost(ROWS).cpu_seconds > 0


def test_a_diff_that_misses_a_booking_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(read: Keys, _: Keys) -> Diff:
        nobody = np.zeros(len(read.booking_ids), dtype=np.bool_)
        return Diff(nobody, nobody)

    monkeypatch.setattr(diff_million, "diff", forgetful)
    with pytest.raises(RuntimeError, match="wrong"):
        diff_million.our_cost(ROWS)


def test_a_merge_of_integers_loses_what_differs_in_the_lowest_bit_and_one_of_text_does_not() -> None:
    given = tables(ROWS)
    assert given.wrong(pandas_merge_text(given.read, given.recorded)()) == []
    assert given.wrong(pandas_merge(given.read, given.recorded)()) == ["moved", "unchanged"]


def test_the_tables_are_equal_in_every_process_and_have_all_classes() -> None:
    one, other = tables(ROWS), tables(ROWS)
    assert one.expected == other.expected
    assert {name: len(ids) for name, ids in one.expected.items()} == {
        "new": 100,
        "moved": 100,
        "canceled": 100,
        "unchanged": 1_700,
    }

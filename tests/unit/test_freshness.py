"""Percentiles of how long changes took, from classes of time."""

from __future__ import annotations

import pytest

from booking_sync.freshness import LONGEST_OF_CLASS, class_name, freshness_in, percentile
from booking_sync_airflow.web.spans import within

MANY = {class_name(300): 90, class_name(1_200): 9, class_name(7_200): 1}


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 300), (0.9, 300), (0.91, 1_200), (0.99, 1_200), (1.0, 7_200)])
def test_a_percentile_is_the_longest_time_of_its_class(share: float, seconds: int) -> None:
    assert percentile(MANY, share) == seconds


def test_nothing_measured_and_longer_than_any_class_have_no_time() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({class_name(None): 3}, 0.99) is None


def test_classes_of_several_runs_are_added_up_and_other_figures_left_out() -> None:
    assert freshness_in([{"read": 7, class_name(60): 2}, {class_name(60): 1}]) == {class_name(60): 3}


def test_every_class_can_be_spelled() -> None:
    assert [within(one) for one in LONGEST_OF_CLASS[:3]] == ["1 min", "2 min", "5 min"]
    assert within(2_100) == "35 min"
    assert within(None) == "longer than 7 days"

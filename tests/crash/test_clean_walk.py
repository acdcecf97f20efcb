"""The walk without any fault: what the other tests of this folder count on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from booking_sandbox.hubspot_switches import UniqueProperties
from tests.crash.cases import MOST_COMMITS, REQUESTS_OF_FIRST_RUN, WRITES_OF_FIRST_RUN
from tests.crash.conftest import Counts

Walk = Callable[[UniqueProperties], dict[str, Counts]]


@pytest.mark.parametrize("unique_properties", ["allowed", "ignored", "refused"])
def test_the_other_tests_know_how_long_the_longest_run_is(
    clean_walk: Walk, unique_properties: UniqueProperties
) -> None:
    """Where this fails, the requests or writes of a run have become more or fewer: change the numbers in ``cases``."""
    counts = clean_walk(unique_properties).values()

    assert max(one.requests for one in counts) == REQUESTS_OF_FIRST_RUN[unique_properties]
    assert max(one.commits for one in counts) <= MOST_COMMITS
    if unique_properties == "allowed":
        assert max(one.writes for one in counts) == WRITES_OF_FIRST_RUN


def test_the_walk_has_at_least_thirty_requests_to_be_killed_at(clean_walk: Walk) -> None:
    assert sum(one.requests for one in clean_walk("allowed").values()) >= 30


def test_the_last_run_of_the_walk_writes_nothing(clean_walk: Walk) -> None:  # W2
    assert clean_walk("allowed")["repeat"].writes == 0

"""The walk without any fault: what the other tests of this folder count on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from booking_sandbox.hubspot_portals import DEFAULT_PORTAL_ID
from booking_sandbox.hubspot_switches import UniqueProperties
from booking_sync.clients.pace import Patience
from booking_sync.rate_window import FIRST_BURST_LIMIT, shared
from booking_sync.settings import Settings
from tests.crash.cases import MOST_COMMITS, REQUESTS_OF_FIRST_RUN, WRITES_OF_FIRST_RUN
from tests.crash.conftest import Counts
from tests.crash.walk import PHASES
from tests.crash.world import World

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


@pytest.mark.parametrize(("database_kind", "unique_properties"), [("sqlite", "allowed")])
def test_all_permits_of_a_worker_that_died_run_out_in_the_time_of_the_world(world: World) -> None:
    """The rate gate of the world's own runs once stood at the beginning, and saw them lie more than an hour ahead."""
    world.offset_seconds += 6_000.0
    gate = world.place().services().rates.of(str(DEFAULT_PORTAL_ID))
    with ExitStack() as never_given_back:
        for _ in range(shared(FIRST_BURST_LIMIT.most, Settings().rate_share_percent)):
            never_given_back.enter_context(gate.permit(is_search=False, patience=Patience(0.0, lambda _: None)))
        world.live_through(next(iter(PHASES)))

        world.run()

    assert world.problems() == []

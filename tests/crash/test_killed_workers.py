"""A worker is killed for good (SIGKILL) and the next run finishes the work: nothing lost, nothing twice (A6, R4, W2).

The case "request 7, after" walks the whole walk, and kills the worker of every phase at its 7th request to either
service, when that was carried out but not answered. So the cases together kill at every request of every phase. After
each kill, three runs at most must bring HubSpot to what the bookings say; at the end, one more run must write nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from booking_sandbox.hubspot_switches import UniqueProperties
from tests import scorecard
from tests.crash.cases import (
    ALL_SETTINGS,
    IN_PRODUCTION,
    MOST_COMMITS,
    PLAIN,
    REQUESTS_OF_FIRST_RUN,
    WITHOUT_UNIQUE_KEY,
    case,
)
from tests.crash.conftest import Counts
from tests.crash.walk import PHASES
from tests.crash.world import AFTER, BEFORE, World

ALWAYS_AT_REQUESTS = {PLAIN: range(1, 16), IN_PRODUCTION: (4, 5, 6, 15), WITHOUT_UNIQUE_KEY: (5, 15)}
ALWAYS_AT_COMMITS = {PLAIN: (6, 13, 20, 27, 34), IN_PRODUCTION: (22,), WITHOUT_UNIQUE_KEY: (29,)}
FEWER_COMMITS_AFTER_KILLS = 1
"""A run that follows kills may have so many commits fewer than in the clean walk: one of those before made them."""
REQUEST_CASES = [
    case(setting, number, when, is_soak=number not in ALWAYS_AT_REQUESTS.get(setting, ()))
    for setting in ALL_SETTINGS
    for number in range(1, REQUESTS_OF_FIRST_RUN[setting.unique_properties] + 1)
    for when in (BEFORE, AFTER)
]
COMMIT_CASES = [
    case(setting, number, is_soak=number not in ALWAYS_AT_COMMITS.get(setting, ()))
    for setting in ALL_SETTINGS
    for number in range(1, MOST_COMMITS + 1)
]


@pytest.mark.parametrize(
    ("database_kind", "unique_properties", "number", "when"), REQUEST_CASES, indirect=["database_kind"]
)
def test_a_worker_killed_at_a_request_is_made_up_for(
    world: World,
    clean_walk: Callable[[UniqueProperties], dict[str, Counts]],
    unique_properties: UniqueProperties,
    number: int,
    when: str,
) -> None:
    requests = {phase: counts.requests for phase, counts in clean_walk(unique_properties).items()}

    killed = _walk(
        world,
        {phase: count - number for phase, count in requests.items()},
        lambda dag_run_id: world.run_killed_at_request(number, when, dag_run_id),
    )

    assert killed
    scorecard.count("kill -9", {"kills at a request": killed})


@pytest.mark.parametrize(("database_kind", "unique_properties", "number"), COMMIT_CASES, indirect=["database_kind"])
def test_a_worker_killed_before_a_commit_is_made_up_for(
    world: World,
    clean_walk: Callable[[UniqueProperties], dict[str, Counts]],
    unique_properties: UniqueProperties,
    number: int,
) -> None:
    commits = {phase: counts.commits for phase, counts in clean_walk(unique_properties).items()}
    if number > max(commits.values()):
        pytest.skip(f"the longest run of the walk has {max(commits.values())} commits")

    killed = _walk(
        world,
        {phase: count - number for phase, count in commits.items()},
        lambda dag_run_id: world.run_killed_at_commit(number, dag_run_id),
        may_be_short_of=FEWER_COMMITS_AFTER_KILLS,
    )

    assert killed
    scorecard.count("kill -9", {"kills before a commit": killed})


def _walk(world: World, room: dict[str, int], run_killed: Callable[[str], bool], *, may_be_short_of: int = 0) -> int:
    """Walk, killing the worker of every phase that is long enough; return how many were killed.

    ``room`` tells by how much a phase of the clean walk is longer than where the worker is killed. Every second
    recovery repeats the DAG run that died, as Airflow repeats its task; the others are left to a new run.
    """
    killed = 0
    for place, phase in enumerate(PHASES):
        world.live_through(phase)
        dag_run_id = world.next_run_id()
        if room[phase] >= 0:
            was_killed = run_killed(dag_run_id)
            assert was_killed or room[phase] < may_be_short_of, f"{phase}: the worker to be killed ended first"
            killed += was_killed
        wrong = world.recover(dag_run_id if place % 2 else None)
        assert not wrong, f"{phase}: after the kill, {'; '.join(wrong)}"
        if all(left < 0 for left in list(room.values())[place + 1 :]):
            break
    world.rest()
    return killed

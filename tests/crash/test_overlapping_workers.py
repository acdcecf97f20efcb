"""Two workers on one integration at once: Airflow does not prevent it, the lease and the mapping have to (A6, W2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from booking_sandbox.hubspot_switches import UniqueProperties
from tests import scorecard
from tests.crash.cases import ALL_SETTINGS, IN_PRODUCTION, PLAIN, REQUESTS_OF_FIRST_RUN, case
from tests.crash.conftest import Counts
from tests.crash.walk import PHASES
from tests.crash.worker import start_worker
from tests.crash.world import World
from tests.processes import wait_for

ALWAYS_DELAYED_BY = {PLAIN: (0, 35), IN_PRODUCTION: (20,)}
ALWAYS_KILLED_AT = {PLAIN: (5, 29), IN_PRODUCTION: (17,)}
SLEEP_AT_CREATE = 5
DELAYS_MILLISECONDS = (0, 5, 10, 20, 35, 50, 75, 100, 150, 200)
CASES = [
    case(setting, delay, is_soak=delay not in ALWAYS_DELAYED_BY.get(setting, ()))
    for setting in ALL_SETTINGS
    for delay in DELAYS_MILLISECONDS
]
"""By how much the second worker starts later than the first."""

KILL_CASES = [
    case(setting, number, is_soak=number not in ALWAYS_KILLED_AT.get(setting, ()))
    for setting in ALL_SETTINGS
    for number in range(1, 40)
]
"""Before which of its commits one of two workers is killed."""

SHORT_LEASE_SECONDS = 0.4
SLEEP_CASES = [
    case(setting, number, is_soak=setting not in (PLAIN, IN_PRODUCTION) or number != SLEEP_AT_CREATE)
    for setting in ALL_SETTINGS
    for number in range(1, REQUESTS_OF_FIRST_RUN[setting.unique_properties] + 1)
]
"""At which of its requests a worker falls asleep."""


@pytest.mark.parametrize(("database_kind", "unique_properties", "delay"), CASES, indirect=["database_kind"])
def test_two_workers_at_once_do_the_work_of_one(world: World, delay: int) -> None:
    for phase in PHASES:
        world.live_through(phase)
        first = start_worker(world.place(), world.next_run_id())
        second = start_worker(world.place(), world.next_run_id(), delay_seconds=delay / 1_000)
        assert (wait_for(first), wait_for(second)) == (0, 0), phase
        wrong = world.problems()
        assert not wrong, f"{phase}: after two runs at once, {'; '.join(wrong)}"
        scorecard.count("kill -9", {"overlaps": 1})
    world.rest()


@pytest.mark.parametrize(("database_kind", "unique_properties", "number"), KILL_CASES, indirect=["database_kind"])
def test_one_of_two_workers_is_killed(world: World, number: int) -> None:
    for phase in PHASES:
        world.live_through(phase)
        first = start_worker(world.place(), world.next_run_id(), killed_at_commit=number)
        second = start_worker(world.place(), world.next_run_id())
        wait_for(first)
        assert wait_for(second) == 0, phase
        wrong = world.recover()
        assert not wrong, f"{phase}: after one of two was killed, {'; '.join(wrong)}"
        scorecard.count("kill -9", {"kills in an overlap": 1})
    world.rest()


@pytest.mark.lease_seconds(SHORT_LEASE_SECONDS)
@pytest.mark.parametrize(("database_kind", "unique_properties", "number"), SLEEP_CASES, indirect=["database_kind"])
def test_a_worker_that_slept_through_its_lease_changes_nothing_more(
    world: World,
    clean_walk: Callable[[UniqueProperties], dict[str, Counts]],
    unique_properties: UniqueProperties,
    number: int,
) -> None:
    has_room = {phase: counts.requests >= number for phase, counts in clean_walk(unique_properties).items()}
    last = max(place for place, is_long in enumerate(has_room.values()) if is_long)
    for phase in list(PHASES)[: last + 1]:
        world.live_through(phase)
        if not has_room[phase]:
            world.run()
            continue
        with world.worker_asleep_at_request(number, world.next_run_id()):
            wrong = world.recover()
            assert not wrong, f"{phase}: while the first worker slept, {'; '.join(wrong)}"
        wrong = world.problems()
        assert not wrong, f"{phase}: after the first worker woke up, {'; '.join(wrong)}"
        scorecard.count("kill -9", {"workers that slept": 1})
    world.rest()

"""The walk again with several batches at work at once: two bookings a batch, three batches, each in a thread (A6, R4).

What is under way when the worker is killed differs from one time to the next; what comes of it in the end must not.
"""

from __future__ import annotations

import pytest

from booking_sync import apply
from tests.crash.cases import IN_PRODUCTION, PLAIN, case
from tests.crash.walk import PHASES
from tests.crash.world import AFTER, BEFORE, World

AT_REQUESTS = (6, 8, 10, 12, 15)
AT_COMMITS = (14, 22, 31, 43)
KILLS = [
    *((PLAIN, "request", number, when) for number in AT_REQUESTS for when in (BEFORE, AFTER)),
    *((PLAIN, "commit", number, BEFORE) for number in AT_COMMITS),
    (IN_PRODUCTION, "request", 9, AFTER),
    (IN_PRODUCTION, "commit", 22, BEFORE),
]
CASES = [case(*one, is_soak=place % 3 != 0) for place, one in enumerate(KILLS)]


@pytest.mark.parametrize(
    ("database_kind", "unique_properties", "act", "number", "when"), CASES, indirect=["database_kind"]
)
def test_a_worker_killed_with_several_batches_under_way_is_made_up_for(
    world: World, act: str, number: int, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "MOST_INPUTS", 2)
    world.batch_size = 2
    world.sandbox.hubspot.switches.latency_seconds = 0.01
    killed = 0
    for phase in PHASES:
        world.live_through(phase)
        dag_run_id = world.next_run_id()
        if act == "request":
            killed += world.run_killed_at_request(number, when, dag_run_id)
        else:
            killed += world.run_killed_at_commit(number, dag_run_id)
        assert world.recover() == [], phase
    assert killed
    world.rest()

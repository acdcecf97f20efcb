"""The scene of the flow tests and the scripted server of the client tests, for faults on the whole way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from booking_sandbox.server import Sandbox
from tests.clients.conftest import bench, calendar, http, server
from tests.conftest import SOAK
from tests.faults.gate import Gate, gate_before
from tests.flow.clock import SceneClock
from tests.flow.conftest import a_scene, clock_of_all_scenes, empty_mapping, marker_mode, running_sandbox, scene
from tests.flow.scene import Scene
from tests.oauth.conftest import connected, portals, portals_on_both

__all__ = [
    "bench",
    "calendar",
    "clock_of_all_scenes",
    "connected",
    "empty_mapping",
    "http",
    "marker_mode",
    "portals",
    "portals_on_both",
    "running_sandbox",
    "scene",
    "server",
]


HERE = Path(__file__).parent
ALWAYS = 2
"""How many cases of one test run when nobody asks for all of them."""


@pytest.fixture
def postgres_scene(
    running_sandbox: Sandbox,
    clock_of_all_scenes: SceneClock,
    postgres_url_factory: Callable[..., str],
    marker_mode: str,
) -> Iterator[Scene]:
    """A scene whose mapping is on PostgreSQL."""
    with a_scene(running_sandbox, clock_of_all_scenes, postgres_url_factory(), marker_mode) as made:
        yield made


@pytest.fixture
def gate(scene: Scene) -> Iterator[Gate]:
    """A gate in front of HubSpot; :func:`tests.faults.going_through` makes services that use it."""
    with gate_before(scene.sandbox.hubspot.url) as made:
        yield made


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test with many cases here, a few that lie far apart always run; all of them in the soak.

    Its numbers and outcomes are the same in each case; what differs is the way into the fault.
    """
    if os.environ.get(SOAK) == "1" or config.option.keyword or any("::" in argument for argument in config.args):
        return
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent == HERE:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = {item for some in cases.values() for item in some if item not in _far_apart(some)}
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))


def _far_apart(cases: list[pytest.Item]) -> list[pytest.Item]:
    if len(cases) <= ALWAYS:
        return cases
    return [cases[round(number * (len(cases) - 1) / (ALWAYS - 1))] for number in range(ALWAYS)]

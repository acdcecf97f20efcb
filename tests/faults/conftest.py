"""The scene of the flow tests and the scripted server of the client tests, for faults on the whole way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from booking_sandbox.server import Sandbox
from tests.clients.conftest import bench, calendar, http, server
from tests.faults.gate import Gate, gate_before
from tests.faults.numbers import MOST, numbers_of
from tests.flow.clock import SceneClock
from tests.flow.conftest import a_scene, clock_of_all_scenes, empty_mapping, marker_mode, running_sandbox, scene
from tests.flow.scene import Scene
from tests.oauth.conftest import portals, portals_on_both

__all__ = [
    "bench",
    "calendar",
    "clock_of_all_scenes",
    "empty_mapping",
    "http",
    "marker_mode",
    "portals",
    "portals_on_both",
    "running_sandbox",
    "scene",
    "server",
]


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many faults of the list the tests that passed have shown."""
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", ())]
    shown = numbers_of(passed)
    if shown:
        terminalreporter.write_line(f"faults covered: {len(shown)} of {MOST}")

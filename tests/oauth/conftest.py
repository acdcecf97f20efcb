"""A scene in OAuth mode: two workspaces on Pro, three portals that nobody has connected yet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking_sandbox.server import Sandbox
from tests.flow.clock import MONDAY_MORNING, SceneClock
from tests.flow.conftest import clock_of_all_scenes, empty_mapping, marker_mode, running_sandbox, scene
from tests.flow.scene import Scene
from tests.oauth.portals_scene import CALLBACK, FIRST, SECOND, PortalsScene

__all__ = ["clock_of_all_scenes", "empty_mapping", "marker_mode", "running_sandbox", "scene"]


def set_up(sandbox: Sandbox, clock: SceneClock, database_url: str) -> PortalsScene:
    """Reset the sandbox and register our app's address with it."""
    clock.now = MONDAY_MORNING
    sandbox.calendar.service.reset()
    sandbox.hubspot.service.reset()
    sandbox.hubspot.state.register_redirect_uri(CALLBACK)
    sandbox.calendar.state.add_workspace("ws_1", "Acme Sales")
    sandbox.calendar.state.add_workspace("ws_2", "Globex Sales")
    return PortalsScene(sandbox, clock, database_url)


@pytest.fixture
def portals(
    running_sandbox: Sandbox, clock_of_all_scenes: SceneClock, empty_mapping: Path, tmp_path: Path
) -> Iterator[PortalsScene]:
    """The scene on SQLite."""
    shutil.copy(empty_mapping, tmp_path / "mapping.db")
    made = set_up(running_sandbox, clock_of_all_scenes, f"sqlite:///{tmp_path}/mapping.db")
    yield made
    running_sandbox.hubspot.state.request_hook = None
    made.services.engine.dispose()


@pytest.fixture
def portals_on_both(
    running_sandbox: Sandbox, clock_of_all_scenes: SceneClock, database_url: str
) -> Iterator[PortalsScene]:
    """The scene on each kind of database."""
    made = set_up(running_sandbox, clock_of_all_scenes, database_url)
    yield made
    running_sandbox.hubspot.state.request_hook = None
    made.services.engine.dispose()


@pytest.fixture
def connected(portals: PortalsScene) -> PortalsScene:
    """Two workspaces, each with a portal of its own and an activity in it."""
    portals.grant_and_connect("ws_1", FIRST)
    portals.grant_and_connect("ws_2", SECOND)
    portals.clock.advance(60)
    portals.book("bk_1")
    portals.calendar.book("ws_2", booking_id="bk_2")
    portals.run()
    return portals


@pytest.fixture
def single(scene: Scene) -> Scene:
    """A scene in single-portal mode."""
    return scene

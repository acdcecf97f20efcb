"""A whole reconciliation on loopback: both sandbox servers, a SQLite file, and a clock that the test moves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.store.database import open_database
from tests.flow.clock import MONDAY_MORNING, SceneClock
from tests.flow.scene import Scene


@pytest.fixture(scope="session")
def clock_of_all_scenes() -> SceneClock:
    return SceneClock()


@pytest.fixture(scope="session")
def running_sandbox(clock_of_all_scenes: SceneClock) -> Iterator[Sandbox]:
    """Both servers, started once: every scene begins with a reset."""
    with Sandbox(clock=clock_of_all_scenes) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def empty_mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mapping database as it is set up on first use; every scene gets a copy."""
    path = tmp_path_factory.mktemp("mapping") / "empty.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def marker_mode() -> str:
    """What the portal makes of our unique property; tests that show several modes parametrize this name."""
    return "allowed"


@pytest.fixture
def scene(
    running_sandbox: Sandbox,
    clock_of_all_scenes: SceneClock,
    empty_mapping: Path,
    marker_mode: str,
    tmp_path: Path,
) -> Iterator[Scene]:
    shutil.copy(empty_mapping, tmp_path / "mapping.db")
    with a_scene(running_sandbox, clock_of_all_scenes, f"sqlite:///{tmp_path}/mapping.db", marker_mode) as made:
        yield made


@pytest.fixture
def scene_on_both(
    running_sandbox: Sandbox, clock_of_all_scenes: SceneClock, database_url: str, marker_mode: str
) -> Iterator[Scene]:
    """A scene on each kind of database, for what the queries of both have to say."""
    with a_scene(running_sandbox, clock_of_all_scenes, database_url, marker_mode) as made:
        yield made


@contextmanager
def a_scene(sandbox: Sandbox, clock: SceneClock, database_url: str, marker_mode: str) -> Iterator[Scene]:
    """Begin anew on Monday morning, with the mapping database at this address."""
    clock.now = MONDAY_MORNING
    sandbox.calendar.service.reset()
    sandbox.hubspot.service.reset()
    sandbox.hubspot.switches.unique_properties_on_meetings = marker_mode  # type: ignore[assignment]  # the parameter is one of its values
    sandbox.calendar.state.add_workspace("ws_1", "Acme Sales")
    made = Scene(sandbox, clock, database_url)
    yield made
    sandbox.calendar.state.request_hook = None
    sandbox.hubspot.state.request_hook = None
    made.services.engine.dispose()

"""A world for every test, and how many faults a walk without faults has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from booking_sandbox.hubspot_switches import UniqueProperties
from tests.crash.cases import POSTGRESQL
from tests.crash.walk import PHASES
from tests.crash.world import World, open_world


@dataclass(frozen=True, slots=True)
class Counts:
    """What one run of the walk without faults does."""

    requests: int
    writes: int
    commits: int


@pytest.fixture
def world(
    database_kind: str, unique_properties: UniqueProperties, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[World]:
    if database_kind == POSTGRESQL:
        url: str = request.getfixturevalue("postgres_url_factory")()
    else:
        url = f"sqlite:///{tmp_path}/mapping.db"
    lease = request.node.get_closest_marker("lease_seconds")
    with open_world(url, unique_properties, lease_seconds=lease.args[0] if lease else 180.0) as one:
        yield one


@pytest.fixture(scope="session")
def clean_walk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[UniqueProperties], dict[str, Counts]]:
    """Returns what each run of a walk without faults does, by phase."""
    walked: dict[str, dict[str, Counts]] = {}

    def counts(unique_properties: UniqueProperties) -> dict[str, Counts]:
        if unique_properties not in walked:
            path = tmp_path_factory.mktemp("clean") / "mapping.db"
            with open_world(f"sqlite:///{path}", unique_properties) as one:
                walked[unique_properties] = {phase: _counts(one, phase) for phase in PHASES}
        return walked[unique_properties]

    return counts


def _counts(world: World, phase: str) -> Counts:
    commits: list[Connection] = []
    note_commit = commits.append
    event.listen(world.services.engine, "commit", note_commit)
    world.live_through(phase)
    requests, writes = world.request_count(), world.write_count()
    world.run()
    event.remove(world.services.engine, "commit", note_commit)
    assert not world.problems(), f"the walk goes wrong without any fault, in {phase}"
    return Counts(world.request_count() - requests, world.write_count() - writes, len(commits))

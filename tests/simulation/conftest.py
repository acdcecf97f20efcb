"""The stages of the simulation: one on SQLite, one on PostgreSQL, each used again and again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulation.stage import Stage

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a temporary folder is made in it
"""Where it exists, files there never reach a disk."""


@pytest.fixture(scope="session")
def stage_on_sqlite() -> Iterator[Stage]:
    where = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="booking-sync-simulation-", dir=where) as folder:
        stage = Stage.on(f"sqlite:///{folder}/mapping.db")
        yield stage
        stage.close()


@pytest.fixture(scope="session")
def stage_on_postgres(postgres_url_factory: Callable[..., str], stage_on_sqlite: Stage) -> Iterator[Stage]:
    stage = Stage.on(postgres_url_factory())
    stage.walks = stage_on_sqlite.walks  # the boundaries are the same
    yield stage
    stage.close()


@pytest.fixture
def sqlite_stage(stage_on_sqlite: Stage) -> Iterator[Stage]:
    with stage_on_sqlite:
        yield stage_on_sqlite


@pytest.fixture
def stage(database_kind: str, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The stage of the test; every test that uses it runs on both databases."""
    used: Stage = request.getfixturevalue("stage_on_sqlite" if database_kind == "sqlite" else "stage_on_postgres")
    with used:
        yield used

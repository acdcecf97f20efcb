"""Fault 121 from every schema that was ever released: rows in every table, open changes, upgraded by one command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import JSON, Boolean, Engine, Float, Integer, LargeBinary, Table, func, insert, inspect, select

from booking_sandbox.server import Sandbox
from booking_sync.errors import SchemaOutOfDate
from booking_sync.store import schema
from booking_sync.store.all_tables import metadata
from booking_sync.store.columns import UtcDateTime
from booking_sync.store.database import open_database, reading, writing
from booking_sync.store.tables import change
from booking_sync.store.upgrade import upgrade_database
from tests.faults.test_121_upgrades import as_of, live
from tests.flow.clock import SceneClock
from tests.flow.conftest import a_scene
from tests.flow.scene import Scene

RELEASED = schema.known_revisions()[:-1]
"""The schema of every version that somebody may run, but this one."""

INTEGRATION = "ws_1@424242"
IN_WORDS: dict[str, dict[str, object]] = {
    "portal_access": {"portal_id": "7", "state": "usable", "scopes": []},
    "notice": {"state": "sent", "role": "host", "kind": "moved", "payload": None},
    "refused_plan": {"state": "used", "kind": "sync", "reasons": [], "figures": {}},
    "alert": {"kind": "stale"},
    "ignored_booking": {"booking_id": "bk_elsewhere"},
    "kept_booking": {"kind": "rejected", "is_open": False},
    "drift": {"kind": "missing"},
}
"""What a table's columns of fixed words hold, in the rows that are planted where the scene leaves a table empty."""


class LivedIn(NamedTuple):
    """A scene that has lived for a while, and the databases to begin again in."""

    scene: Scene
    new_url: Any


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def lived_in(
    running_sandbox: Sandbox,
    clock_of_all_scenes: SceneClock,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LivedIn]:
    numbers = iter(range(1_000))
    folder = tmp_path_factory.mktemp("releases")

    def new_url() -> str:
        if request.param == "sqlite":
            return f"sqlite:///{folder}/{next(numbers)}.db"
        made: str = request.getfixturevalue("postgres_url_factory")(is_empty=True)
        return made

    with a_scene(running_sandbox, clock_of_all_scenes, new_url(), "allowed") as scene:
        live(scene)
        plant_in_empty_tables(scene.services.engine, scene.clock())
        scene.has_exact_audit = False  # every database begins again with the history of the first
        yield LivedIn(scene, new_url)


def plant_in_empty_tables(engine: Engine, at: datetime) -> None:
    """Put one row into every table that the scene has left empty."""
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            if connection.execute(select(func.count()).select_from(table)).scalar_one() == 0:
                connection.execute(insert(table), a_row(table, at))


def a_row(table: Table, at: datetime) -> dict[str, object]:
    by_type = ((UtcDateTime, at), (JSON, {}), (LargeBinary, b""), (Boolean, False), (Integer, 1), (Float, 1.0))
    row: dict[str, object] = {}
    for column in table.c:
        value = next((value for kind, value in by_type if isinstance(column.type, kind)), "x")
        row[column.name] = INTEGRATION if column.name == "integration_id" else value
    return {**row, **IN_WORDS.get(table.name, {})}


def counts(engine: Engine, among: set[str]) -> dict[str, int]:
    """Count the rows of tables."""
    with reading(engine) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name in among
        }


@pytest.mark.parametrize("revision", RELEASED)
def test_fault_121_from_every_release_open_changes_go_on_after_one_command(lived_in: LivedIn, revision: str) -> None:
    scene, origin = lived_in.scene, lived_in.scene.services
    url = lived_in.new_url()
    old = as_of(revision, scene, url)
    with pytest.raises(SchemaOutOfDate, match="make migrate"):
        open_database(url)
    known = set(inspect(old).get_table_names())

    assert upgrade_database(old) == revision

    assert counts(old, known) == counts(origin.engine, known)
    assert min(counts(old, known).values()) >= 1
    old.dispose()
    scene.sandbox.hubspot.history.clear()  # what the databases before this one have written is in their audit
    scene.database_url = url
    scene.services = scene.new_services()
    try:
        assert {row["state"] for row in scene.rows(select(change.c.state))} >= {"unknown", "kept", "done"}
        scene.move("bk_2", 9 + RELEASED.index(revision) % 5)
        scene.run_after_quiet_time()
        scene.run()
        assert len(scene.activities("bk_lost", include_archived=True)) == 1
        scene.everything_is_right()
        scene.assert_repeating_writes_nothing()
    finally:
        scene.services.engine.dispose()
        scene.services = origin

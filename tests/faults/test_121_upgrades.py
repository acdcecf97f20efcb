"""Fault 121: a mapping database of an earlier release, with everything in it, becomes one of this release."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Integer, MetaData, event, func, select, text

from booking_sandbox.server import Sandbox
from booking_sync.errors import ConfigurationError, SchemaOutOfDate
from booking_sync.store import schema
from booking_sync.store.database import connect_database, open_database, writing
from booking_sync.store.lease import hold_lease
from booking_sync.store.tables import change, metadata
from booking_sync.store.upgrade import upgrade_database
from tests.faults.ways import CREATE
from tests.flow.clock import SceneClock
from tests.flow.conftest import a_scene
from tests.flow.scene import Scene
from tests.processes import KILLED, start_process, wait_for

FIRST = "0001"
"""The longest way to go; ``tests/operations`` begins at each of the others too."""


@pytest.fixture
def lived_in(
    running_sandbox: Sandbox, clock_of_all_scenes: SceneClock, new_database: Callable[[], str], marker_mode: str
) -> Iterator[Scene]:
    """A scene that has lived for a while: bookings passed on, moved, cancelled, one refused, and one unanswered."""
    with a_scene(running_sandbox, clock_of_all_scenes, new_database(), marker_mode) as scene:
        live(scene)
        yield scene


def live(scene: Scene) -> None:
    """Let a scene live for a while."""
    for number in range(6):
        scene.book(f"bk_{number}")
    scene.run()
    scene.move("bk_0", 9)
    scene.calendar.cancel("bk_1")
    scene.run()
    scene.switches.commit_then_status(502, path=CREATE)
    scene.book("bk_lost")
    scene.run()
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    scene.book("bk_refused", location=None)
    scene.run(may_be_red=True)
    scene.switches.required_properties.clear()
    assert {row["state"] for row in scene.rows(select(change.c.state))} >= {"unknown", "kept", "done"}


def as_of(revision: str, scene: Scene, url: str) -> Engine:
    """Make the scene's database as an earlier release would have it: its tables, with what they know of the data."""
    old = connect_database(url)
    with writing(old) as connection:
        schema.upgrade(connection, revision)
    tables = MetaData()
    tables.reflect(old)
    with writing(old) as connection:
        for table in metadata.sorted_tables:
            if (known := tables.tables.get(table.name)) is not None:
                rows = scene.rows(select(*(column for column in table.c if column.name in known.c)))
                if rows:
                    connection.execute(known.insert(), rows)
        if connection.dialect.name == "postgresql":
            _go_on_counting(connection, tables)
    return old


def _go_on_counting(connection: Connection, tables: MetaData) -> None:
    """Let PostgreSQL's counters of ids begin behind what was copied."""
    for table in tables.sorted_tables:
        if "id" in table.c and isinstance(table.c["id"].type, Integer):
            highest = select(func.coalesce(func.max(table.c["id"]), 1)).scalar_subquery()
            connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest)))


def go_on_with(scene: Scene, url: str) -> None:
    """See that everything goes on as if nothing had happened."""
    scene.services.engine.dispose()
    scene.database_url = url
    scene.services = scene.new_services()
    scene.move("bk_2", 11)
    scene.calendar.cancel("bk_3")
    scene.calendar.uncancel("bk_1")
    before = len(scene.sandbox.hubspot.history.matching(CREATE))
    scene.run_after_quiet_time()
    scene.run()
    assert len(scene.sandbox.hubspot.history.matching(CREATE)) <= before + 2  # the moved one, and the refused one
    assert len(scene.activities("bk_lost", include_archived=True)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(-48))) == []


def test_fault_121_a_database_with_open_changes_is_upgraded_and_goes_on(
    lived_in: Scene, new_database: Callable[[], str]
) -> None:
    url = new_database()
    old = as_of(FIRST, lived_in, url)
    assert upgrade_database(old) == FIRST
    assert upgrade_database(old) == schema.head_revision()  # twice does no harm
    old.dispose()
    go_on_with(lived_in, url)


def upgrade_and_be_killed(url: str, number: int) -> None:
    """Upgrade, and be killed before the n-th statement that changes the schema."""
    engine = connect_database(url)
    seen = 0

    @event.listens_for(engine, "before_cursor_execute")
    def count(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal seen
        seen += statement.lstrip().upper().startswith(("CREATE", "ALTER", "DROP", "INSERT", "UPDATE"))
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    upgrade_database(engine)


@pytest.mark.parametrize("number", [1, 9])
def test_fault_121_an_upgrade_that_is_killed_half_way_has_changed_nothing(
    lived_in: Scene, new_database: Callable[[], str], number: int
) -> None:
    url = new_database()
    old = as_of(FIRST, lived_in, url)
    old.dispose()
    assert wait_for(start_process(upgrade_and_be_killed, url, number)) == KILLED
    with old.connect() as connection:
        assert schema.current_revision(connection) == FIRST
    with pytest.raises(SchemaOutOfDate, match="make migrate"):
        open_database(url)
    assert upgrade_database(old) == FIRST
    old.dispose()
    go_on_with(lived_in, url)


def upgrade_and_leave(url: str) -> None:
    """What each of several people does at once."""
    upgrade_database(connect_database(url))


def test_fault_121_two_upgrades_at_once_are_one(lived_in: Scene, new_database: Callable[[], str]) -> None:
    url = new_database()
    as_of(FIRST, lived_in, url).dispose()
    people = [start_process(upgrade_and_leave, url) for _ in range(3)]
    assert [wait_for(one) for one in people] == [0, 0, 0]
    go_on_with(lived_in, url)


def test_fault_121_a_worker_that_is_still_at_work_is_not_upgraded_under(
    lived_in: Scene, new_database: Callable[[], str]
) -> None:
    url = new_database()
    old = as_of(FIRST, lived_in, url)
    with (
        hold_lease(old, "ws_1@424242", holder="run 7 apply_create", seconds=180),
        pytest.raises(ConfigurationError, match="Stop the runs first: run 7 apply_create works on ws_1@424242"),
    ):
        upgrade_database(old)
    assert upgrade_database(old) == FIRST
    old.dispose()


def test_fault_121_old_code_is_refused_by_the_version_of_the_schema(lived_in: Scene) -> None:
    with writing(lived_in.services.engine) as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608 - our own table
    url = lived_in.services.engine.url.render_as_string(hide_password=False)
    for use in (open_database, lambda address: upgrade_database(connect_database(address))):
        with pytest.raises(SchemaOutOfDate, match=r"newer than this code\. Install the newer version"):
            use(url)

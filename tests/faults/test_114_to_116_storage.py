"""Faults 114 to 116: a database file that is locked, read-only or full, and a pool that has nothing left."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import event, update

from booking_sync.boundary import Act, Moment, watched
from booking_sync.errors import StoreFailed
from booking_sync.store.database import reading, writing
from booking_sync.store.tables import lease
from tests.faults.ways import CREATE, assert_made_once, statuses
from tests.flow.scene import Scene
from tests.simulation.boundaries import here


def file_of(scene: Scene) -> Path:
    return Path(scene.database_url.removeprefix("sqlite:///"))


def test_fault_114_a_file_that_stays_locked_is_waited_for_and_named(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    event.listen(scene.services.engine, "begin", _impatient, insert=True)
    with sqlite3.connect(file_of(scene), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began_at = time.monotonic()
        with pytest.raises(StoreFailed, match="it is locked by another program") as failure:
            scene.run()
        assert time.monotonic() - began_at < 5
        other.execute("ROLLBACK")
    other.close()
    assert failure.value.is_transient
    assert statuses(scene, CREATE) == []
    scene.run()
    assert_made_once(scene, booking_id)


def _impatient(connection: object) -> None:
    connection.connection.driver_connection.execute("PRAGMA busy_timeout=100")  # type: ignore[attr-defined]  # SQLAlchemy gives a Connection


def test_fault_114_a_file_that_is_locked_for_a_moment_is_waited_for(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    blocked: list[sqlite3.Connection] = []

    def lock(act: Act, moment: Moment) -> None:
        if not blocked and str(here(act, moment)) == "record.record_intent.commit.after":
            other = sqlite3.connect(file_of(scene), isolation_level=None, check_same_thread=False)
            other.execute("BEGIN IMMEDIATE")
            blocked.append(other)
            threading.Timer(0.3, other.rollback).start()

    with watched(lock):
        assert scene.run().counts["create"] == 1
    blocked[0].close()
    assert_made_once(scene, booking_id)


def test_fault_114_a_file_that_cannot_be_written_is_said_before_anything_is_sent(scene: Scene) -> None:
    booking_id = scene.book()
    can_be_written = scene.database_url
    scene.database_url = f"sqlite:///file:{file_of(scene)}?mode=ro&uri=true"
    with pytest.raises(StoreFailed, match=r"its file, or the folder of it, cannot be written") as failure:
        scene.run(services=scene.new_services())
    assert not failure.value.is_transient
    assert scene.sandbox.hubspot.history.writes() == []
    scene.database_url = can_be_written
    scene.run()
    assert_made_once(scene, booking_id)


def test_fault_114_a_file_that_cannot_be_written_any_more_stops_before_the_next_request(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    made_read_only: list[bool] = []

    def protect(act: Act, moment: Moment) -> None:
        if not made_read_only and str(here(act, moment)) == "record.record_created.commit.before":
            made_read_only.append(True)
            event.listen(scene.services.engine, "begin", _read_only)

    with watched(protect), pytest.raises(StoreFailed, match="cannot be written"):
        scene.run()
    assert [entry.path for entry in scene.sandbox.hubspot.history.writes()][-1].endswith(CREATE)
    assert_the_next_worker_mends_it(scene)
    assert_made_once(scene, booking_id)


def _read_only(connection: object) -> None:
    connection.connection.driver_connection.execute("PRAGMA query_only=ON")  # type: ignore[attr-defined]  # SQLAlchemy gives a Connection


def test_fault_115_a_full_disk_stops_before_the_next_request_and_leaves_a_trace(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [scene.book(invitees=["all@example.com"]) for _ in range(120)][:30]
    scene.run()
    for booking_id in ids:
        scene.move(booking_id, 9)
    filled: list[bool] = []

    def fill(act: Act, moment: Moment) -> None:
        if not filled and str(here(act, moment)) == "hubspot.create_activities.request.after":
            filled.append(True)
            with sqlite3.connect(file_of(scene)) as other:
                other.execute("VACUUM")
            other.close()
            event.listen(scene.services.engine, "begin", _no_space)

    with watched(fill):
        report = scene.run(may_be_red=True)
    assert "the disk is full" in report.reason
    assert [entry.path for entry in scene.sandbox.hubspot.history.writes()][-1].endswith(CREATE)  # and no archive
    new = {max((one["id"] for one in scene.activities(booking_id)), key=int) for booking_id in ids}
    (trace,) = [one.getMessage() for one in caplog.records if "could not be recorded" in one.getMessage()]
    assert all(f"is object {activity_id}" in trace for activity_id in new)
    assert_the_next_worker_mends_it(scene)
    assert {len(scene.activities(booking_id, include_archived=True)) for booking_id in ids} == {2}
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def _no_space(connection: object) -> None:
    """Allow the file not one page more than it has, all of which are in use."""
    connection.connection.driver_connection.execute("PRAGMA max_page_count=1")  # type: ignore[attr-defined]  # SQLAlchemy gives a Connection


def assert_the_next_worker_mends_it(scene: Scene) -> None:
    """Let the process end, which could not even give its lease back, and another one come when all has rested."""
    scene.services = scene.new_services()
    with writing(scene.services.engine) as connection:
        connection.execute(update(lease).values(process_started_at=0.0))
    scene.run_after_quiet_time()
    scene.run()


def test_fault_116_a_pool_with_nothing_left_is_waited_for_and_named(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    engine = scene.services.engine
    assert engine.pool._timeout <= 60  # what is waited for in production
    engine.pool._timeout = 0.1
    taken = [engine.connect() for _ in range(engine.pool.size() + engine.pool._max_overflow)]
    with pytest.raises(StoreFailed, match="all connections to it are in use") as failure:
        scene.run()
    assert failure.value.is_transient
    assert statuses(scene, CREATE) == []
    for connection in taken:
        connection.close()
    scene.run()
    assert_made_once(scene, booking_id)


def test_fault_116_a_run_gives_every_connection_back(scene: Scene) -> None:
    for number in range(3):
        scene.book(f"bk_{number}")
        scene.run()
    assert scene.services.engine.pool.checkedout() == 0
    with reading(scene.services.engine) as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1

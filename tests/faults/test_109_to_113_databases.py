"""Faults 109 to 113: wrong clocks, much to read, and a database that loses connections and transactions."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, event, select, text

from booking_sync import planning
from booking_sync.boundary import Act, Moment, watched
from booking_sync.errors import LeaseHeld
from booking_sync.model import Booking
from booking_sync.store.clock import database_clock, database_now
from booking_sync.store.database import connect_database, reading
from booking_sync.store.lease import hold_lease
from booking_sync.store.tables import contact_link
from tests.faults.ways import CREATE, WorkerDied, assert_made_once, dying_at, statuses
from tests.flow.scene import Scene
from tests.postgres_server import PostgresServer
from tests.simulation.boundaries import here

HOUR = timedelta(hours=1)
RECORD = "record.record_created.commit"


@pytest.mark.postgres
@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR])
def test_fault_109_workers_go_by_the_databases_clock(postgres_scene: Scene, wrong_by: timedelta) -> None:
    engine = postgres_scene.services.engine
    with time_machine.travel(datetime.now(UTC) + wrong_by, tick=True):
        clock = database_clock(engine)
        with reading(engine) as connection:
            assert abs(clock() - database_now(connection)) < timedelta(seconds=5)
        with (
            hold_lease(engine, "ws@1", holder="a worker whose clock is wrong", seconds=60),
            time_machine.travel(datetime.now(UTC) - wrong_by, tick=True),
            pytest.raises(LeaseHeld) as held,
            hold_lease(engine, "ws@1", holder="another", seconds=60),
        ):
            pytest.fail("two workers hold one integration")
    assert 50 < held.value.seconds_left <= 60


def test_fault_109_setting_the_clock_while_a_worker_runs_moves_no_time_of_it(scene: Scene) -> None:
    clock = database_clock(scene.services.engine)
    before = clock()
    for step in (-HOUR, HOUR, timedelta(days=-400)):
        with time_machine.travel(datetime.now(UTC) + step, tick=True):
            assert timedelta(0) <= clock() - before < timedelta(seconds=60)


def test_fault_109_a_clock_that_jumps_back_between_two_runs_skips_no_window(scene: Scene) -> None:
    scene.run()
    scene.clock.advance(3_600)
    scene.run()
    scene.clock.advance(-3_000)
    booking_id = scene.book(at=scene.clock.now)
    for _ in range(5):
        scene.clock.advance(900)
        scene.run_scheduled(scene.clock.now - timedelta(seconds=900), scene.clock.now)
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize(("count", "chunk"), [pytest.param(50_000, 2_000, marks=pytest.mark.soak), (600, 250)])
def test_fault_110_no_more_than_a_chunk_of_bookings_is_in_memory_and_a_killed_run_starts_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, count: int, chunk: int
) -> None:
    monkeypatch.setattr(planning, "CHUNK", chunk)
    for number in range(count):
        scene.book(f"bk_{number:05}", invitees=["all@example.com"])
    alive: list[int] = []

    def look(act: Act, moment: Moment) -> None:
        if act is Act.COMMIT and moment is Moment.BEFORE:
            alive.append(sum(isinstance(one, Booking) for one in gc.get_objects()))
            if str(here(act, moment)) == "planning.make_and_save_plan.commit.before":
                raise WorkerDied

    gc.collect()
    gc.freeze()  # what is there already is not looked at
    try:
        with pytest.raises(WorkerDied), watched(look):
            scene.run()
    finally:
        gc.unfreeze()
    assert 0 < max(alive) <= chunk
    scene.clock.advance(3_600)
    assert scene.run(dry_run=True).counts["create"] == count


@contextmanager
def losing_the_connection(engine: Engine, boundary: str) -> Iterator[list[str]]:
    """End our session on the server, once, when the worker in the block comes to a boundary; gives what struck."""
    struck: list[str] = []

    def cut(act: Act, moment: Moment) -> None:
        if not struck and str(here(act, moment)) == boundary:
            struck.append(boundary)
            end_all_sessions(engine)

    with watched(cut):
        yield struck


def end_all_sessions(engine: Engine) -> None:
    other = connect_database(engine.url.render_as_string(hide_password=False))
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    with other.connect() as connection:
        connection.execute(text(statement + "pg_backend_pid()"))
    other.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "boundary",
    [
        "planning._plan_chunk.commit.before",
        "record.record_intent.commit.before",
        "record.record_intent.commit.after",
        f"{RECORD}.before",
        f"{RECORD}.after",
    ],
)
def test_fault_111_a_connection_lost_around_a_commit_doubles_nothing(postgres_scene: Scene, boundary: str) -> None:
    scene = postgres_scene
    scene.run()
    booking_id = scene.book()
    with losing_the_connection(scene.services.engine, boundary) as struck:
        scene.run(may_be_red=True)
    assert struck
    scene.run_after_quiet_time()
    assert_made_once(scene, booking_id)


@pytest.mark.postgres
def test_fault_111_a_commit_whose_answer_is_lost_counts_as_what_the_database_says(postgres_scene: Scene) -> None:
    scene = postgres_scene
    scene.run()
    booking_id = scene.book()
    engine, lost = scene.services.engine, []
    commit = engine.dialect.do_commit

    def lose_the_answer(connection: Any) -> None:
        commit(connection)
        if scene.activities(booking_id) and not lost:  # the commit that records the activity
            lost.append(booking_id)
            end_all_sessions(engine)
            connection.cursor().execute("SELECT 1")  # finds out that the connection is gone

    engine.dialect.do_commit = lose_the_answer  # type: ignore[method-assign]  # where an answer is lost
    try:
        report = scene.run()
    finally:
        engine.dialect.do_commit = commit  # type: ignore[method-assign]  # as it was
    assert lost
    assert report.counts["create"] == 1
    assert statuses(scene, CREATE) == [201]
    assert_made_once(scene, booking_id)


@pytest.mark.postgres
def test_fault_112_a_database_that_is_restarted_in_the_middle_of_a_run(
    postgres_scene: Scene, postgres_server: PostgresServer
) -> None:
    scene = postgres_scene
    scene.run()
    booking_id = scene.book()
    restarted: list[bool] = []

    def restart(act: Act, moment: Moment) -> None:
        if not restarted and str(here(act, moment)) == f"{RECORD}.before":
            restarted.append(True)
            postgres_server.restart()

    with watched(restart):
        scene.run(may_be_red=True)
    assert restarted
    scene.run_after_quiet_time()
    assert_made_once(scene, booking_id)


@pytest.mark.postgres
def test_fault_112_a_failover_that_loses_the_last_commits_leads_to_no_second_activity(
    postgres_scene: Scene, postgres_server: PostgresServer
) -> None:
    scene = postgres_scene
    scene.book()
    scene.run()
    replica = postgres_server.copy_of(scene.database_url)
    booking_id = scene.book()
    with dying_at(f"{RECORD}.after"):  # everything since the copy is lost with it
        scene.run()
    scene.services.engine.dispose()
    scene.sandbox.hubspot.history.clear()  # the audit of it is lost as well
    scene.database_url, scene.has_exact_audit = replica, False
    scene.services = scene.new_services()
    assert [entry.path for entry in scene.writes_of(scene.run) if CREATE in entry.path] == []
    assert_made_once(scene, booking_id)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("code", "boundary"),
    [
        pytest.param("40P01", f"{RECORD}.before", id="deadlock"),
        pytest.param("40001", "planning._plan_chunk.commit.before", id="serialization failure"),
        pytest.param("55P03", "record.record_intent.commit.before", id="lock timeout"),
    ],
)
def test_fault_113_a_transaction_that_the_database_ends_is_made_again(
    postgres_scene: Scene, code: str, boundary: str
) -> None:
    scene = postgres_scene
    scene.run()
    booking_id = scene.book()
    ended: list[str] = []

    @event.listens_for(scene.services.engine, "commit")
    def end(connection: Any) -> None:
        if ended == ["soon"]:
            ended.append("now")
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")

    def soon(act: Act, moment: Moment) -> None:
        if not ended and str(here(act, moment)) == boundary:
            ended.append("soon")

    with watched(soon):
        report = scene.run()
    assert ended == ["soon", "now"]
    assert not report.is_red
    scene.run_after_quiet_time()
    assert statuses(scene, CREATE) == [201]
    assert_made_once(scene, booking_id)


@pytest.mark.postgres
def test_fault_113_two_workspaces_of_one_portal_remember_contacts_in_one_order(postgres_scene: Scene) -> None:
    """A deadlock needs two orders; rows that two workers may write at once are always written in the same one."""
    scene = postgres_scene
    for number in range(30):
        scene.book(invitees=[f"guest{number}@example.com"])
    written: list[list[str]] = []

    @event.listens_for(scene.services.engine, "before_cursor_execute")
    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        if statement.startswith("INSERT INTO contact_link"):
            rows = parameters if isinstance(parameters, list) else [parameters]
            written.append([value for row in rows for name, value in row.items() if name.startswith("email_hash")])

    scene.run()
    assert scene.rows(select(contact_link))
    assert written
    assert all(hashes == sorted(hashes) for hashes in written)

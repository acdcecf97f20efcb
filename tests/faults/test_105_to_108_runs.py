"""Faults 105 to 108: runs that meet, and workers that are killed, told to stop, or put to sleep.

Every order of two workers and a kill at every boundary are tried in the folders ``simulation`` and ``crash``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from booking_sync.boundary import Act, Moment, watched
from booking_sync.errors import Fenced, LeaseHeld
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest
from booking_sync.store.database import writing
from booking_sync.store.tables import lease
from booking_sync.task_apply import apply_create
from booking_sync.task_close_run import close_run
from booking_sync.task_diff import diff
from booking_sync.task_extract import extract
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from tests.crash.place import Place
from tests.crash.world import AFTER, BEFORE, World, open_world
from tests.faults.ways import CREATE, WorkerDied, assert_made_once, statuses
from tests.flow.scene import Scene
from tests.processes import start_process, wait_for
from tests.simulation.boundaries import here


@pytest.mark.parametrize("kind", ["scheduled", "backfill", "cleared", "manual"])
def test_fault_105_a_run_that_meets_another_one_stops_and_says_whom_it_waits_for(scene: Scene, kind: str) -> None:
    start = scene.clock.now
    scene.run()
    booking_id = scene.book()
    trigger = scene.trigger(MANUAL)
    other, met = scene.new_services(), []

    def run_the_other() -> None:
        if kind == "cleared":  # Airflow repeats a task of the very run that is at work
            opened = open_run(other, trigger, RunRequest())
            apply_create(other, opened.run_id, opened.shards[0])
        elif kind == "manual":
            scene.run(services=other)
        else:
            at_work = scene.backfill if kind == "backfill" else scene.run_scheduled
            at_work(start, scene.clock.now, services=other)

    def meet(act: Act, moment: Moment) -> None:
        if not met and str(here(act, moment)) == "hubspot.create_activities.request.before":
            met.append(kind)
            with pytest.raises(LeaseHeld, match=r"is being worked on by calendar_hubspot_sync run"):
                run_the_other()

    scene.clock.advance(60)
    with watched(meet):
        scene.reconcile(trigger, RunRequest())
    assert met
    other.engine.dispose()
    scene.run()
    assert statuses(scene, CREATE) == [201]
    assert_made_once(scene, booking_id)


@pytest.fixture
def world(database_kind: str, request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/mapping.db"
    if database_kind == "postgresql":
        url = request.getfixturevalue("postgres_url_factory")()
    with open_world(url) as one:
        yield one


def test_fault_106_two_kills_in_a_row_lose_nothing(world: World) -> None:
    for phase in ("create", "reschedule_in_place"):
        world.live_through(phase)
        killed = [
            world.run_killed_at_request(number, when, world.next_run_id()) for number, when in ((5, AFTER), (4, BEFORE))
        ]
        assert all(killed)
        assert world.recover() == []
    world.rest()


BOUNDARIES = (
    "record.record_intent.commit.after",
    "hubspot.create_activities.request.after",
    "record.record_created.commit.after",
    "hubspot.archive_activities.request.after",
)


def _die_at(boundary: str, act: Act, moment: Moment) -> None:
    if str(here(act, moment)) == boundary:
        raise WorkerDied


@pytest.mark.parametrize("second", BOUNDARIES)
@pytest.mark.parametrize("first", BOUNDARIES)
def test_fault_106_a_worker_that_dies_at_any_two_boundaries_is_made_up_for(
    scene: Scene, first: str, second: str
) -> None:
    booking_id = scene.book()
    scene.run()
    for hours, boundary in ((9, first), (11, second)):
        scene.move(booking_id, hours)
        with suppress(WorkerDied), watched(partial(_die_at, boundary)):
            scene.run(may_be_red=True)
        scene.services = scene.new_services()
    for _ in range(3):
        scene.run_after_quiet_time()
    assert len(scene.activities(booking_id)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def work_until_told_to_stop(place: Place, dag_run_id: str) -> None:
    """Work as an Airflow task does: SIGTERM becomes an exception wherever the worker is."""

    def stop(_number: int, _frame: Any) -> None:
        sys.exit(143)

    signal.signal(signal.SIGTERM, stop)
    seen: list[str] = []

    def tell_myself(act: Act, moment: Moment) -> None:
        if (act, moment) == (Act.REQUEST, Moment.AFTER):
            seen.append(act)
            if len(seen) == 11:
                os.kill(os.getpid(), signal.SIGTERM)

    with watched(tell_myself):
        reconcile(place.services(), manual_trigger(dag_run_id, "fault tests"), RunRequest())


def test_fault_107_a_worker_that_is_told_to_stop_gives_its_lease_back_and_is_continued(world: World) -> None:
    world.live_through("create")
    stopped = start_process(work_until_told_to_stop, world.place(), world.next_run_id())
    assert wait_for(stopped) == 143
    with world.services.engine.connect() as connection:
        assert connection.execute(select(lease.c.holder)).scalars().all() == [None]
    assert world.recover() == []


def test_fault_108_a_worker_that_slept_past_its_lease_records_nothing_and_sends_nothing_more(scene: Scene) -> None:
    scene.run()
    created, moved = scene.book(), scene.book("bk_moved")
    scene.run()
    scene.move(moved, 9)
    new = scene.book()
    scene.clock.advance(60)
    opened = open_run(scene.services, scene.trigger(MANUAL), RunRequest())
    for step in (extract, diff):
        step(scene.services, opened.run_id, opened.shards[0])

    def overtake(entry: Any, phase: str) -> None:
        if phase == "before" and CREATE in entry.path:
            with writing(scene.services.engine) as connection:
                connection.execute(update(lease).values(fence=lease.c.fence + 1))

    scene.hubspot.request_hook = overtake
    with pytest.raises(Fenced):
        apply_create(scene.services, opened.run_id, opened.shards[0])
    before = len(scene.sandbox.hubspot.history)
    assert apply_create(scene.services, opened.run_id, opened.shards[0]) == {}  # what it had sent is not its own now
    assert len(scene.sandbox.hubspot.history) == before  # not one request more
    scene.hubspot.request_hook = None
    with writing(scene.services.engine) as connection:
        connection.execute(update(lease).values(holder=None))
    close_run(scene.services, opened.run_id)
    scene.run()
    scene.run_after_quiet_time()
    assert len(scene.activities(new, include_archived=True)) == 1  # read back, and not made again
    assert len(scene.activities(created)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()

"""Two workers, and workers that die: one at a time, taken over at once where possible, nothing lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from booking_sync.errors import Fenced, LeaseHeld
from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from booking_sync.services import Services
from booking_sync.shard import OpenedRun
from booking_sync.store.lease import hold_lease
from booking_sync.store.tables import lease
from booking_sync.task_apply import apply_cancel, apply_create, apply_recreate
from booking_sync.task_close_run import close_run
from booking_sync.task_diff import diff
from booking_sync.task_extract import extract
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from tests.flow.scene import WORKSPACE, Scene

INTEGRATION = f"{WORKSPACE}@424242"
STEPS: tuple[Callable[..., dict[str, int]], ...] = (extract, diff, apply_create, apply_recreate, apply_cancel)
DIES_HOLDING = """
import os, sys
from booking_sync.store.database import connect_database
from booking_sync.store import lease
held = lease._acquire(connect_database(sys.argv[1]), sys.argv[2], holder="a run that dies", seconds=3600)
os._exit(1)
"""


def begin(scene: Scene, services: Services | None = None) -> OpenedRun:
    scene.clock.advance(60)
    return open_run(services or scene.services, scene.trigger(MANUAL), RunRequest())


def go_on(services: Services, opened: OpenedRun, *steps: Callable[..., dict[str, int]]) -> None:
    for step in steps:
        for shard in opened.shards:
            step(services, opened.run_id, shard)


def finish(scene: Scene, opened: OpenedRun, *steps: Callable[..., dict[str, int]]) -> RunReport:
    go_on(scene.services, opened, *steps)
    report = close_run(scene.services, opened.run_id)
    scene.check(report)
    return report


def test_a_run_that_meets_another_one_stops_and_says_who_it_is(scene: Scene) -> None:
    scene.run()
    scene.book()
    with hold_lease(scene.services.engine, INTEGRATION, holder="the other run", seconds=180):
        with pytest.raises(LeaseHeld, match="the other run") as held:
            scene.run()
        assert 0 < held.value.seconds_left <= 180
        assert scene.hubspot.activities() == []
    scene.run()
    scene.everything_is_right()


def test_the_lease_of_a_dead_process_on_this_machine_is_taken_over_at_once(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    died = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", DIES_HOLDING, scene.database_url, INTEGRATION],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "include")},
        check=False,
    )
    assert died.returncode == 1
    (row,) = scene.rows(select(lease.c.holder))
    assert row["holder"] == "a run that dies"
    scene.move(booking_id, 9)
    scene.run()
    scene.everything_is_right()


def test_a_worker_that_was_overtaken_records_nothing(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    opened = begin(scene)
    go_on(scene.services, opened, extract, diff)

    def overtake(entry: object, phase: str) -> None:
        if phase == "before" and "meetings/batch/create" in getattr(entry, "path", ""):
            with scene.services.engine.begin() as connection:
                connection.execute(update(lease).values(fence=lease.c.fence + 1))

    scene.hubspot.request_hook = overtake
    with pytest.raises(Fenced):
        go_on(scene.services, opened, apply_create)
    scene.hubspot.request_hook = None
    with scene.services.engine.begin() as connection:
        connection.execute(update(lease).values(holder=None))
    assert len(scene.activities(booking_id)) == 1  # the request itself could not be held back
    scene.run()
    scene.run_after_quiet_time()
    assert len(scene.activities(booking_id, include_archived=True)) == 1  # but it is read back, not repeated
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("stops_after", range(len(STEPS)), ids=["open", "extract", "diff", "create", "recreate"])
def test_a_run_that_dies_between_two_steps_loses_nothing(scene: Scene, stops_after: int) -> None:
    moved, cancelled, renamed = (scene.book(f"bk_{number}") for number in range(3))
    scene.run()
    scene.book("bk_new")
    scene.move(moved, 9)
    scene.calendar.cancel(cancelled)
    scene.calendar.edit(renamed, event_name="Renamed")
    go_on(scene.services, begin(scene), *STEPS[:stops_after])
    scene.clock.advance(2 * 24 * 3600)
    scene.services = scene.new_services()
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_step_that_is_repeated_does_nothing_twice(scene: Scene) -> None:
    scene.book()
    moved = scene.book()
    scene.run()
    scene.book()
    scene.move(moved, 9)
    opened = begin(scene)
    report = finish(scene, opened, *(step for step in STEPS for _ in range(2)))
    assert not report.is_red
    assert (report.counts["create"], report.counts["recreate"]) == (1, 1)
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_two_runs_that_take_turns_end_right(scene: Scene) -> None:
    moved = scene.book()
    scene.run()
    scene.book()
    scene.move(moved, 9)
    first = begin(scene)
    go_on(scene.services, first, extract)
    scene.move(moved, 11)
    other = scene.new_services()
    second = begin(scene, other)
    go_on(other, second, extract, diff)
    go_on(scene.services, first, diff)
    go_on(other, second, apply_create)
    go_on(scene.services, first, apply_create, apply_recreate)
    go_on(other, second, apply_recreate, apply_cancel)
    go_on(scene.services, first, apply_cancel)
    close_run(scene.services, first.run_id)
    scene.check(close_run(other, second.run_id))
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_window_that_a_dead_run_left_is_covered_by_the_next(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    opened = begin(scene)
    go_on(scene.services, opened, extract)
    report = close_run(scene.services, opened.run_id)  # Airflow closes a run whose tasks have failed
    scene.check(report)
    assert report.is_red
    scene.clock.advance(24 * 3600)
    scene.run()
    assert len(scene.activities(booking_id)) == 1
    scene.everything_is_right()

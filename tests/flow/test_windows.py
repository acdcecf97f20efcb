"""Which changes a run covers, and that none falls between two runs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from booking_sync.request import RunRequest
from booking_sync.store.tables import integration, integration_run
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from tests.flow.scene import QUIET_SECONDS, Scene

HOUR = timedelta(hours=1)


def watermark(scene: Scene) -> datetime:
    found: datetime = scene.rows(select(integration.c.watermark))[0]["watermark"]
    return found


def newest_window(scene: Scene) -> tuple[datetime, datetime]:
    rows = scene.rows(select(integration_run))
    newest = max(rows, key=lambda row: row["window_end"])
    return newest["window_start"], newest["window_end"]


def test_a_scheduled_run_covers_its_interval_and_moves_the_watermark(scene: Scene) -> None:
    start = scene.clock.now
    booking_id = scene.book()
    scene.clock.advance(3600)
    scene.run_scheduled(start, start + HOUR)
    assert watermark(scene) == start + HOUR  # W1
    assert len(scene.activities(booking_id)) == 1


def test_a_scheduled_run_reaches_back_to_what_is_recorded_and_overlaps(scene: Scene) -> None:
    start = scene.clock.now
    scene.clock.advance(3600)
    scene.run_scheduled(start, start + HOUR)
    missed = scene.book()
    scene.clock.advance(5 * 3600)
    scene.run_scheduled(start + 4 * HOUR, start + 5 * HOUR)  # the runs between never happened
    assert newest_window(scene)[0] == start + HOUR - timedelta(seconds=900)  # W1
    assert len(scene.activities(missed)) == 1
    assert watermark(scene) == start + 5 * HOUR


def test_a_failed_run_does_not_move_the_watermark(scene: Scene) -> None:
    start = scene.clock.now
    scene.clock.advance(3600)
    scene.run_scheduled(start, start + HOUR)
    booking_id = scene.book()
    scene.clock.advance(3600)
    scene.sandbox.calendar.switches.repeat_cursor = True
    scene.sandbox.calendar.switches.empty_pages = 300
    report = scene.run_scheduled(start + HOUR, start + 2 * HOUR, may_be_red=True)
    assert report.is_red
    assert watermark(scene) == start + HOUR
    scene.sandbox.calendar.switches.repeat_cursor, scene.sandbox.calendar.switches.empty_pages = False, 0
    scene.clock.advance(3600)
    scene.run_scheduled(start + 2 * HOUR, start + 3 * HOUR)
    assert len(scene.activities(booking_id)) == 1  # W1
    assert watermark(scene) == start + 3 * HOUR


def test_a_backfill_covers_its_interval_and_nothing_else(scene: Scene) -> None:
    scene.run()
    moment = watermark(scene)
    old = scene.calendar.book("ws_1", at=scene.at(-100))["id"]
    other = scene.calendar.book("ws_1", at=scene.at(-200))["id"]
    scene.backfill(scene.at(-120), scene.at(-96))
    assert len(scene.activities(old)) == 1  # W1
    assert scene.activities(other) == []
    assert watermark(scene) == moment


def test_a_manual_run_covers_the_window_of_its_form(scene: Scene) -> None:
    scene.run()
    moment = watermark(scene)
    inside = scene.calendar.book("ws_1", at=scene.at(-100))["id"]
    at_the_end = scene.calendar.book("ws_1", at=scene.at(-90))["id"]
    scene.run(window_start=scene.at(-100), window_end=scene.at(-90))
    assert len(scene.activities(inside)) == 1  # W1, half-open
    assert scene.activities(at_the_end) == []
    assert watermark(scene) == moment  # a gap lies between


def test_a_manual_run_can_name_bookings(scene: Scene) -> None:
    scene.run()
    wanted = scene.calendar.book("ws_1", at=scene.at(-100))["id"]
    other = scene.calendar.book("ws_1", at=scene.at(-100))["id"]
    report = scene.run(booking_ids=(wanted, "bk_unknown"))
    assert report.counts["read"] == 1  # W1
    assert [len(scene.activities(one)) for one in (wanted, other)] == [1, 0]


def test_a_manual_run_can_name_workspaces(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other")
    mine = scene.book()
    other = scene.calendar.book("ws_2")["id"]
    report = scene.run(workspaces=("ws_2",))
    assert [part.name for part in report.integrations] == ["Other"]  # W1
    assert [len(scene.activities(one)) for one in (mine, other)] == [0, 1]


def test_a_manual_run_without_a_form_covers_the_time_since_the_last_recorded_window(scene: Scene) -> None:
    scene.run()
    moment = watermark(scene)
    scene.clock.advance(7200)
    scene.run()
    assert newest_window(scene)[0] == moment - timedelta(seconds=QUIET_SECONDS)  # W1
    assert watermark(scene) == scene.clock.now


def test_scheduled_runs_leave_out_what_changed_before_the_connection(scene: Scene) -> None:
    old = scene.book()
    scene.clock.advance(2 * 3600)
    start = scene.clock.now
    scene.clock.advance(3600)
    scene.run_scheduled(start, start + HOUR)
    assert scene.activities(old) == []  # K5
    scene.clock.advance(3600)
    scene.run_scheduled(start + HOUR, start + 2 * HOUR)
    assert scene.activities(old) == []
    scene.backfill(start - 3 * HOUR, start)
    assert len(scene.activities(old)) == 1  # K5: an explicit backfill passes it on


@pytest.mark.parametrize("kind", ["sync", "moved"])
def test_a_repeated_open_of_the_same_run_is_the_same_run(scene: Scene, kind: str) -> None:
    trigger = scene.trigger(MANUAL)
    first = open_run(scene.services, trigger, RunRequest())
    scene.clock.advance(0 if kind == "sync" else 600)
    assert open_run(scene.services, trigger, RunRequest()).run_id == first.run_id

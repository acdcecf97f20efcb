"""Tasks without work connect to nothing: an apply task asks first whether the run has anything left for it."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest
from sqlalchemy import select

from booking_sync.remote import Remote
from booking_sync.request import RunRequest
from booking_sync.states import NoticeKind
from booking_sync.store import notices
from booking_sync.store.database import writing
from booking_sync.store.notices import NewNotice
from booking_sync.store.tables import integration
from booking_sync.task_apply import apply_create
from booking_sync.task_close_run import close_run
from booking_sync.task_diff import diff
from booking_sync.task_extract import extract
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from booking_sync.work_left import OPERATIONS, has_work
from tests.flow.scene import Scene


@pytest.fixture
def scene(scene_on_both: Scene) -> Scene:
    return scene_on_both


def planned(scene: Scene, **request: object) -> str:
    """Go through a run, a minute later, until its plan stands, and return its id."""
    scene.clock.advance(60)
    opened = open_run(scene.services, scene.trigger(MANUAL), RunRequest.model_validate(request))
    for step in (extract, diff):
        step(scene.services, opened.run_id, None)
    return opened.run_id


def tasks_with_work(scene: Scene, run_id: str) -> list[str]:
    return [task for task in OPERATIONS if has_work(scene.services.engine, run_id, task)]


def test_only_the_task_of_what_is_planned_has_work_and_only_until_it_is_done(scene: Scene) -> None:
    scene.run()
    scene.book()
    run_id = planned(scene)
    assert tasks_with_work(scene, run_id) == ["apply_create"]
    apply_create(scene.services, run_id, None)
    assert tasks_with_work(scene, run_id) == []
    close_run(scene.services, run_id)


@pytest.mark.parametrize(("change", "task"), [("move", "apply_recreate"), ("cancel", "apply_cancel")])
def test_a_rescheduled_and_a_cancelled_booking_are_each_the_work_of_their_own_task(
    scene: Scene, change: str, task: str
) -> None:
    booking_id = scene.book()
    scene.run()
    if change == "move":
        scene.move(booking_id, 5)
    else:
        scene.calendar.cancel(booking_id)
    assert tasks_with_work(scene, planned(scene)) == [task]


def test_a_dry_run_leaves_no_work(scene: Scene) -> None:
    scene.run()
    scene.book()
    run_id = planned(scene, dry_run=True)
    assert tasks_with_work(scene, run_id) == []
    assert close_run(scene.services, run_id).counts["create"] == 1  # it would have had


def test_a_mail_that_waits_is_work_of_the_last_task(scene: Scene) -> None:
    scene.run()
    run_id = planned(scene)
    ((integration_id,),) = [row.values() for row in scene.rows(select(integration.c.id))]
    with writing(scene.services.engine) as connection:
        new = NewNotice(
            "one", "bk_1", 1, "change", NoticeKind.RESCHEDULED, "host", "hash", "uid", 1, scene.at(2), b"sealed"
        )
        assert notices.insert_notices(connection, integration_id, [new], at=scene.at(0)) == 1
    assert tasks_with_work(scene, run_id) == ["apply_cancel"]


def test_comparing_and_closing_a_run_without_news_connect_to_neither_service(scene: Scene) -> None:
    scene.run()
    opened = open_run(scene.services, scene.trigger(MANUAL), RunRequest())
    extract(scene.services, opened.run_id, None)

    def connect() -> NoReturn:
        pytest.fail("nothing is to be said to anybody")

    silent = replace(scene.services, remote=Remote(connect))
    diff(silent, opened.run_id, None)
    assert not close_run(silent, opened.run_id).is_red

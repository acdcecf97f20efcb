"""Processes of a real Airflow that die, stop or lose touch in the middle of a write to HubSpot."""

from __future__ import annotations

import time

import psutil
import pytest
from proof.turnstile import Hold, Side

from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID
from tests.chaos.stage import ARCHIVE, CREATE, UPDATE, Stage

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

GRACE_SECONDS = 5.0
UNHEARD_SECONDS = 20.0
"""Until shortly before Airflow starts the retry; a single request may take 25 seconds before our client gives it up."""

LOOK_UP = "contacts/batch/read"


def in_the_middle(stage: Stage, path: str = CREATE, side: Side = "after") -> tuple[str, Hold, psutil.Process]:
    """Start a run with something of everything to do, and stop it at a write; return its id, the hold and the task."""
    standing = stage.standing()
    stage.book()
    stage.move(standing[0])
    stage.cancel(standing[1])
    hold = stage.stop_next(path, side)
    stage.trigger()
    task = stage.reached(hold)
    return stage.holder_run_id(), hold, task


def is_dead(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("path", "side"),
    [
        (CREATE, "after"),
        pytest.param(CREATE, "before", marks=pytest.mark.soak),
        pytest.param(UPDATE, "after", marks=pytest.mark.soak),
        pytest.param(ARCHIVE, "after", marks=pytest.mark.soak),
    ],
)
def test_fault_106_a_task_is_killed_over_a_write(stage: Stage, path: str, side: Side) -> None:
    run_id, hold, task = in_the_middle(stage, path, side)
    task.kill()
    hold.let_go()  # from "before" it still lands, after its sender is dead
    assert stage.finished(run_id) == "success"
    stage.everything_is_right()


@pytest.mark.soak
def test_fault_107_a_task_is_terminated_and_given_little_time(stage: Stage) -> None:
    run_id, hold, task = in_the_middle(stage)
    task.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and not is_dead(task):
        time.sleep(0.2)
    if not is_dead(task):
        task.kill()
    hold.drop()
    assert stage.finished(run_id) == "success"
    stage.everything_is_right()


@pytest.mark.soak
def test_the_worker_that_supervises_a_task_is_killed(stage: Stage) -> None:
    run_id, hold, task = in_the_middle(stage)
    supervisor = task.parent()
    assert supervisor is not None
    supervisor.kill()
    hold.let_go()
    stage.finished(run_id)
    stage.everything_is_right()


@pytest.mark.soak
def test_a_live_task_whose_heartbeat_is_lost_overlaps_with_its_own_retry(stage: Stage) -> None:
    run_id, first, task = in_the_middle(stage, LOOK_UP, "before")
    supervisor = task.parent()
    assert supervisor is not None
    supervisor.suspend()  # the task lives, and nobody hears of it any more
    time.sleep(UNHEARD_SECONDS)
    hold = stage.stop_next(CREATE, "after")
    first.let_go()
    stage.wait_for("the write", hold.is_reached.is_set)
    # The second try finds every creation begun, and leaves them to the first; the step after it has work, and waits.
    apply_recreate = "reconcile.apply_recreate[0]"
    stage.wait_for("the step after it", lambda: stage.task_state(run_id, apply_recreate) == "up_for_reschedule")
    assert not is_dead(task)  # over its write, while its own run waits
    assert stage.task_state(run_id, "reconcile.apply_create[0]") == "success"
    log = stage.log_of(SYNC_DAG_ID, run_id, "reconcile.apply_recreate")
    assert f"Waiting for calendar_hubspot_sync {run_id} apply_create since" in log
    hold.let_go()
    supervisor.resume()
    stage.finished(run_id)
    stage.everything_is_right()


@pytest.mark.soak
def test_fault_108_a_task_that_sleeps_past_its_lease_records_nothing_when_it_wakes(stage: Stage) -> None:
    run_id, hold, task = in_the_middle(stage)
    task.suspend()
    stage.let_lease_end()
    hold.let_go()
    other = stage.trigger(BACKFILL_DAG_ID)
    stage.finished(other, BACKFILL_DAG_ID)
    before = stage.write_count()
    task.resume()
    stage.wait_for("the sleeper to end", lambda: is_dead(task))
    assert stage.writes_since(before) == []  # it sends nothing after its lease
    stage.finished(run_id)
    stage.everything_is_right()


@pytest.mark.soak
@pytest.mark.parametrize("with_children", [False, True], ids=["alone", "with its tasks"])
def test_the_scheduler_is_killed(stage: Stage, *, with_children: bool) -> None:
    run_id, hold, _ = in_the_middle(stage)
    stage.kill("scheduler", with_children=with_children)
    hold.let_go()
    stage.start_again("scheduler", "--skip-serve-logs")
    assert stage.finished(run_id) == "success"
    stage.everything_is_right()


@pytest.mark.soak
def test_the_api_server_is_killed(stage: Stage) -> None:
    run_id, hold, _ = in_the_middle(stage)
    stage.kill("api-server", with_children=True)
    hold.let_go()
    stage.start_again("api-server")
    stage.finished(run_id)
    stage.everything_is_right()


@pytest.mark.soak
def test_a_run_is_marked_as_a_success_in_the_middle_of_a_write(stage: Stage) -> None:
    run_id, hold, task = in_the_middle(stage)
    stage.patiently(lambda: stage.api.patch(f"/dags/{SYNC_DAG_ID}/dagRuns/{run_id}", {"state": "success"}))
    stage.wait_for("its task to be stopped", lambda: is_dead(task))
    hold.drop()
    stage.everything_is_right()


@pytest.mark.soak
def test_a_task_is_marked_as_failed_in_the_middle_of_a_write(stage: Stage) -> None:
    run_id, hold, task = in_the_middle(stage)
    path = f"/dags/{SYNC_DAG_ID}/dagRuns/{run_id}/taskInstances/reconcile.apply_create/0"
    stage.patiently(lambda: stage.api.patch(path, {"new_state": "failed"}))
    stage.wait_for("its task to be stopped", lambda: is_dead(task))
    hold.drop()
    assert stage.finished(run_id) == "failed"
    stage.everything_is_right()

"""Runs that overlap in a real Airflow: one works, the others wait, say for what, and hold no slot meanwhile."""

from __future__ import annotations

import pytest

from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID
from tests.chaos.stage import CREATE, Stage

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

EXTRACT = "reconcile.extract[0]"


def running_slots(stage: Stage) -> int:
    """Return how many slots of the pool are occupied by tasks that run."""
    return int(stage.patiently(lambda: stage.api.get("/pools/default_pool"))["running_slots"])


def test_fault_105_a_backfill_waits_for_a_run_says_so_and_gives_its_slot_back(stage: Stage) -> None:
    stage.book()
    hold = stage.stop_next(CREATE, "before")
    manual = stage.trigger()
    stage.reached(hold)
    holder = stage.holder_run_id()
    other = stage.trigger(BACKFILL_DAG_ID)
    stage.wait_for(
        "the other to wait", lambda: stage.task_state(other, EXTRACT, BACKFILL_DAG_ID) == "up_for_reschedule"
    )
    assert running_slots(stage) == 1  # the one that works
    log = stage.log_of(BACKFILL_DAG_ID, other, "reconcile.extract")
    assert f"Waiting for calendar_hubspot_sync {holder} apply_create since" in log
    assert "looking again in" in log
    hold.let_go()
    assert stage.finished(manual) == "success"
    assert stage.finished(other, BACKFILL_DAG_ID) == "success"
    stage.everything_is_right()


def test_clearing_a_finished_run_does_it_again_and_writes_nothing(stage: Stage) -> None:
    stage.book()
    run_id = stage.trigger()
    assert stage.finished(run_id) == "success"
    before = stage.write_count()
    clear(stage, run_id)
    stage.wait_for("the run to begin again", lambda: stage.api.run(SYNC_DAG_ID, run_id)["state"] != "success")
    assert stage.finished(run_id) == "success"
    assert stage.writes_since(before) == []  # W2
    stage.everything_is_right()


@pytest.mark.soak
def test_fault_105_two_manual_runs_with_the_same_window_do_the_work_once(stage: Stage) -> None:
    made = stage.book()
    runs = [stage.trigger() for _ in range(2)]
    assert [stage.finished(run_id) for run_id in runs] == ["success"] * 2
    assert [len(stage.activities(one)) for one in made] == [1] * 3  # A6
    stage.everything_is_right()


@pytest.mark.soak
def test_fault_105_two_dags_that_start_at_the_same_moment_do_the_work_once(stage: Stage) -> None:
    made = stage.book()
    stage.move(stage.standing()[0])
    runs = {stage.trigger(dag_id): dag_id for dag_id in (BACKFILL_DAG_ID, SYNC_DAG_ID, BACKFILL_DAG_ID)}
    assert [stage.finished(run_id, dag_id) for run_id, dag_id in runs.items()] == ["success"] * 3
    assert [len(stage.activities(one)) for one in made] == [1] * 3  # A6
    stage.everything_is_right()


@pytest.mark.soak
def test_a_backfill_that_reprocesses_finished_days_overlaps_a_run(stage: Stage) -> None:
    stage.backfill()
    stage.all_is_quiet()
    stage.book()
    hold = stage.stop_next(CREATE, "after")
    manual = stage.trigger()
    stage.reached(hold)
    stage.backfill(reprocess="completed")
    stage.wait_for("a day to begin again", lambda: bool(active(stage)))
    hold.let_go()
    assert stage.finished(manual) == "success"
    stage.all_is_quiet()
    assert {run["state"] for run in stage.api.runs(BACKFILL_DAG_ID)} == {"success"}
    stage.everything_is_right()


@pytest.mark.soak
def test_a_run_that_is_cleared_in_the_middle_of_a_write_begins_again(stage: Stage) -> None:
    stage.book()
    hold = stage.stop_next(CREATE, "after")
    stage.trigger()
    task = stage.reached(hold)
    run_id = stage.holder_run_id()
    clear(stage, run_id)
    stage.wait_for("its task to be stopped", lambda: not task.is_running() or task.status() == "zombie")
    hold.drop()
    assert stage.finished(run_id) == "success"
    stage.everything_is_right()


def clear(stage: Stage, run_id: str) -> None:
    """Clear every task of a run."""
    body = {"dry_run": False, "only_failed": False}
    stage.patiently(lambda: stage.api.post(f"/dags/{SYNC_DAG_ID}/dagRuns/{run_id}/clear", body))


def active(stage: Stage) -> list[str]:
    """Return the runs of the backfill's DAG that are at work or queued."""
    return [run["dag_run_id"] for run in stage.api.runs(BACKFILL_DAG_ID) if run["state"] in ("queued", "running")]

"""Whole runs of the DAG against the sandbox, in this process."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from booking_sandbox.server import Sandbox
from booking_sync import task_apply, task_diff, task_extract
from booking_sync.errors import LeaseHeld
from booking_sync.services import Services
from booking_sync_airflow.identity import BACKFILL_DAG_ID
from tests.airflow.dag_runs import DagRuns, note, returned, states

pytestmark = pytest.mark.airflow

STEPS = ("extract", "diff", "apply_create", "apply_recreate", "apply_cancel")
ALL_GREEN = {"open_run": "success", **{f"reconcile.{step}[0]": "success" for step in STEPS}, "close_run": "success"}


def hubspot_writes(sandbox: Sandbox) -> int:
    return sum(1 for request in sandbox.hubspot.history if request.is_write)


def test_a_run_with_a_window_brings_the_fortnight_over_and_a_second_one_writes_nothing(  # A1, W2
    dag_runs: DagRuns, sandbox: Sandbox
) -> None:
    first = dag_runs.run_fortnight()
    writes = hubspot_writes(sandbox)
    second = dag_runs.run_fortnight()

    assert (first.state, second.state) == ("success", "success")
    assert states(first) == ALL_GREEN
    assert returned(first, "close_run")["create"] > 200
    assert writes > 0
    assert hubspot_writes(sandbox) == writes
    assert returned(second, "close_run")["create"] == 0
    assert str(returned(first, "close_run")["create"]) in (note(first) or "")


def test_the_backfill_dag_does_the_same_work_when_it_is_triggered(dag_runs: DagRuns) -> None:
    run = dag_runs.run(BACKFILL_DAG_ID, {"booking_ids": ["bk_ACME0108"]})

    assert run.state == "success"
    assert returned(run, "close_run")["create"] == 1


def test_only_ids_and_counts_pass_between_tasks(dag_runs: DagRuns, sandbox: Sandbox) -> None:
    run = dag_runs.run_fortnight()

    handed_on = json.dumps([returned(run, task) for task in ("open_run", "reconcile.extract", "reconcile.diff")])

    people = [contact["properties"] for contact in sandbox.hubspot.state.contacts()]
    assert len(people) > 10
    assert not [person["email"] for person in people if person["email"] in handed_on]


def test_a_typo_in_the_form_is_refused_before_anything_is_done(dag_runs: DagRuns, sandbox: Sandbox) -> None:
    run = dag_runs.run(conf={"dry_rnu": True})

    assert run.state == "failed"
    assert states(run)["open_run"] == "failed"
    assert "did you mean 'dry_run'" in (note(run) or "")
    assert not list(sandbox.hubspot.history)
    assert not list(sandbox.calendar.history)


def test_a_missing_connection_ends_the_run_red_with_one_sentence(
    dag_runs: DagRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_HUBSPOT_DEFAULT")

    run = dag_runs.run_fortnight()

    assert run.state == "failed"
    assert "'hubspot_default' is missing" in (note(run) or "")


def test_a_wrong_key_ends_the_run_red_and_is_not_tried_again(
    dag_runs: DagRuns, connected: dict[str, str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    wrong = json.loads(connected["AIRFLOW_CONN_HUBSPOT_DEFAULT"]) | {"password": "pat-wrong"}
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(wrong))

    run = dag_runs.run_fortnight()

    assert run.state == "failed"
    assert sum(1 for request in sandbox.hubspot.history if request.status == 401) == 1
    assert hubspot_writes(sandbox) == 0


def failing(_services: Services, _run_id: str, _shard: int) -> dict[str, int]:
    raise RuntimeError("the machine is on fire")


def test_when_the_diff_cannot_be_made_nothing_is_applied_and_the_run_is_red(
    dag_runs: DagRuns, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    monkeypatch.setattr(task_diff, "diff", failing)

    run = dag_runs.run_fortnight()

    assert run.state == "failed"
    became = states(run)
    assert {became[f"reconcile.apply_{kind}[0]"] for kind in ("create", "recreate", "cancel")} <= {
        "failed",
        "upstream_failed",
    }
    assert hubspot_writes(sandbox) == 0


def test_one_apply_that_breaks_does_not_stop_the_others_but_the_run_is_red(
    dag_runs: DagRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_apply, "apply_create", failing)

    run = dag_runs.run_fortnight()

    became = states(run)
    assert became["reconcile.apply_create[0]"] == "failed"
    assert became["reconcile.apply_recreate[0]"] == became["reconcile.apply_cancel[0]"] == "success"
    assert (became["close_run"], run.state) == ("failed", "failed")


def test_an_integration_that_is_worked_on_elsewhere_is_waited_for(
    dag_runs: DagRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("booking_sync_airflow.outcomes.SHORTEST_WAIT_SECONDS", 0.5)
    real, refusals = task_extract.extract, [1, 1]

    def busy_twice(services: Services, run_id: str, shard: int) -> dict[str, int]:
        if refusals:
            refusals.pop()
            raise LeaseHeld("Acme is worked on.", holder="another run", seconds_left=0.1)
        return real(services, run_id, shard)

    monkeypatch.setattr(task_extract, "extract", busy_twice)

    run = dag_runs.run_fortnight()

    assert refusals == []
    assert (states(run), run.state) == (ALL_GREEN, "success")


def test_nothing_of_ours_is_written_into_airflows_database(dag_runs: DagRuns, tmp_path: Path) -> None:
    dag_runs.run_fortnight()

    with sqlite3.connect(tmp_path / "booking_sync.db") as own:
        tables = {name for (name,) in own.execute("select name from sqlite_master where type = 'table'")}
    assert tables
    assert "dag_run" not in tables

# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
"""The audit as a DAG: its shape, its form, and whole runs against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.request import AuditRequest
from booking_sync_airflow.identity import AUDIT_DAG_ID
from tests.airflow.dag_runs import DagRuns, note, returned, states

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


def test_the_audit_is_mapped_between_two_tasks_and_runs_once_a_day(dag_bag: DagBag) -> None:
    dag = dag_bag.dags[AUDIT_DAG_ID]

    follows = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}

    assert follows == {"open_run": {"audit"}, "audit": {"close_run"}, "close_run": set()}
    assert dag.get_task("audit").is_mapped
    assert (dag.catchup, dag.max_active_runs, dag.start_date.year) == (False, 1, 2000)
    assert "The run is red" in (dag.doc_md or "")


def test_an_untouched_form_repairs_nothing_and_has_exactly_the_fields_that_are_understood(dag_bag: DagBag) -> None:
    from booking_sync.request import parse_form

    params = dag_bag.dags[AUDIT_DAG_ID].params

    assert set(params) == set(AuditRequest.model_fields)
    assert parse_form(AuditRequest, params.dump()) == AuditRequest()
    assert all(params.get_param(name).schema["description_md"] for name in params)


@pytest.mark.airflow
def test_an_audit_is_green_with_drift_says_it_in_its_note_and_repairs_on_request(  # D5
    dag_runs: DagRuns, sandbox: Sandbox
) -> None:
    dag_runs.run_fortnight()
    mine = _standing_activity(sandbox)
    sandbox.hubspot.state.edit_activity(mine["id"], calendar_booking_revision="1-0")
    writes = len(sandbox.hubspot.history.writes())

    reported = dag_runs.run(AUDIT_DAG_ID)
    after_report = len(sandbox.hubspot.history.writes())
    repaired = dag_runs.run(AUDIT_DAG_ID, {"repair": True})
    clean = dag_runs.run(AUDIT_DAG_ID)

    assert [run.state for run in (reported, repaired, clean)] == ["success"] * 3
    assert states(reported) == {"open_run": "success", "audit[0]": "success", "close_run": "success"}
    assert (returned(reported, "close_run")["stale"], returned(reported, "close_run")["mended"]) == (1, 0)
    assert after_report == writes
    assert returned(repaired, "close_run")["mended"] == 1
    assert returned(clean, "close_run")["stale"] == 0
    assert f"activity {mine['id']}" in (note(reported) or "")
    assert "no drift" in (note(clean) or "")


def _standing_activity(sandbox: Sandbox) -> dict[str, Any]:
    """Return an activity of ours whose meeting was not called off: an old state of one that was is no drift (X4)."""
    ours = [one for one in sandbox.hubspot.state.activities() if one["properties"].get("calendar_booking_key")]
    return next(one for one in ours if one["properties"]["hs_meeting_outcome"] == "SCHEDULED")


@pytest.mark.airflow
def test_an_audit_that_cannot_read_everything_is_red_and_repairs_nothing(dag_runs: DagRuns, sandbox: Sandbox) -> None:
    dag_runs.run_fortnight()
    sandbox.calendar.switches.repeat_cursor = True
    writes = len(sandbox.hubspot.history.writes())

    run = dag_runs.run(AUDIT_DAG_ID, {"repair": True})

    assert run.state == "failed"
    assert "came back a second time" in (note(run) or "")
    assert len(sandbox.hubspot.history.writes()) == writes


@pytest.mark.airflow
def test_a_typo_in_the_form_of_the_audit_is_refused(dag_runs: DagRuns, sandbox: Sandbox) -> None:
    run = dag_runs.run(AUDIT_DAG_ID, {"repiar": True})

    assert run.state == "failed"
    assert "did you mean 'repair'" in (note(run) or "")
    assert not list(sandbox.hubspot.history)

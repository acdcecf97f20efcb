# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
from __future__ import annotations

import subprocess
import sys
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from booking_sync.request import RunRequest
from booking_sync_airflow.identity import (
    APPROVAL_DAG_ID,
    AUDIT_DAG_ID,
    BACKFILL_DAG_ID,
    RECONCILIATION_DAG_IDS,
    SYNC_DAG_ID,
    WATCH_DAG_ID,
)
from tests.airflow.conftest import REPOSITORY

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

both = pytest.mark.parametrize("dag_id", sorted(RECONCILIATION_DAG_IDS))
LATEST = "https://json-schema.org/draft/2020-12/schema"
"""The dialect that Airflow takes where a field names none."""


@pytest.fixture(scope="module")
def dag_bag() -> DagBag:
    """Load the DAGs anew: a run inside a test's own process leaves what it was given in the fields of its DAG."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(REPOSITORY / "dags"))


def test_the_dag_folder_holds_exactly_these_dags_and_they_load(dag_bag: DagBag) -> None:
    assert dag_bag.import_errors == {}
    assert set(dag_bag.dags) == {SYNC_DAG_ID, BACKFILL_DAG_ID, AUDIT_DAG_ID, APPROVAL_DAG_ID, WATCH_DAG_ID}


def test_a_question_waits_for_a_person_in_a_dag_of_its_own(dag_bag: DagBag) -> None:
    dag = dag_bag.dags[APPROVAL_DAG_ID]

    follows = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}

    assert follows == {
        "describe_plan": {"decide"},
        "decide": {"record_answer"},
        "record_answer": {"carry_out"},
        "carry_out": set(),
    }
    assert dag.is_paused_upon_creation is False  # else nobody would be asked
    assert dag.max_active_runs > 1  # one question does not wait for the other


@both
def test_the_steps_follow_each_other_and_only_close_run_is_a_leaf(dag_bag: DagBag, dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]

    follows = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}

    applies = {"reconcile.apply_create", "reconcile.apply_recreate", "reconcile.apply_cancel"}
    assert follows == {
        "open_run": {"reconcile.extract"},
        "reconcile.extract": {"reconcile.diff"},
        "reconcile.diff": applies,
        "reconcile.apply_create": {"reconcile.apply_recreate"},
        "reconcile.apply_recreate": {"reconcile.apply_cancel"},
        "reconcile.apply_cancel": {"close_run"},
        "close_run": set(),
    }
    assert dag.get_task("close_run").trigger_rule == "all_done"


@both
def test_runs_come_one_at_a_time_and_the_past_is_not_caught_up_with(dag_bag: DagBag, dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]

    assert (dag.catchup, dag.max_active_runs) == (False, 1)


@both
def test_no_booking_is_older_than_the_dag(dag_bag: DagBag, dag_id: str) -> None:
    # Airflow ends a manual run from before start_date green, with no task run.
    assert dag_bag.dags[dag_id].start_date.year == 2000


@both
def test_the_form_has_exactly_the_fields_that_are_understood(dag_bag: DagBag, dag_id: str) -> None:
    params = dag_bag.dags[dag_id].params

    assert set(params) == set(RunRequest.model_fields)
    assert all(params.get_param(name).schema["section"] for name in params)
    assert all(params.get_param(name).schema["description_md"] or name == "workspaces" for name in params)


@pytest.mark.parametrize("typed", [None, "", "x", 5, True, [], ["x"], ["x", 5], [None], {}, {"x": 5}], ids=repr)
@both
def test_a_field_takes_and_refuses_in_its_dialect_of_json_schema_what_it_would_in_airflows_own(
    dag_bag: DagBag, dag_id: str, typed: object
) -> None:
    from airflow.sdk import Param
    from airflow.sdk.exceptions import ParamValidationError

    def takes(field: Param) -> bool:
        try:
            field.resolve(typed)
        except ParamValidationError:
            return False
        return True

    params = dag_bag.dags[dag_id].params
    ours = {name: copy(params.get_param(name)) for name in params}
    usual = {name: Param(None, schema={**field.schema, "$schema": LATEST}) for name, field in ours.items()}
    assert {name: takes(field) for name, field in ours.items()} == {name: takes(field) for name, field in usual.items()}


@both
def test_no_task_bears_a_copy_of_the_form_which_airflow_would_check_again_for_each(
    dag_bag: DagBag, dag_id: str
) -> None:
    assert [task.task_id for task in dag_bag.dags[dag_id].tasks if task.params] == []


@both
def test_an_untouched_form_asks_for_nothing(dag_bag: DagBag, dag_id: str) -> None:
    from booking_sync.request import parse_request

    assert parse_request(dag_bag.dags[dag_id].params.dump()) == RunRequest()


@both
def test_the_runbook_is_on_the_dag(dag_bag: DagBag, dag_id: str) -> None:
    assert "The run is red" in (dag_bag.dags[dag_id].doc_md or "")


@pytest.mark.parametrize("file", sorted((REPOSITORY / "dags").glob("*.py")), ids=lambda file: file.name)
def test_a_dag_file_imports_nothing_heavy(file: Path, child_environment: dict[str, str]) -> None:
    """Airflow imports the file for every task, so what it imports is paid hundreds of times a day."""
    script = (
        "import sys, airflow.sdk; before = set(sys.modules)\n"
        f"exec(compile(open({str(file)!r}).read(), 'dag', 'exec'), {{'__doc__': 'x', '__name__': 'dag'}})\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )

    result = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", script], env=child_environment, capture_output=True, text=True, check=True
    )

    loaded = set(result.stdout.split())
    assert "booking_sync_airflow" in loaded
    assert loaded.isdisjoint({"pandas", "numpy", "requests", "alembic", "booking_sync", "cryptography"})

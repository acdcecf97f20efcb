# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
"""Whole DAG runs in this process, the way ``airflow dags test`` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from booking_sync.services import utc_now
from booking_sync_airflow.identity import SYNC_DAG_ID

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dagrun import DagRun

FORTNIGHT = timedelta(days=15)


class DagRuns:
    """Runs DAGs without waiting between retries, and looks at what became of them."""

    def __init__(self, dag_bag: DagBag) -> None:
        self._dag_bag = dag_bag

    def run(self, dag_id: str = SYNC_DAG_ID, conf: Mapping[str, Any] | None = None) -> DagRun:
        dag = self._dag_bag.dags[dag_id]
        for task in dag.tasks:
            task.retry_delay = timedelta(0)
        return dag.test(run_conf=dict(conf or {}))

    def run_fortnight(self) -> DagRun:
        return self.run(conf={"window_start": (utc_now() - FORTNIGHT).isoformat()})


def states(run: DagRun) -> dict[str, str]:
    """Return the state of every task; the mapped ones with their index."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        rows = session.execute(
            select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
                TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id
            )
        ).all()
    return {f"{task}[{index}]" if index >= 0 else task: str(state) for task, index, state in rows}


def runs_of(dag_id: str) -> list[DagRun]:
    """Return the runs of a DAG."""
    from airflow.models.dagrun import DagRun as StoredRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        return list(session.scalars(select(StoredRun).where(StoredRun.dag_id == dag_id)))


def note(run: DagRun) -> str | None:
    """Return the note on the run."""
    from airflow.models.dagrun import DagRun as StoredRun
    from airflow.utils.session import create_session

    with create_session(scoped=False) as session:
        return session.get_one(StoredRun, run.id).note


def returned(run: DagRun, task_id: str) -> Any:
    """Return what a task handed on."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        row = session.scalar(
            select(XComModel).where(
                XComModel.dag_id == run.dag_id,
                XComModel.run_id == run.run_id,
                XComModel.task_id == task_id,
                XComModel.key == "return_value",
            )
        )
        return None if row is None else XComModel.deserialize_value(row)

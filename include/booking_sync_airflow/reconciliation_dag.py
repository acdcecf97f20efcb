"""The shape of a reconciliation, for the two DAGs that have it: every 15 minutes, and per day of history on request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from airflow.sdk import DAG, get_current_context, task, task_group

from booking_sync_airflow.finished import FINISHED_ALIAS
from booking_sync_airflow.records_link import GROUPS, RecordsLink
from booking_sync_airflow.steps import Shard, Step, close_run, open_run, run_step
from booking_sync_airflow.trigger_form import trigger_form

if TYPE_CHECKING:
    from airflow.sdk import XComArg
    from airflow.sdk.bases.timetable import BaseTimetable
    from airflow.timetables.base import Timetable

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Airflow ends a manual run from before ``start_date`` green without running a single task: be before every booking."""

WHATEVER_BECAME_OF_THE_ONE_BEFORE = "all_done"
"""One apply waits for the other, but does not need it.

That the diff succeeded is checked in the task: Airflow's rule for "all done and one of them succeeded" gives up, in a
mapped group, before the group is expanded (seen in 3.3.2).
"""


def reconciliation_dag(dag_id: str, *, schedule: BaseTimetable | Timetable, doc_md: str, description: str) -> DAG:
    """Make the DAG: ``open_run`` → ``reconcile`` [extract → diff → create → recreate → cancel] → ``close_run``."""
    with DAG(
        dag_id,
        description=description,
        schedule=schedule,
        start_date=LONG_AGO,
        catchup=False,
        max_active_runs=1,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=15)},
        doc_md=doc_md,
        tags=["calendar.com", "hubspot"],
    ) as dag:
        _wire()
    # Only now, so that the tasks have no copies of the fields, which Airflow would check one by one in each of them.
    dag.params.update(trigger_form())
    return dag


def _wire() -> None:
    @task(task_id="open_run", multiple_outputs=False)
    def opened() -> list[Shard]:
        return open_run(get_current_context())

    @task(task_id="close_run", multiple_outputs=False, trigger_rule="all_done", outlets=[FINISHED_ALIAS])
    def closed() -> dict[str, int]:
        return close_run(get_current_context())

    task_group(group_id="reconcile")(_reconcile).expand(shard=opened()) >> closed()


def _reconcile(shard: XComArg) -> None:
    """Reconcile the integrations of one shard, step by step."""
    planned = _step("diff")(_step("extract")(shard))
    create = _step("apply_create")(planned)
    recreate = _step("apply_recreate", trigger_rule=WHATEVER_BECAME_OF_THE_ONE_BEFORE)(planned)
    cancel = _step("apply_cancel", trigger_rule=WHATEVER_BECAME_OF_THE_ONE_BEFORE)(planned)
    create >> recreate >> cancel


def _step(step: Step, *, trigger_rule: str = "all_success") -> Callable[[XComArg], XComArg]:
    @task(task_id=step, multiple_outputs=False, trigger_rule=trigger_rule)
    def run(shard: Shard | None) -> Shard:
        return run_step(step, shard, get_current_context())

    def wired(shard: XComArg) -> XComArg:
        result = cast("Callable[[XComArg], XComArg]", run)(shard)
        if step in GROUPS:
            result.operator.operator_extra_links = (RecordsLink(),)  # type: ignore[attr-defined]  # every task's own result has it
        return result

    return wired

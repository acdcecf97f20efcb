"""Airflow's account of a DAG run, turned into the core's: a pure translation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from booking_sync.window import RunTrigger, Window

if TYPE_CHECKING:
    from airflow.sdk.types import DagRunProtocol


def run_trigger(dag_run: DagRunProtocol) -> RunTrigger:
    """Say how the run came about.

    A cleared run keeps its Airflow id but is a new piece of work, so the clear number becomes part of ours. The type is
    read from ``run_type`` and never from the id: a backfill that reprocesses a scheduled run leaves its id as it was.
    """
    run_type = str(dag_run.run_type.value)
    return RunTrigger(
        dag_id=dag_run.dag_id,
        dag_run_id=f"{dag_run.run_id}#{dag_run.clear_number}" if dag_run.clear_number else dag_run.run_id,
        run_type=run_type,
        requested_by=dag_run.triggering_user_name or run_type,
        interval=_interval(dag_run.data_interval_start, dag_run.data_interval_end),
    )


def _interval(start: datetime | None, end: datetime | None) -> Window | None:
    """Return the data interval, or None where Airflow gives none or an empty one (a run without a logical date)."""
    if start is None or end is None or start >= end:
        return None
    return Window(datetime.fromtimestamp(start.timestamp(), UTC), datetime.fromtimestamp(end.timestamp(), UTC))

"""Starting a run of another DAG from within a task."""

from __future__ import annotations

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)


def start_run(dag_id: str, run_id: str, conf: Mapping[str, object], *, is_restart: bool = False) -> bool:
    """Start a run, or begin it again where there is one of that id; return whether Airflow did so.

    What Airflow's own TriggerDagRunOperator sends. The operator needs a task instance of its own for each run that it
    starts, also for none: that would cost every sync a process.
    """
    import httpx  # noqa: PLC0415 - DAG files must not pay for it
    from airflow.sdk.exceptions import AirflowRuntimeError  # noqa: PLC0415 - DAG files must not pay for it
    from airflow.sdk.execution_time import task_runner  # noqa: PLC0415 - DAG files must not pay for it
    from airflow.sdk.execution_time.comms import (  # noqa: PLC0415 - DAG files must not pay for it
        ErrorResponse,
        TriggerDagRun,
    )

    message = TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=dict(conf), reset_dag_run=is_restart)
    try:
        answer = task_runner.SUPERVISOR_COMMS.send(message)
    except (AirflowRuntimeError, httpx.HTTPError) as error:
        log.warning("Airflow did not start %s of %s (%s); the next run tries again.", run_id, dag_id, error)
        return False
    if isinstance(answer, ErrorResponse):
        log.info("%s of %s: %s", run_id, dag_id, answer.error.value)
    return True

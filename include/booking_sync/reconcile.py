"""One run, step by step: each step is what one Airflow task does, and :func:`reconcile` goes through all of them.

Every step loops over the integrations of its shard. What one of them cannot do is recorded with the reason and never
stops the others (W6); only what concerns the whole run is raised. A step is a module of its own, because a task loads
nothing but its own step.
"""

from __future__ import annotations

from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from booking_sync.services import Services
from booking_sync.task_apply import apply_cancel, apply_create, apply_recreate
from booking_sync.task_close_run import close_run
from booking_sync.task_diff import diff
from booking_sync.task_extract import extract
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL, RunTrigger


def reconcile(services: Services, trigger: RunTrigger, request: RunRequest) -> RunReport:
    """Go through a whole run in one process."""
    opened = open_run(services, trigger, request)
    for shard in opened.shards:
        for step in (extract, diff, apply_create, apply_recreate, apply_cancel):
            step(services, opened.run_id, shard)
    return close_run(services, opened.run_id)


def manual_trigger(dag_run_id: str, requested_by: str) -> RunTrigger:
    """Describe a run that a person started outside Airflow."""
    return RunTrigger("command_line", dag_run_id, MANUAL, requested_by)

"""The daily audit as a DAG: its form, its shape and the bodies of its tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param, get_current_context, task

from booking_sync_airflow.identity import AUDIT_DAG_ID
from booking_sync_airflow.reconciliation_dag import LONG_AGO
from booking_sync_airflow.steps import Shard, hand_on, open_services, opened_run_id, tell
from booking_sync_airflow.trigger_form import approval_field, form_field, workspaces_field

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.bases.timetable import BaseTimetable


def audit_dag(*, schedule: BaseTimetable, doc_md: str) -> DAG:
    """Make the DAG: ``open_run`` → ``audit``, mapped over the shards → ``close_run``."""
    with DAG(
        AUDIT_DAG_ID,
        description="Compares bookings, mapping and HubSpot, and repairs on request",
        schedule=schedule,
        start_date=LONG_AGO,
        catchup=False,
        max_active_runs=1,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=15)},
        params=audit_form(),
        doc_md=doc_md,
        tags=["calendar.com", "hubspot"],
    ) as dag:
        _wire()
    return dag


def audit_form() -> dict[str, Param]:
    """Make the fields; every one has a default that changes nothing. The first task validates them again."""
    return {
        "workspaces": workspaces_field(),
        "repair": form_field(
            default=False,
            type="boolean",
            section="What to do",
            title="Repair",
            description_md="Mend missing and stale activities and archive duplicates. Off: only report. "
            "What a person made in HubSpot is never changed.",
        ),
        "approve_plan": approval_field("What to do"),
    }


def _wire() -> None:
    @task(task_id="open_run", multiple_outputs=False)
    def opened() -> list[Shard]:
        return _open(get_current_context())

    @task(task_id="audit", multiple_outputs=False)
    def audited(shard: Shard) -> dict[str, int]:
        return _audit(shard, get_current_context())

    @task(task_id="close_run", multiple_outputs=False, trigger_rule="all_done")
    def closed() -> dict[str, int]:
        return _close(get_current_context())

    audited.expand(shard=opened()) >> closed()


def _open(context: Context) -> list[Shard]:
    from booking_sync import audit  # noqa: PLC0415 - DAG files must not pay for it
    from booking_sync.request import AuditRequest, parse_form  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.run_trigger import run_trigger  # noqa: PLC0415 - DAG files and plugins must not pay for it

    dag_run = context["dag_run"]
    with airflow_outcomes(context):
        request = parse_form(AuditRequest, dag_run.conf or {})
        opened = audit.open_audit(open_services(), run_trigger(dag_run), request)
    return hand_on(context, opened)


def _audit(shard: Shard, context: Context) -> dict[str, int]:
    from booking_sync import audit  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it

    with airflow_outcomes(context):
        return audit.audit(open_services(), shard["run_id"], shard["number"])


def _close(context: Context) -> dict[str, int]:
    """Say what was found, and decide the colour: red only where something could not be compared."""
    from booking_sync import audit  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync.retention import prune  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.asking import ask_people  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.metrics import send_audit  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it

    run_id = opened_run_id(context)
    with airflow_outcomes(context):
        services = open_services()
        report = audit.close_audit(services, run_id)
        prune(services.engine, services.clock, services.settings.retention_days)
        ask_people(services)
        send_audit(services, run_id, AUDIT_DAG_ID, is_red=report.is_red)
    tell(context, "What this audit found", report)
    return report.counts

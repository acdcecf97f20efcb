"""The DAG that looks for trouble by itself, so that also a sync that does not run is noticed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, get_current_context, task
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from booking_sync_airflow.identity import WATCH_DAG_ID
from booking_sync_airflow.reconciliation_dag import LONG_AGO
from booking_sync_airflow.steps import open_services

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.bases.timetable import BaseTimetable


LONGEST_WATCH = timedelta(minutes=30)
"""After so long without an end, a watch does not come to work: Airflow then looks in its place."""


class WatchDag(DAG):
    """A DAG with a deadline that ``airflow dags test`` can try."""

    def test(self, *args: Any, **how: Any) -> Any:  # noqa: ANN401 - as Airflow's
        """Leave the deadline out: with one, Airflow 3.3.2 ends a try that went well with an error (its issue 73428)."""
        self.deadline = None
        return super().test(*args, **how)


def watch_dag(*, schedule: BaseTimetable, doc_md: str) -> DAG:
    """Make the DAG: one task, and a deadline for where no task comes to work.

    The deadline is this DAG's and not the sync's: nobody has to be told of one late sync, but of hours without any.
    The triggerer calls the function: it needs no worker, and a function that the executor calls may not read
    connections.
    """
    deadline = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=LONGEST_WATCH,
        callback=AsyncCallback("booking_sync_airflow.alerting.tell_operators_of_deadline"),
    )
    with WatchDag(
        WATCH_DAG_ID,
        description="Alerts operators once when the sync does not run, or something needs a person",
        schedule=schedule,
        start_date=LONG_AGO,
        catchup=False,
        max_active_runs=1,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=15)},
        deadline=deadline,
        doc_md=doc_md,
        tags=["calendar.com", "hubspot"],
    ) as dag:

        @task(task_id="watch")
        def watched() -> None:
            watch(get_current_context())

        watched()
    return dag


def watch(context: Context) -> None:
    """Tell operators what is news; red where that reached nobody."""
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - DAG files must not pay for it

    from booking_sync_airflow.alerting import alert_operators  # noqa: PLC0415 - DAG files must not pay for it
    from booking_sync_airflow.identity import NOTE_KEY  # noqa: PLC0415 - DAG files must not pay for it
    from booking_sync_airflow.metrics import send_standing  # noqa: PLC0415 - DAG files must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files must not pay for it

    with airflow_outcomes(context):
        services = open_services()
        untold = alert_operators(services, context)
        send_standing(services)
    if untold:
        context["ti"].xcom_push(NOTE_KEY, "\n".join(f"- {sentence}" for sentence in untold))
        raise AirflowFailException("; ".join(untold))

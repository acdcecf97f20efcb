"""The bodies of the tasks: each opens the services, calls one step of the core and hands ids and counts on.

Everything heavy is imported inside, because Airflow imports DAG files, and with them this module, for every task.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol, TypedDict

from booking_sync_airflow.identity import BACKFILL_DAG_ID, NOTE_KEY, RUN_ID_KEY, SYNC_DAG_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Context
    from airflow.sdk.types import DagRunProtocol
    from sqlalchemy import Engine

    from booking_sync.clients.mail import MailServer, NoMailServer
    from booking_sync.service_clients import Addresses
    from booking_sync.services import Services
    from booking_sync.shard import OpenedRun
    from booking_sync.work_left import ApplyTask

    StepOfShard = Callable[[Services, str, int | None], dict[str, int]]

Step = Literal["extract", "diff", "apply_create", "apply_recreate", "apply_cancel"]

log = logging.getLogger(__name__)


class Shard(TypedDict):
    """What travels from task to task: which part of which run, and what the last step counted."""

    run_id: str
    number: int
    counts: dict[str, int]


class Tellable(Protocol):
    """What a run or an audit has to say."""

    @property
    def is_red(self) -> bool:
        """Whether somebody has to look at it."""

    @property
    def reason(self) -> str:
        """Why it is red."""

    @property
    def table(self) -> str:
        """A table for the log."""

    @property
    def note(self) -> str:
        """The note on the run."""


def open_services(open_engine: Callable[[str], Engine] | None = None) -> Services:
    """Read settings and open our database; the connections of both services are read when something is said to them.

    ``open_engine`` opens our database, for a process that keeps it open.

    Raises:
        ConfigurationError: the database's connection, or a setting, is missing or makes no sense.
    """
    from booking_sync.services import build_services  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync.settings import Settings  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync.store.database import open_database  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.database import database_url  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.hooks.hubspot import hide_from_logs  # noqa: PLC0415 - DAG files and plugins must not pay for it

    return build_services(
        Settings.from_environment(os.environ),
        database_url=database_url(),
        addresses=_addresses,
        hide=hide_from_logs,
        open_engine=open_engine or open_database,
        mail_server=cache(_find_mail_server),
    )


def _addresses() -> Addresses:
    """Read the connections of both services."""
    from booking_sync.service_clients import Addresses  # noqa: PLC0415 - many tasks say nothing to either
    from booking_sync_airflow.hooks.calendar import CalendarHook  # noqa: PLC0415 - many tasks say nothing to either
    from booking_sync_airflow.hooks.hubspot import HubSpotHook  # noqa: PLC0415 - many tasks say nothing to either

    calendar, hubspot = CalendarHook().address(), HubSpotHook().address()
    return Addresses(calendar.url, calendar.key, hubspot.url, hubspot.key)


def _find_mail_server() -> MailServer | NoMailServer:
    from booking_sync_airflow.mail_connection import find_mail_server  # noqa: PLC0415 - few runs have anybody to tell

    return find_mail_server()


def hand_on(context: Context, opened: OpenedRun) -> list[Shard]:
    """Leave the run's id for the task that closes it, and return the shards for those in between."""
    context["ti"].xcom_push(RUN_ID_KEY, opened.run_id)
    return [Shard(run_id=opened.run_id, number=number, counts={}) for number in opened.shards]


def opened_run_id(context: Context) -> str:
    """Return the id that :func:`hand_on` left."""
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - DAG files and plugins must not pay for it

    run_id = context["ti"].xcom_pull(task_ids="open_run", key=RUN_ID_KEY)
    if run_id is None:
        raise AirflowFailException("The run was never opened; the log of open_run says why.")
    return str(run_id)


def tell(context: Context, title: str, report: Tellable) -> None:
    """Put a report into the log and on the run, and fail the task where somebody has to look at it."""
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - DAG files and plugins must not pay for it

    log.info("%s:\n%s", title, report.table)
    context["ti"].xcom_push(NOTE_KEY, report.note)
    if report.is_red:
        raise AirflowFailException(report.reason)


def refuse_nobodys_run(dag_run: DagRunProtocol) -> None:
    """Skip a run of the backfill DAG that nobody has asked for.

    Without our plugin its timetable starts some by itself.
    """
    from airflow.sdk.exceptions import AirflowSkipException  # noqa: PLC0415 - DAG files and plugins must not pay for it

    if dag_run.dag_id == BACKFILL_DAG_ID and str(dag_run.run_type.value) == "scheduled":
        raise AirflowSkipException("This DAG only works on request: by a backfill, or triggered by somebody.")


def _collect_rarely() -> None:
    """Let Python look for circles less often, before a task loads anything: loading makes it look most."""
    from booking_sync.collecting import collect_rarely  # noqa: PLC0415 - DAG files and plugins must not pay for it

    collect_rarely()


def open_run(context: Context) -> list[Shard]:
    """Validate what was asked for, open the run and deal the integrations out to a few shards."""
    _collect_rarely()
    from booking_sync.request import parse_request  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync.task_open_run import open_run as open_and_record  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.run_trigger import run_trigger  # noqa: PLC0415 - DAG files and plugins must not pay for it

    dag_run = context["dag_run"]
    refuse_nobodys_run(dag_run)
    with airflow_outcomes(context):
        request = parse_request(dag_run.conf or {})
        opened = open_and_record(open_services(), run_trigger(dag_run), request)
    return hand_on(context, opened)


def run_step(step: Step, shard: Shard | None, context: Context) -> Shard:
    """Do one step for the integrations of a shard; the core records the errors of each by itself.

    ``shard`` is what the task before handed on: None where it did not succeed.
    """
    _collect_rarely()
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - DAG files and plugins must not pay for it

    from booking_sync import telemetry  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync.log_line import log_line  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it

    if shard is None:
        raise AirflowFailException(f"{step} has no plan to work on: the step that makes it failed.")
    with (
        airflow_outcomes(context),
        telemetry.span("step", run=shard["run_id"], step=step, shard=shard["number"]),
    ):
        counts = _take(step, shard)
    log.info(log_line(step, run=shard["run_id"], shard=shard["number"], **counts))
    return Shard(run_id=shard["run_id"], number=shard["number"], counts=dict(counts))


def _take(step: Step, shard: Shard) -> dict[str, int]:
    """Take a step; one that applies changes loads and connects what it needs for that only where there are any."""
    from booking_sync.store.database import open_database  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync.work_left import OPERATIONS, has_work  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.database import database_url  # noqa: PLC0415 - DAG files and plugins must not pay for it

    run_id, number = shard["run_id"], shard["number"]
    if step not in OPERATIONS:
        return _load(step)(open_services(), run_id, number)
    engine = open_database(database_url())
    return _load(step)(open_services(lambda _: engine), run_id, number) if has_work(engine, run_id, step) else {}


def _load(step: Step) -> StepOfShard:
    """Return what takes a step, and load nothing that only other steps need."""
    if step == "extract":
        from booking_sync.task_extract import extract  # noqa: PLC0415 - the only task that needs it

        return extract
    if step == "diff":
        from booking_sync.task_diff import diff  # noqa: PLC0415 - the only task that needs it

        return diff
    from booking_sync import task_apply  # noqa: PLC0415 - only these tasks need it

    applies: dict[ApplyTask, StepOfShard] = {
        "apply_create": task_apply.apply_create,
        "apply_recreate": task_apply.apply_recreate,
        "apply_cancel": task_apply.apply_cancel,
    }
    return applies[step]


def close_run(context: Context) -> dict[str, int]:
    """Record the window, say what happened, and decide the colour of the run.

    The run's colour is that of this task, whatever the others were: it is the only leaf.
    """
    _collect_rarely()
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - DAG files and plugins must not pay for it

    from booking_sync import task_close_run  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.alerting import alert_operators  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.asking import ask_people  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.finished import tell_finished  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.metrics import send_run  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it

    refuse_nobodys_run(context["dag_run"])
    run_id = opened_run_id(context)
    with airflow_outcomes(context):
        services = open_services()
        report = task_close_run.close_run(services, run_id)
        ask_people(services)
        is_for_real = context["dag_run"].dag_id == SYNC_DAG_ID and not report.is_dry_run
        untold = alert_operators(services, context) if is_for_real else []
        covered = task_close_run.covered_window(services, run_id)
        send_run(services, run_id, context["dag_run"].dag_id, report)
    tell(context, "What this run did", report)
    failed = _failed_tasks(context)
    if failed:
        raise AirflowFailException(f"The run is not complete: {', '.join(failed)} failed. Clearing them is safe.")
    if untold:
        raise AirflowFailException("; ".join(untold))
    tell_finished(context, run_id, report, covered)
    return dict(report.counts)


def _failed_tasks(context: Context) -> list[str]:
    """Name the tasks of this run that failed; mapped ones carry their index."""
    dag_run = context["dag_run"]
    states = context["ti"].get_task_states(dag_id=dag_run.dag_id, run_ids=[dag_run.run_id])
    return sorted(
        task for task, state in states.get(dag_run.run_id, {}).items() if state in {"failed", "upstream_failed"}
    )

"""When the next scheduled run is, and starting one now: Airflow's side of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow.api.common.trigger_dag import trigger_dag
from airflow.exceptions import DagNotFound
from airflow.models import DagModel
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy.orm import Session

from booking_sync.errors import ConfigurationError
from booking_sync_airflow.identity import SYNC_DAG_ID


@dataclass(frozen=True, slots=True)
class NextRun:
    """The next scheduled run, or why there is none."""

    at: datetime | None
    why_none: str = ""


def next_run(session: Session) -> NextRun:
    """Ask Airflow."""
    dag = session.get(DagModel, SYNC_DAG_ID)
    if dag is None:
        return NextRun(None, "Airflow has not read the DAG yet")
    if dag.is_paused:
        return NextRun(None, "the DAG is paused in Airflow")
    return NextRun(dag.next_dagrun_create_after, "not planned yet")


def is_paused(session: Session) -> bool:
    """Say whether Airflow starts nothing of the DAG, also not what somebody asks for."""
    dag = session.get(DagModel, SYNC_DAG_ID)
    return dag is not None and bool(dag.is_paused)


def start_run(session: Session, person: str, *, workspaces: Sequence[str], booking_ids: Sequence[str] = ()) -> str:
    """Start a run for workspaces, or for some of their bookings; return its id in Airflow.

    Raises:
        ConfigurationError: Airflow does not know the DAG.
    """
    asked = {"workspaces": list(workspaces)} | ({"booking_ids": list(booking_ids)} if booking_ids else {})
    try:
        run = trigger_dag(
            SYNC_DAG_ID,
            triggered_by=DagRunTriggeredByType.UI,
            triggering_user_name=person,
            conf=asked,
            session=session,
        )
    except DagNotFound:
        run = None
    if run is None:
        raise ConfigurationError(f"Airflow does not know the DAG {SYNC_DAG_ID}: its file could not be read.")
    return str(run.run_id)

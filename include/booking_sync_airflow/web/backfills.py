"""Backfills under way: Airflow knows their windows, our database what each of them brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.utils.state import DagRunState
from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from booking_sync.services import Services
from booking_sync.store import status
from booking_sync.store.database import reading
from booking_sync_airflow.airflow_address import airflow_url
from booking_sync_airflow.identity import RECONCILIATION_DAG_IDS
from booking_sync_airflow.web.access import Reader
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.rendering import page

router = APIRouter()

_MOST_WINDOWS = 1_000
_SHOWN_AFTER_ITS_END = timedelta(hours=12)
_OVER = frozenset({DagRunState.SUCCESS, DagRunState.FAILED})


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a backfill has come. ``changes`` is what its windows brought to HubSpot, ``read`` what they have read."""

    dag_id: str
    from_date: datetime
    to_date: datetime
    asked_by: str
    is_paused: bool
    begun_at: datetime
    completed_at: datetime | None
    windows: int
    done: int
    failed: int
    running: int
    read: int
    changes: int
    now: datetime

    @property
    def per_hour(self) -> float:
        """How many windows end in an hour, since it began."""
        hours = ((self.completed_at or self.now) - self.begun_at) / timedelta(hours=1)
        return self.done / hours if hours > 0 else 0.0

    @property
    def read_per_hour(self) -> float:
        """How many bookings are read in an hour."""
        return self.read * self.per_hour / self.done if self.done else 0.0

    @property
    def ends_at(self) -> datetime | None:
        """When it ends if it goes on like that; None where nobody can say, or it is over."""
        if self.completed_at is not None or self.is_paused or not self.per_hour:
            return None
        return self.now + timedelta(hours=(self.windows - self.done) / self.per_hour)

    @property
    def airflow_path(self) -> str:
        """Where Airflow lists the backfills of the DAG, to pause, resume or cancel them."""
        return f"{airflow_url()}/dags/{self.dag_id}/backfills"


@router.get("/backfills")
def show_backfills(visitor: Reader, services: Backing, session: SessionDep) -> Response:
    """Show the part of the page that is loaded again while a backfill is under way."""
    return page("backfills.html", visitor, backfills=backfills_of_late(session, services))


def backfills_of_late(session: Session, services: Services) -> list[BackfillProgress]:
    """Return the backfills that are under way, or have ended within half a day, the newest first."""
    now = services.clock()
    is_recent = Backfill.completed_at.is_(None) | (Backfill.completed_at > now - _SHOWN_AFTER_ITS_END)
    statement = select(Backfill).where(Backfill.dag_id.in_(RECONCILIATION_DAG_IDS), is_recent)
    return [_progress(session, services, one, now) for one in session.scalars(statement.order_by(Backfill.id.desc()))]


def _progress(session: Session, services: Services, one: Backfill, now: datetime) -> BackfillProgress:
    statement = (
        select(DagRun.run_id, DagRun.state)
        .join(BackfillDagRun, BackfillDagRun.dag_run_id == DagRun.id)
        .where(BackfillDagRun.backfill_id == one.id)
        .order_by(BackfillDagRun.sort_ordinal)
        .limit(_MOST_WINDOWS)
    )
    windows = session.execute(statement).all()
    over = [row.run_id for row in windows if row.state in _OVER]
    with reading(services.engine) as connection:
        figures = status.figures_of_runs(connection, one.dag_id, over)
    return BackfillProgress(
        dag_id=one.dag_id,
        from_date=one.from_date,
        to_date=one.to_date,
        asked_by=one.triggering_user_name or "",
        is_paused=bool(one.is_paused),
        begun_at=one.created_at,
        completed_at=one.completed_at,
        windows=len(windows),
        done=len(over),
        failed=_count(windows, DagRunState.FAILED),
        running=_count(windows, DagRunState.RUNNING),
        read=figures.read,
        changes=figures.changes,
        now=now,
    )


def _count(windows: Sequence[object], state: DagRunState) -> int:
    return sum(getattr(row, "state", None) == state for row in windows)

"""What the page Booking sync shows of all integrations: bounded queries, however much is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from booking_sync.states import RefusedState
from booking_sync.store.read_tables import IS_KEPT, kept_booking
from booking_sync.store.statements import chunks
from booking_sync.store.stories import RunName
from booking_sync.store.tables import IS_OPEN, change, drift, integration, integration_run, refused_plan, run
from booking_sync.window import PAGE

DONE = ("create", "recreate", "cancel", "update", "adopted")
"""The figures of a run that say that something reached HubSpot."""

MOST_RUNS_OF_WEEK = 3_000
MOST_PARTS = 2_000
"""Parts of the latest runs that are looked through for what HubSpot has said of its limits."""
RUNS_FOR_BUDGET = 8


@dataclass(frozen=True, slots=True)
class PastRun(RunName):
    """A run, as the list of runs shows it. ``counts`` are its figures once it is over."""

    state: str
    opened_at: datetime
    closed_at: datetime | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A booking with something unfinished. ``since``: when Calendar.com has had it, or when it was kept first."""

    integration_id: str
    workspace_name: str
    booking_id: str | None
    what: str
    since: datetime
    state: str
    error_code: str | None
    error: str | None
    attempt_count: int


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What some runs did together: bookings read, and changes that reached HubSpot."""

    read: int
    changes: int


@dataclass(frozen=True, slots=True)
class DailyLimit:
    """How many requests HubSpot takes of a portal in a day, and how many it had counted when a run asked last."""

    most: int
    used: int
    at: datetime


def figures_of_runs(connection: Connection, dag_id: str, dag_run_ids: Sequence[str]) -> RunFigures:
    """Add up the figures of DAG runs."""
    total: Counter[str] = Counter()
    for some in chunks(dag_run_ids):
        statement = select(run.c.counts).where(run.c.dag_id == dag_id, run.c.dag_run_id.in_(some))
        for counts in connection.execute(statement).scalars():
            total.update(counts or {})
    return RunFigures(total["read"], sum(total[name] for name in DONE))


def latest_runs(connection: Connection, most: int) -> list[PastRun]:
    """Return the latest runs, the newest first; what people did on our pages is none."""
    statement = _runs().where(run.c.dag_id != PAGE).order_by(run.c.opened_at.desc()).limit(most)
    return [_past_run(row) for row in connection.execute(statement).mappings()]


def counts_since(connection: Connection, since: datetime) -> list[tuple[datetime, Mapping[str, int]]]:
    """Return when runs were opened since then, and their figures; dry runs and audits have none that count here."""
    statement = (
        select(run.c.opened_at, run.c.counts)
        .where(run.c.opened_at >= since, run.c.closed_at.is_not(None), ~run.c.is_dry_run, run.c.dag_id != PAGE)
        .order_by(run.c.opened_at.desc())
        .limit(MOST_RUNS_OF_WEEK)
    )
    return [(row.opened_at, row.counts) for row in connection.execute(statement) if "read" in (row.counts or {})]


def open_by_state(connection: Connection) -> dict[str, int]:
    """Count the open changes by state."""
    statement = select(change.c.state, func.count()).where(IS_OPEN).group_by(change.c.state)
    return {row[0]: row[1] for row in connection.execute(statement)}


def open_changes(connection: Connection, most: int) -> list[OpenItem]:
    """Return open changes, those that have waited longest first; those of refused plans, many at once, come last."""
    since = func.coalesce(change.c.booking_updated_at, change.c.planned_at).label("since")
    columns = ("integration_id", "booking_id", "operation", "state", "error_code", "error", "attempt_count")
    is_refused = change.c.refused_at.is_not(None).label("is_refused")
    found = select(*(change.c[name] for name in columns), since, is_refused).where(IS_OPEN)
    first = found.order_by(is_refused, since).limit(most).subquery()
    named = select(*(first.c[name] for name in columns), first.c.since, integration.c.workspace_name)
    joined = named.join(integration, integration.c.id == first.c.integration_id)
    rows = connection.execute(joined.order_by(first.c.is_refused, first.c.since)).mappings()
    return [_open_item(row) for row in rows]


def open_kept(connection: Connection, most: int) -> tuple[list[OpenItem], int]:
    """Return bookings that are read again by every run, the longest kept first, and how many there are."""
    count = connection.execute(select(func.count()).select_from(kept_booking).where(IS_KEPT)).scalar_one()
    statement = (
        select(
            kept_booking.c.integration_id,
            kept_booking.c.booking_id,
            kept_booking.c.kind.label("operation"),
            kept_booking.c.kind.label("state"),
            kept_booking.c.reason.label("error"),
            kept_booking.c.kept_at.label("since"),
            integration.c.workspace_name,
        )
        .join(integration, integration.c.id == kept_booking.c.integration_id)
        .where(IS_KEPT)
        .order_by(kept_booking.c.kept_at)
        .limit(most)
    )
    rows = connection.execute(statement).mappings()
    return [_open_item({**row, "error_code": None, "attempt_count": 0}) for row in rows], count


def integrations_with_waiting(connection: Connection, most: int) -> set[str]:
    """Return the integrations in which a change is open or a booking is kept."""
    with_changes = select(change.c.integration_id).where(IS_OPEN).distinct().limit(most)
    with_kept = select(kept_booking.c.integration_id).where(IS_KEPT).distinct().limit(most)
    found = {*connection.execute(with_changes).scalars(), *connection.execute(with_kept).scalars()}
    return set(sorted(found)[:most])


def last_run_of(connection: Connection, dag_id: str) -> PastRun | None:
    """Return the last run of a DAG that is over."""
    statement = _runs().where(run.c.dag_id == dag_id, run.c.closed_at.is_not(None))
    row = connection.execute(statement.order_by(run.c.opened_at.desc()).limit(1)).mappings().first()
    return None if row is None else _past_run(row)


def drifts_of(connection: Connection, run_id: str) -> dict[str, tuple[int, int]]:
    """Return by kind how much an audit has found, and how much of it was mended."""
    mended = func.sum(case((drift.c.mended, 1), else_=0))
    statement = select(drift.c.kind, func.count(), mended).where(drift.c.run_id == run_id).group_by(drift.c.kind)
    return {row[0]: (row[1], int(row[2] or 0)) for row in connection.execute(statement)}


def waiting_plans(connection: Connection) -> int:
    """Count the refused plans that wait for a person."""
    statement = select(func.count()).where(refused_plan.c.state == RefusedState.WAITING)
    return connection.execute(statement).scalar_one()


def daily_limits(connection: Connection) -> dict[str, DailyLimit]:
    """Return by portal what HubSpot said last of its daily limit, as the latest runs have recorded it."""
    latest = select(run.c.id).where(run.c.dag_id != PAGE).order_by(run.c.opened_at.desc()).limit(RUNS_FOR_BUDGET)
    statement = (
        select(integration.c.portal_id, integration_run.c.counts, run.c.opened_at)
        .join(run, run.c.id == integration_run.c.run_id)
        .join(integration, integration.c.id == integration_run.c.integration_id)
        .where(integration_run.c.run_id.in_(latest))
        .limit(MOST_PARTS)
    )
    newest: dict[str, DailyLimit] = {}
    for row in connection.execute(statement):
        limit, remaining = row.counts.get("daily_limit"), row.counts.get("daily_remaining")
        if limit is None or remaining is None:
            continue
        if row.portal_id not in newest or newest[row.portal_id].at < row.opened_at:
            newest[row.portal_id] = DailyLimit(limit, limit - remaining, row.opened_at)
    return newest


def _runs() -> Any:  # noqa: ANN401 - SQLAlchemy's type of a select names each column
    return select(*(run.c[name] for name in PastRun.__dataclass_fields__))


def _past_run(row: Mapping[Any, Any]) -> PastRun:
    return PastRun(**{**row, "counts": row["counts"] or {}})


def _open_item(row: Mapping[Any, Any]) -> OpenItem:
    return OpenItem(
        integration_id=row["integration_id"],
        workspace_name=row["workspace_name"],
        booking_id=row["booking_id"],
        what=row["operation"],
        since=row["since"],
        state=row["state"],
        error_code=row["error_code"],
        error=row["error"],
        attempt_count=row["attempt_count"],
    )

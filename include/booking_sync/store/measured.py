"""Figures for monitoring, each from one bounded query: sums and ages, and ids of workspaces and portals at the most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from booking_sync.states import AuditOutcome, ChangeState, IntegrationState
from booking_sync.store.read_tables import IS_KEPT, kept_booking
from booking_sync.store.tables import IS_IN_FLIGHT, IS_OPEN, audit, change, integration, refused_plan, run

_IS_WORKING = (integration.c.state == IntegrationState.CONNECTED, integration.c.paused_at.is_(None))


def counts_of_run(connection: Connection, run_id: str) -> Mapping[str, int]:
    """Return the figures of a run that is over."""
    return connection.execute(select(run.c.counts).where(run.c.id == run_id)).scalar() or {}


def writes_of_run(connection: Connection, run_id: str) -> dict[tuple[str, str, str], int]:
    """Count a run's writes to HubSpot by action, object and outcome; the most usual kind also if there are none."""
    found: Counter[tuple[str, str, str]] = Counter(
        {("create", "activity", outcome.value): 0 for outcome in AuditOutcome}
    )
    alike = (audit.c.action, audit.c.object_type, audit.c.outcome)
    for row in connection.execute(select(*alike, func.count()).where(audit.c.run_id == run_id).group_by(*alike)):
        found[row[0], row[1], row[2]] += row[3]
    return dict(found)


def plans_refused_by_run(connection: Connection, run_id: str) -> int:
    """Count the plans of a run that were refused."""
    statement = select(func.count()).select_from(refused_plan).where(refused_plan.c.run_id == run_id)
    return connection.execute(statement).scalar_one()


def kept_by_reason(connection: Connection) -> dict[str, int]:
    """Count what every run reads again: bookings that were kept, by kind, and changes that were."""
    kept_changes = select(func.count()).select_from(change).where(IS_OPEN, change.c.state == ChangeState.KEPT)
    found = {"rejected": 0, "change": connection.execute(kept_changes).scalar_one()}
    statement = select(kept_booking.c.kind, func.count()).where(IS_KEPT).group_by(kept_booking.c.kind)
    return found | {row[0]: row[1] for row in connection.execute(statement)}


def integrations_by_state(connection: Connection) -> dict[str, int]:
    """Count the integrations by state; those that a person has paused count as paused."""
    state = case((_IS_WORKING[0] & integration.c.paused_at.is_not(None), "paused"), else_=integration.c.state)
    found = connection.execute(select(state, func.count()).group_by(state))
    return {one.value: 0 for one in IntegrationState} | {row[0]: row[1] for row in found}


def oldest_unanswered_at(connection: Connection) -> datetime | None:
    """Return when the oldest request whose outcome nobody knows was sent."""
    at: datetime | None = connection.execute(select(func.min(change.c.sent_at)).where(IS_IN_FLIGHT)).scalar()
    return at


def furthest_behind(connection: Connection, most: int) -> list[tuple[str, datetime]]:
    """Return the workspaces that are furthest behind, and until when everything of theirs is recorded."""
    statement = select(integration.c.workspace_id, integration.c.watermark).where(*_IS_WORKING)
    rows = connection.execute(statement.order_by(integration.c.watermark).limit(most))
    return [(row[0], row[1]) for row in rows]


def swept_since(connection: Connection, since: datetime) -> tuple[int, int]:
    """Count the working integrations, and those of them in whose portal a sweep has looked since then."""
    is_swept = func.sum(case((integration.c.swept_at >= since, 1), else_=0))
    row = connection.execute(select(func.count(), is_swept).select_from(integration).where(*_IS_WORKING)).one()
    return row[0], int(row[1] or 0)

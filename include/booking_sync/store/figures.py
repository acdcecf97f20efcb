"""Figures of an integration for the page: its last run, and what the last day brought."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from booking_sync.states import OPEN_STATES, ChangeState, RunState
from booking_sync.store.tables import change, integration_run, run


@dataclass(frozen=True, slots=True)
class LastPart:
    """An integration's part in the last run that is over. ``reason`` says what was not done."""

    dag_id: str
    dag_run_id: str
    opened_at: datetime
    closed_at: datetime
    is_failed: bool
    is_dry_run: bool
    reason: str | None


def last_part(connection: Connection, integration_id: str) -> LastPart | None:
    """Return the part in the last run that is over, or None where there was none yet."""
    statement = (
        select(
            run.c.dag_id,
            run.c.dag_run_id,
            run.c.opened_at,
            run.c.closed_at,
            run.c.is_dry_run,
            integration_run.c.state,
            integration_run.c.reason,
        )
        .join(integration_run, integration_run.c.run_id == run.c.id)
        .where(integration_run.c.integration_id == integration_id, run.c.closed_at.is_not(None))
        .order_by(run.c.opened_at.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    if row is None:
        return None
    is_failed = row.state == RunState.FAILED
    return LastPart(row.dag_id, row.dag_run_id, row.opened_at, row.closed_at, is_failed, row.is_dry_run, row.reason)


def counts_since(connection: Connection, integration_id: str, since: datetime) -> Counter[str]:
    """Count the changes carried out since then by operation, and what is ``kept`` now."""
    done = (
        select(change.c.operation, func.count())
        .where(
            change.c.integration_id == integration_id, change.c.state == ChangeState.DONE, change.c.closed_at >= since
        )
        .group_by(change.c.operation)
    )
    kept = select(func.count()).where(change.c.integration_id == integration_id, change.c.state.in_(OPEN_STATES))
    counts = Counter({str(operation): int(count) for operation, count in connection.execute(done)})
    counts["kept"] = connection.execute(kept).scalar_one()
    return counts

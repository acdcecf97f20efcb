"""Figures of every integration for the page, each with one query: last runs, what was done since, calls to HubSpot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from booking_sync.clients.rate_budget import HEADERS
from booking_sync.states import ChangeState, RunState
from booking_sync.store.tables import IS_OPEN, change, integration_run, run

LATEST_RUNS = 50
"""How many runs are looked through for an integration's last one: half a day of scheduled runs."""


@dataclass(frozen=True, slots=True)
class LastPart:
    """An integration's part in the last run that is over. ``reason`` says what was not done.

    ``budget``: what HubSpot said of its limits (``rate_budget.HEADERS``), empty where the run did not have to ask it.
    """

    dag_id: str
    dag_run_id: str
    opened_at: datetime
    closed_at: datetime
    is_failed: bool
    is_dry_run: bool
    reason: str | None
    budget: Mapping[str, int]


def last_parts(connection: Connection) -> dict[str, LastPart]:
    """Return by integration its part in the last run that is over, if that is one of the latest runs."""
    names = ("id", "dag_id", "dag_run_id", "opened_at", "closed_at", "is_dry_run")
    closed = select(*(run.c[name] for name in names)).where(run.c.closed_at.is_not(None))
    newest_first = connection.execute(closed.order_by(run.c.opened_at.desc()).limit(LATEST_RUNS)).all()
    columns = (integration_run.c[name] for name in ("run_id", "integration_id", "state", "reason", "counts"))
    parts = select(*columns).where(integration_run.c.run_id.in_([one.id for one in newest_first]))
    by_run: dict[str, list[Row[Any]]] = {}
    for part in connection.execute(parts):
        by_run.setdefault(part.run_id, []).append(part)
    return {
        part.integration_id: LastPart(
            one.dag_id,
            one.dag_run_id,
            one.opened_at,
            one.closed_at,
            part.state == RunState.FAILED,
            one.is_dry_run,
            part.reason,
            {name: part.counts[name] for name in HEADERS if name in part.counts},
        )
        for one in reversed(newest_first)
        for part in by_run.get(one.id, ())
    }


def counts_since(connection: Connection, since: datetime) -> dict[str, Counter[str]]:
    """Count by integration the changes carried out since then by operation, and what is ``kept`` now."""
    by_operation = (change.c.integration_id, change.c.operation)
    done = (
        select(*by_operation, func.count())
        .where(change.c.state == ChangeState.DONE, change.c.closed_at >= since)
        .group_by(*by_operation)
    )
    kept = select(change.c.integration_id, func.count()).where(IS_OPEN).group_by(change.c.integration_id)
    counts: dict[str, Counter[str]] = {}
    for id_, operation, count in connection.execute(done):
        counts.setdefault(id_, Counter())[operation] += count
    for id_, count in connection.execute(kept):
        counts.setdefault(id_, Counter())["kept"] = count
    return counts


def calls_since(connection: Connection, since: datetime) -> dict[str, int]:
    """Sum by integration the requests that runs made to HubSpot since then, those repeated included."""
    calls = func.sum(integration_run.c.counts["hubspot_calls"].as_integer())
    statement = (
        select(integration_run.c.integration_id, calls)
        .join(run, integration_run.c.run_id == run.c.id)
        .where(run.c.opened_at >= since)
        .group_by(integration_run.c.integration_id)
    )
    return {id_: int(count or 0) for id_, count in connection.execute(statement)}

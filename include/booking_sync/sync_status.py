"""What the page Booking sync shows: how fresh HubSpot is, what waits and why, what the last runs and audit did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_sync.budget import Budget, budgets
from booking_sync.freshness import freshness_in, percentile
from booking_sync.services import Services
from booking_sync.states import ChangeState
from booking_sync.store import ignored, status
from booking_sync.store.database import reading
from booking_sync.store.ignored import Ignored
from booking_sync.store.status import DONE, OpenItem, PastRun

DAY, WEEK = timedelta(days=1), timedelta(days=7)
BIN = timedelta(hours=6)
MOST_ITEMS = 200
MOST_RUNS = 100


@dataclass(frozen=True, slots=True)
class Span:
    """Figures of a span of time, all integrations together; percentiles in seconds."""

    start: datetime
    end: datetime
    counts: Mapping[str, int]
    p50_seconds: int | None
    p99_seconds: int | None
    measured: int
    runs: int

    @property
    def changes(self) -> int:
        """How many changes reached HubSpot."""
        return sum(self.counts.get(name, 0) for name in DONE)

    @property
    def per_hour(self) -> float:
        """That, by the hour."""
        return self.changes / ((self.end - self.start) / timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Everything on the page. ``items`` and ``kept`` are the first of ``open_by_state`` and ``kept_count``."""

    now: datetime
    day: Span
    week: Span
    bins: Sequence[Span]
    items: Sequence[OpenItem]
    open_by_state: Mapping[str, int]
    kept: Sequence[OpenItem]
    kept_count: int
    ignored: Sequence[tuple[str, Ignored]]
    ignored_count: int
    waiting_plans: int
    last_audit: PastRun | None
    drifts: Mapping[str, tuple[int, int]]
    budgets: Sequence[Budget]
    runs: Sequence[PastRun]

    @property
    def open_count(self) -> int:
        """How many changes are open."""
        return sum(self.open_by_state.values())

    @property
    def unknown_count(self) -> int:
        """How many of them have a request whose outcome nobody knows."""
        return self.open_by_state.get(ChangeState.UNKNOWN, 0) + self.open_by_state.get(ChangeState.SENDING, 0)


def sync_status(services: Services, audit_dag_id: str) -> SyncStatus:
    """Read it, with a dozen queries however much is recorded."""
    now = services.clock()
    with reading(services.engine) as connection:
        of_week = status.counts_since(connection, now - WEEK)
        kept, kept_count = status.open_kept(connection, MOST_ITEMS)
        left_out, ignored_count = ignored.latest(connection, MOST_ITEMS)
        audit = status.last_run_of(connection, audit_dag_id)
        return SyncStatus(
            now=now,
            day=_span(of_week, now - DAY, now),
            week=_span(of_week, now - WEEK, now),
            bins=[_span(of_week, start, start + BIN) for start in _bin_starts(now)],
            items=status.open_changes(connection, MOST_ITEMS),
            open_by_state=status.open_by_state(connection),
            kept=kept,
            kept_count=kept_count,
            ignored=left_out,
            ignored_count=ignored_count,
            waiting_plans=status.waiting_plans(connection),
            last_audit=audit,
            drifts=status.drifts_of(connection, audit.id) if audit else {},
            budgets=budgets(connection, now),
            runs=status.latest_runs(connection, MOST_RUNS),
        )


def _bin_starts(now: datetime) -> list[datetime]:
    """Return the beginnings of the last week's bins, which lie at fixed hours of the day."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = midnight + BIN * ((now - midnight) // BIN)
    return [last - BIN * back for back in reversed(range(WEEK // BIN))]


def _span(rows: Sequence[tuple[datetime, Mapping[str, int]]], start: datetime, end: datetime) -> Span:
    mine = [counts for at, counts in rows if start <= at < end]
    total: Counter[str] = Counter()
    for counts in mine:
        total.update(counts)
    classes = freshness_in([total])
    return Span(
        start, end, total, percentile(classes, 0.5), percentile(classes, 0.99), sum(classes.values()), len(mine)
    )

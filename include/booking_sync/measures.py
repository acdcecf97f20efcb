"""Figures for monitoring: what a run or an audit did, and how everything stands. What is sent where is not known here.

Labels are few and bounded: fixed words, ids of DAGs, and for the :data:`MOST_LABELLED` furthest behind the id of a
workspace or portal. No ids of bookings, no names, no addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from booking_sync.budget import Budget, budgets
from booking_sync.drift import DriftKind
from booking_sync.freshness import LONGEST_OF_CLASS, class_name
from booking_sync.report import COLUMNS, RunReport
from booking_sync.services import Services
from booking_sync.states import OPEN_STATES
from booking_sync.store import measured, status
from booking_sync.store.database import reading

MOST_LABELLED = 50
"""How many workspaces and portals have a figure of their own, those that matter most."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. A gauge is how something stands; anything else is added to what was counted before."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    is_gauge: bool = False


def of_run(services: Services, run_id: str, dag_id: str, report: RunReport) -> Iterator[Measure]:
    """Yield what a run did. Where nothing happened zeros are told, so that the first time is seen as a rise."""
    outcome = "dry_run" if report.is_dry_run else "failed" if report.is_red else "success"
    for one in ("success", "failed", "dry_run"):
        yield Measure("runs_total", one == outcome, {"dag": dag_id, "outcome": one})
    if report.is_dry_run:
        return
    yield Measure("bookings_read_total", report.counts["read"])
    for column in COLUMNS[1:]:
        yield Measure("bookings_total", report.counts[column], {"verdict": column})
    unbalanced = [part for part in report.integrations if part.is_recorded and not part.is_balanced]
    yield Measure("unbalanced_runs_total", bool(unbalanced))
    with reading(services.engine) as connection:
        counts = measured.counts_of_run(connection, run_id)
        writes = measured.writes_of_run(connection, run_id)
        refused = measured.plans_refused_by_run(connection, run_id)
        found = status.drifts_of(connection, run_id)
    yield from _freshness(counts)
    for (action, of, outcome_of_write), count in writes.items():
        yield Measure("remote_writes_total", count, {"action": action, "object": of, "outcome": outcome_of_write})
    yield Measure("plan_refused_total", refused)
    yield from _duplicates(found)


def of_audit(services: Services, run_id: str, dag_id: str, *, is_red: bool) -> Iterator[Measure]:
    """Yield what an audit found."""
    yield Measure("runs_total", not is_red, {"dag": dag_id, "outcome": "success"})
    yield Measure("runs_total", is_red, {"dag": dag_id, "outcome": "failed"})
    with reading(services.engine) as connection:
        found = status.drifts_of(connection, run_id)
    for kind in DriftKind:
        count, mended = found.get(kind, (0, 0))
        yield Measure("drift_objects", count - mended, {"class": kind.value}, is_gauge=True)
    yield from _duplicates(found)


def as_it_stands(services: Services) -> Iterator[Measure]:
    """Yield how everything stands now."""
    now = services.clock()
    with reading(services.engine) as connection:
        open_changes = status.open_by_state(connection)
        kept = measured.kept_by_reason(connection)
        states = measured.integrations_by_state(connection)
        oldest = measured.oldest_unanswered_at(connection)
        behind = measured.furthest_behind(connection, MOST_LABELLED)
        limits = list(_limits(budgets(connection, now)[:MOST_LABELLED]))
        working, swept = measured.swept_since(connection, now - timedelta(seconds=services.settings.freshness_seconds))
        waiting_plans = status.waiting_plans(connection)
    gauges: list[tuple[str, float, dict[str, str]]] = [
        *(("intents_open", open_changes.get(state, 0), {"state": state.value}) for state in OPEN_STATES),
        *(("parked_items", count, {"reason": reason}) for reason, count in kept.items()),
        *(("integrations", count, {"state": state}) for state, count in states.items()),
        ("unknown_outcome_age_seconds", _seconds(now, oldest), {}),
        ("checkpoint_lag_max_seconds", max((_seconds(now, at) for _, at in behind), default=0.0), {}),
        *(("checkpoint_lag_seconds", _seconds(now, at), {"workspace": id_}) for id_, at in behind),
        *(("rate_limit_remaining", most - used, labels) for labels, used, most in limits),
        *(("rate_limit_limit", most, labels) for labels, _, most in limits),
        ("sweep_coverage_ratio", swept / working if working else 1.0, {}),
        ("plans_waiting", waiting_plans, {}),
    ]
    for name, value, labels in gauges:
        yield Measure(name, value, labels, is_gauge=True)


def _limits(portals: Iterable[Budget]) -> Iterator[tuple[dict[str, str], int, int]]:
    """Yield labels, how much is used of a limit of HubSpot, and the limit."""
    for one in portals:
        for policy, use in (("burst", one.requests), ("search", one.searches), ("daily", one.daily)):
            if use is not None and use.most:
                yield {"portal": one.portal_id, "policy": policy}, use.used, use.most


def _duplicates(found: Mapping[str, tuple[int, int]]) -> Iterator[Measure]:
    """Yield how many second activities of a booking a run or an audit has found, and how many it has archived."""
    count, mended = found.get(DriftKind.DUPLICATE, (0, 0))
    yield Measure("duplicates_detected_total", count)
    yield Measure("duplicates_repaired_total", mended)


def _freshness(counts: Mapping[str, int]) -> Iterator[Measure]:
    """Yield a Prometheus histogram: each of its buckets counts what took so long at most."""
    reached = 0
    for longest in LONGEST_OF_CLASS:
        reached += counts.get(class_name(longest), 0)
        yield Measure("sync_freshness_seconds_bucket", reached, {"le": str(longest)})
    reached += counts.get(class_name(None), 0)
    yield Measure("sync_freshness_seconds_bucket", reached, {"le": "inf"})
    yield Measure("sync_freshness_seconds_count", reached)


def _seconds(now: datetime, since: datetime | None) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0

"""Runs, and each integration's part in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from booking_sync.guard import GuardNotice, WindowRead
from booking_sync.states import RunState
from booking_sync.store.statements import insert_or_update
from booking_sync.store.tables import integration, integration_run, run
from booking_sync.window import RunTrigger, Window


@dataclass(frozen=True, slots=True)
class Run:
    """One run as recorded."""

    id: str
    dag_id: str
    dag_run_id: str
    run_type: str
    requested_by: str
    request: dict[str, Any]
    is_dry_run: bool
    state: RunState
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class IntegrationRun:
    """One integration's part in a run. ``window`` is None where the run names bookings instead."""

    run_id: str
    integration_id: str
    window: Window | None
    state: RunState
    reason: str | None
    is_mending: bool
    counts: dict[str, int]
    guard: GuardNotice | None = None


@dataclass(frozen=True, slots=True)
class StepTimes:
    """When a step of a run began and ended."""

    step: str
    began_at: datetime
    ended_at: datetime


def insert_run(
    connection: Connection,
    run_id: str,
    trigger: RunTrigger,
    *,
    request: Mapping[str, Any],
    is_dry_run: bool,
    opened_at: datetime,
) -> Run:
    """Record a run, or return the one that the same DAG run has opened before (a repeated task)."""
    values = {
        "id": run_id,
        "dag_id": trigger.dag_id,
        "dag_run_id": trigger.dag_run_id,
        "run_type": trigger.run_type,
        "requested_by": trigger.requested_by[:250],
        "request": dict(request),
        "is_dry_run": is_dry_run,
        "state": RunState.OPEN,
        "opened_at": opened_at,
        "findings": {"notices": [], "problems": [], "shared_calls": {}},
    }
    connection.execute(insert_or_update(connection, run).values(values).on_conflict_do_nothing())
    same = select(run).where(run.c.dag_id == trigger.dag_id, run.c.dag_run_id == trigger.dag_run_id)
    return _run(connection.execute(same).mappings().one())


def load_run(connection: Connection, run_id: str) -> Run:
    """Return one run."""
    return _run(connection.execute(select(run).where(run.c.id == run_id)).mappings().one())


@dataclass(frozen=True, slots=True)
class Findings:
    """What concerns a run as a whole: sentences for its note, what is wrong, calls that no one integration caused."""

    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    shared_calls: Mapping[str, int] = field(default_factory=dict)


def set_findings(connection: Connection, run_id: str, findings: Findings) -> None:
    """Record what concerns the run as a whole."""
    values = {"notices": findings.notices, "problems": findings.problems, "shared_calls": findings.shared_calls}
    connection.execute(update(run).where(run.c.id == run_id).values(findings=values))


def load_findings(connection: Connection, run_id: str) -> Findings:
    """Return what :func:`set_findings` recorded."""
    found = connection.execute(select(run.c.findings).where(run.c.id == run_id)).scalar_one()
    return Findings(tuple(found["notices"]), tuple(found["problems"]), found["shared_calls"])


def close_run(
    connection: Connection, run_id: str, *, state: RunState, counts: Mapping[str, int], closed_at: datetime
) -> None:
    """Record how a run ended."""
    statement = update(run).where(run.c.id == run_id)
    connection.execute(statement.values(state=state, counts=dict(counts), closed_at=closed_at))


def insert_integration_run(connection: Connection, run_id: str, integration_id: str, window: Window | None) -> None:
    """Record that an integration takes part in a run."""
    values: dict[str, Any] = {
        "run_id": run_id,
        "integration_id": integration_id,
        "window_start": window.start if window else None,
        "window_end": window.end if window else None,
        "state": RunState.OPEN,
        "reason": None,
        "is_mending": False,
        "counts": {},
    }
    connection.execute(insert_or_update(connection, integration_run).values(values).on_conflict_do_nothing())


def set_integration_run(
    connection: Connection,
    run_id: str,
    integration_id: str,
    state: RunState,
    *,
    reason: str | None = None,
    is_mending: bool = False,
) -> None:
    """Record how far an integration has come in a run."""
    statement = update(integration_run).where(
        integration_run.c.run_id == run_id, integration_run.c.integration_id == integration_id
    )
    connection.execute(statement.values(state=state, reason=reason, is_mending=is_mending))


def set_guard(connection: Connection, run_id: str, integration_id: str, notice: GuardNotice | None) -> None:
    """Record what the plan guard says of an integration's plan."""
    mine = (integration_run.c.run_id == run_id, integration_run.c.integration_id == integration_id)
    connection.execute(update(integration_run).where(*mine).values(guard=asdict(notice) if notice else None))


def set_plan_checksum(connection: Connection, run_id: str, integration_id: str, checksum: str) -> None:
    """Record the checksum of what the run is to do for an integration, with what waits there for an approval."""
    mine = (integration_run.c.run_id == run_id, integration_run.c.integration_id == integration_id)
    connection.execute(update(integration_run).where(*mine).values(plan_checksum=checksum))


def set_counts(connection: Connection, run_id: str, integration_id: str, **counts: int) -> None:
    """Set counts of an integration's part; those not named stay."""
    _change_counts(connection, run_id, integration_id, lambda before: {**before, **counts})


def add_counts(connection: Connection, run_id: str, integration_id: str, **counts: int) -> None:
    """Add to counts of an integration's part."""
    _change_counts(
        connection,
        run_id,
        integration_id,
        lambda before: {**before, **{name: before.get(name, 0) + count for name, count in counts.items()}},
    )


def record_turn(
    connection: Connection,
    run_id: str,
    integration_id: str,
    times: StepTimes,
    *,
    budget: Mapping[str, int],
    **calls: int,
) -> None:
    """Record what an integration's turn in a step has taken: its time, the requests, and what is left of the budget.

    A step that is repeated began when it began first.
    """
    mine = (integration_run.c.run_id == run_id, integration_run.c.integration_id == integration_id)
    columns = (integration_run.c.counts, integration_run.c.step_times)
    before = connection.execute(select(*columns).where(*mine).with_for_update()).one()
    counts = {**before.counts, **budget, **{name: before.counts.get(name, 0) + count for name, count in calls.items()}}
    known = before.step_times or {}
    began_at = known[times.step][0] if times.step in known else times.began_at.isoformat()
    step_times = {**known, times.step: [began_at, times.ended_at.isoformat()]}
    connection.execute(update(integration_run).where(*mine).values(counts=counts, step_times=step_times))


def step_times(connection: Connection, run_id: str) -> list[StepTimes]:
    """Return when each step of a run began with the first and ended with the last integration, in their order."""
    statement = select(integration_run.c.step_times).where(
        integration_run.c.run_id == run_id, integration_run.c.step_times.is_not(None)
    )
    began: dict[str, datetime] = {}
    ended: dict[str, datetime] = {}
    for times in connection.execute(statement).scalars():
        for step, pair in (times or {}).items():
            first, last = (datetime.fromisoformat(at) for at in pair)
            began[step] = min(began.get(step, first), first)
            ended[step] = max(ended.get(step, last), last)
    return [StepTimes(step, began[step], ended[step]) for step in sorted(began, key=lambda step: began[step])]


def load_counts(connection: Connection, run_id: str, integration_id: str) -> dict[str, int]:
    """Return the counts of an integration's part."""
    mine = (integration_run.c.run_id == run_id, integration_run.c.integration_id == integration_id)
    counts: dict[str, int] = connection.execute(select(integration_run.c.counts).where(*mine)).scalar_one()
    return counts


def integration_runs(
    connection: Connection, run_id: str, integration_ids: Sequence[str] | None = None
) -> list[IntegrationRun]:
    """Return the parts of a run, of all integrations or of those named."""
    statement = select(integration_run).where(integration_run.c.run_id == run_id)
    if integration_ids is not None:
        statement = statement.where(integration_run.c.integration_id.in_(integration_ids))
    rows = connection.execute(statement.order_by(integration_run.c.integration_id)).mappings()
    return [_integration_run(row) for row in rows]


def portal_ids(connection: Connection, run_id: str) -> set[str]:
    """Return the portals that a run works on."""
    mine = select(integration.c.portal_id).join(integration_run, integration_run.c.integration_id == integration.c.id)
    return set(connection.execute(mine.where(integration_run.c.run_id == run_id)).scalars())


def recorded_reads(connection: Connection, integration_id: str, starts: Window) -> list[WindowRead]:
    """Return what recorded windows that began in ``starts`` have returned, the newest first; dry runs do not count."""
    statement = (
        select(integration_run.c.window_start, integration_run.c.window_end, integration_run.c.counts, run.c.opened_at)
        .join(run, run.c.id == integration_run.c.run_id)
        .where(
            integration_run.c.integration_id == integration_id,
            integration_run.c.state == RunState.RECORDED,
            integration_run.c.window_start >= starts.start,
            integration_run.c.window_start < starts.end,
            ~run.c.is_dry_run,
        )
        .order_by(run.c.opened_at.desc())
    )
    return [
        WindowRead(Window(row.window_start, row.window_end), row.counts["in_window"], row.opened_at)
        for row in connection.execute(statement)
        if "in_window" in row.counts
    ]


def _change_counts(
    connection: Connection, run_id: str, integration_id: str, change: Callable[[dict[str, int]], dict[str, int]]
) -> None:
    mine = (integration_run.c.run_id == run_id, integration_run.c.integration_id == integration_id)
    before = connection.execute(select(integration_run.c.counts).where(*mine).with_for_update()).scalar_one()
    connection.execute(update(integration_run).where(*mine).values(counts=change(before)))


def _run(row: RowMapping) -> Run:
    fields = {name: row[name] for name in Run.__dataclass_fields__}
    return Run(**{**fields, "state": RunState(row["state"])})


def _integration_run(row: RowMapping) -> IntegrationRun:
    has_window = row["window_start"] is not None
    return IntegrationRun(
        run_id=row["run_id"],
        integration_id=row["integration_id"],
        window=Window(row["window_start"], row["window_end"]) if has_window else None,
        state=RunState(row["state"]),
        reason=row["reason"],
        is_mending=row["is_mending"],
        counts=row["counts"],
        guard=GuardNotice(**row["guard"]) if row["guard"] else None,
    )

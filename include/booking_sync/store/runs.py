"""Runs, and each integration's part in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update

from booking_sync.guard import GuardNotice, WindowRead
from booking_sync.states import RunState
from booking_sync.store.integrations import Integration, integration_of
from booking_sync.store.part_figures import IS_THIS_PART, load_counts
from booking_sync.store.statements import insert_or_update
from booking_sync.store.tables import integration, integration_run, run
from booking_sync.window import RunTrigger, Window

MOST_SHARDS = 4
"""Into how many mapped task groups a run is cut at most, whatever the number of integrations."""

WORTH_A_SHARD = 25
"""How many integrations make another shard worth its tasks: each costs more than an integration with little to do."""

_OF = "its_"
"""Begins the names of an integration's columns where they stand beside those of its part in a run."""

_RUN = select(run).where(run.c.id == bindparam("of_run"))
_PART = select(integration_run).where(IS_THIS_PART)
_SET_STATE = (
    update(integration_run)
    .where(IS_THIS_PART)
    .values(state=bindparam("new_state"), reason=bindparam("new_reason"), is_mending=bindparam("is_now_mending"))
)
_SET_GUARD = update(integration_run).where(IS_THIS_PART).values(guard=bindparam("new_guard"))
_SET_CHECKSUM = update(integration_run).where(IS_THIS_PART).values(plan_checksum=bindparam("new_checksum"))
_ADVANCE = _SET_STATE.values(counts=bindparam("new_counts"))
_PORTALS = (
    select(func.count(integration.c.portal_id.distinct()))
    .join(integration_run, integration_run.c.integration_id == integration.c.id)
    .where(integration_run.c.run_id == bindparam("of_run"))
)


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
    plan_checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What concerns a run as a whole: sentences for its note, what is wrong, calls that no one integration caused."""

    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    shared_calls: Mapping[str, int] = field(default_factory=dict)


NOTHING_FOUND = Findings()


def insert_run(
    connection: Connection,
    run_id: str,
    trigger: RunTrigger,
    *,
    request: Mapping[str, Any],
    is_dry_run: bool,
    opened_at: datetime,
    findings: Findings = NOTHING_FOUND,
) -> Run:
    """Record a run, or return the one that the same DAG run has opened before (a repeated task), with new findings."""
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
        "findings": asdict(findings),
    }
    statement = insert_or_update(connection, run).values(values)
    same = ("dag_id", "dag_run_id")
    recorded = statement.on_conflict_do_update(index_elements=same, set_={"findings": statement.excluded.findings})
    return _run(connection.execute(recorded.returning(*run.c)).mappings().one())


def load_run(connection: Connection, run_id: str) -> Run:
    """Return one run."""
    return _run(connection.execute(_RUN, {"of_run": run_id}).mappings().one())


def load_findings(connection: Connection, run_id: str) -> Findings:
    """Return what concerns a run as a whole, as it was recorded when it was opened."""
    found = connection.execute(select(run.c.findings).where(run.c.id == run_id)).scalar_one()
    return Findings(tuple(found["notices"]), tuple(found["problems"]), found["shared_calls"])


def close_run(
    connection: Connection, run_id: str, *, state: RunState, counts: Mapping[str, int], closed_at: datetime
) -> None:
    """Record how a run ended."""
    statement = update(run).where(run.c.id == run_id)
    connection.execute(statement.values(state=state, counts=dict(counts), closed_at=closed_at))


def insert_integration_runs(connection: Connection, run_id: str, windows: Mapping[str, Window | None]) -> None:
    """Record which integrations take part in a run, each with its window, and deal them out to its shards.

    Those that are recorded stay as they are.
    """
    shards = min(MOST_SHARDS, ceil(len(windows) / WORTH_A_SHARD))
    rows: list[dict[str, Any]] = [
        {
            "run_id": run_id,
            "integration_id": integration_id,
            "shard": number % shards,
            "window_start": window.start if window else None,
            "window_end": window.end if window else None,
            "state": RunState.OPEN,
            "reason": None,
            "is_mending": False,
            "counts": {},
        }
        for number, (integration_id, window) in enumerate(windows.items())
    ]
    if rows:
        connection.execute(insert_or_update(connection, integration_run).on_conflict_do_nothing(), rows)


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
    values = {"new_state": state, "new_reason": reason, "is_now_mending": is_mending}
    connection.execute(_SET_STATE, {"of_run": run_id, "of_integration": integration_id, **values})


def advance(
    connection: Connection, run_id: str, integration_id: str, state: RunState, counts: Mapping[str, int]
) -> None:
    """Record that a step is done, with what it counted; counts that it does not name stay."""
    before = load_counts(connection, run_id, integration_id, is_to_change=True)
    values = {"new_state": state, "new_reason": None, "is_now_mending": False, "new_counts": {**before, **counts}}
    connection.execute(_ADVANCE, {"of_run": run_id, "of_integration": integration_id, **values})


def set_guard(connection: Connection, run_id: str, integration_id: str, notice: GuardNotice | None) -> None:
    """Record what the plan guard says of an integration's plan."""
    of_part = {"of_run": run_id, "of_integration": integration_id}
    connection.execute(_SET_GUARD, {**of_part, "new_guard": asdict(notice) if notice else None})


def set_plan_checksum(connection: Connection, run_id: str, integration_id: str, checksum: str) -> None:
    """Record the checksum of what the run is to do for an integration, with what waits there for an approval."""
    of_part = {"of_run": run_id, "of_integration": integration_id}
    connection.execute(_SET_CHECKSUM, {**of_part, "new_checksum": checksum})


def shards_of(connection: Connection, run_id: str) -> tuple[int, ...]:
    """Return the numbers of a run's shards; none where no integration takes part."""
    statement = select(integration_run.c.shard).distinct().where(integration_run.c.run_id == run_id)
    return tuple(connection.execute(statement.order_by(integration_run.c.shard)).scalars())


def integration_runs(connection: Connection, run_id: str) -> list[IntegrationRun]:
    """Return the parts of a run, but for those of integrations for which there was nothing to do."""
    statement = select(integration_run).where(
        integration_run.c.run_id == run_id, integration_run.c.state != RunState.IDLE
    )
    rows = connection.execute(statement.order_by(integration_run.c.integration_id)).mappings()
    return [_integration_run(row) for row in rows]


def load_part(connection: Connection, run_id: str, integration_id: str) -> IntegrationRun:
    """Return one integration's part in a run."""
    of_part = {"of_run": run_id, "of_integration": integration_id}
    return _integration_run(connection.execute(_PART, of_part).mappings().one())


def parts_ready(
    connection: Connection, run_id: str, shard: int | None, states: Collection[RunState]
) -> list[tuple[Integration, IntegrationRun]]:
    """Return the parts of a shard that have come so far, each with its integration; None: of all shards."""
    statement = (
        select(integration_run, *(column.label(f"{_OF}{column.name}") for column in integration.c))
        .join(integration, integration.c.id == integration_run.c.integration_id)
        .where(integration_run.c.run_id == run_id, integration_run.c.state.in_(states))
        .order_by(integration_run.c.integration_id)
    )
    if shard is not None:
        statement = statement.where(integration_run.c.shard == shard)
    return [(_integration_beside(row), _integration_run(row)) for row in connection.execute(statement).mappings()]


def count_portals(connection: Connection, run_id: str) -> int:
    """Return how many portals a run works on."""
    return connection.execute(_PORTALS, {"of_run": run_id}).scalar_one()


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


def _run(row: RowMapping) -> Run:
    fields = {name: row[name] for name in Run.__dataclass_fields__}
    return Run(**{**fields, "state": RunState(row["state"])})


def _integration_beside(row: RowMapping) -> Integration:
    return integration_of({column.name: row[f"{_OF}{column.name}"] for column in integration.c})


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
        plan_checksum=row["plan_checksum"],
    )

"""What an integration's part in a run has counted, and how long each of its steps has taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from booking_sync.store.tables import integration_run

IS_THIS_PART = (integration_run.c.run_id == bindparam("of_run")) & (
    integration_run.c.integration_id == bindparam("of_integration")
)
_COUNTS = select(integration_run.c.counts).where(IS_THIS_PART)
_SET_COUNTS = update(integration_run).where(IS_THIS_PART).values(counts=bindparam("new_counts"))
_TURNS = select(integration_run.c.counts, integration_run.c.step_times).where(IS_THIS_PART).with_for_update()
_SET_TURNS = _SET_COUNTS.values(step_times=bindparam("new_times"))


@dataclass(frozen=True, slots=True)
class StepTimes:
    """When a step of a run began and ended."""

    step: str
    began_at: datetime
    ended_at: datetime


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
    of_part = {"of_run": run_id, "of_integration": integration_id}
    before = connection.execute(_TURNS, of_part).one()
    counts = {**before.counts, **budget, **{name: before.counts.get(name, 0) + count for name, count in calls.items()}}
    known = before.step_times or {}
    began_at = known[times.step][0] if times.step in known else times.began_at.isoformat()
    step_times = {**known, times.step: [began_at, times.ended_at.isoformat()]}
    connection.execute(_SET_TURNS, {**of_part, "new_counts": counts, "new_times": step_times})


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


def count_requests(
    connection: Connection, run_id: str, integration_id: str, requests: Mapping[str, int], budget: Mapping[str, int]
) -> None:
    """Add requests to those counted before; ``budget`` is what HubSpot said of its limits, and only the last counts."""
    before = load_counts(connection, run_id, integration_id, is_to_change=True)
    counts = {**before, **budget, **{name: before.get(name, 0) + count for name, count in requests.items()}}
    connection.execute(_SET_COUNTS, {"of_run": run_id, "of_integration": integration_id, "new_counts": counts})


def add_counts(connection: Connection, run_id: str, integration_id: str, counts: Mapping[str, int]) -> None:
    """Add to what an integration's part has counted before."""
    count_requests(connection, run_id, integration_id, counts, {})


def load_counts(
    connection: Connection, run_id: str, integration_id: str, *, is_to_change: bool = False
) -> dict[str, int]:
    """Return the counts of an integration's part; ``is_to_change`` keeps others from changing them meanwhile."""
    statement = _COUNTS.with_for_update() if is_to_change else _COUNTS
    of_part = {"of_run": run_id, "of_integration": integration_id}
    counts: dict[str, int] = connection.execute(statement, of_part).scalar_one()
    return counts

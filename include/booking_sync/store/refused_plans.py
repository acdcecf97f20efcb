"""Refused plans: what waits for a person, who approved it, and which run that let through (W5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select, update

from booking_sync.states import (
    HELD_BACK_STATES,
    RecordedState,
    RefusedKind,
    RefusedState,
)
from booking_sync.store.tables import mapping, refused_plan


@dataclass(frozen=True, slots=True)
class RefusedPlan:
    """A plan that was refused, and what became of it. ``dag_id`` and ``request`` are how it is carried out."""

    id: int
    integration_id: str
    kind: RefusedKind
    checksum: str
    state: RefusedState
    reasons: Sequence[str]
    figures: Mapping[str, int]
    size: int
    run_id: str
    refused_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    used_by_run_id: str | None
    dag_id: str | None
    request: Mapping[str, object] | None
    rejected_by: str | None
    rejected_at: datetime | None

    @property
    def is_held_back(self) -> bool:
        """Whether its changes are still kept, waiting for an approval."""
        return self.state in HELD_BACK_STATES


def count_live(connection: Connection, integration_id: str) -> int:
    """Return how many activities the mapping holds as live."""
    is_live = (mapping.c.integration_id == integration_id) & (mapping.c.state == RecordedState.LIVE)
    return connection.execute(select(func.count()).select_from(mapping).where(is_live)).scalar_one()


def held_back_plans(connection: Connection) -> list[RefusedPlan]:
    """Return all refused plans that can be approved, the oldest first."""
    return _plans(connection, refused_plan.c.state.in_(HELD_BACK_STATES))


def find_plan(connection: Connection, plan_id: int) -> RefusedPlan | None:
    """Return one refused plan, or None where there is none of that id."""
    return next(iter(_plans(connection, refused_plan.c.id == plan_id)), None)


def plans_with_checksum(connection: Connection, checksum: str) -> list[RefusedPlan]:
    """Return every refused plan with this checksum, the newest first."""
    statement = _select().where(refused_plan.c.checksum == checksum).order_by(refused_plan.c.id.desc())
    return [_refused(row) for row in connection.execute(statement).mappings()]


def plans_of_run(connection: Connection, run_id: str) -> list[RefusedPlan]:
    """Return the refused plans that a run was the first to refuse, or that its approval let through."""
    mine = (refused_plan.c.run_id == run_id) | (refused_plan.c.used_by_run_id == run_id)
    statement = _select().where(mine).order_by(refused_plan.c.id)
    return [_refused(row) for row in connection.execute(statement).mappings()]


def record_refusal(
    connection: Connection,
    run_id: str,
    integration_id: str,
    kind: RefusedKind,
    checksum: str,
    *,
    reasons: Sequence[str],
    figures: Mapping[str, int],
    size: int,
    dag_id: str,
    request: Mapping[str, object],
    at: datetime,
) -> RefusedPlan:
    """Write down that a plan is refused, in place of one that was held back; this very plan is written down once.

    Windows stand side by side: each waits for an approval of its own.
    """
    held = [one for one in plans_with_checksum(connection, checksum) if one.is_held_back]
    same = next((one for one in held if (one.integration_id, one.kind) == (integration_id, kind)), None)
    if same is not None:
        if same.dag_id is None:  # recorded by a version that asked nobody
            statement = update(refused_plan).where(refused_plan.c.id == same.id)
            connection.execute(statement.values(dag_id=dag_id, request=dict(request)))
        return same
    if kind is not RefusedKind.SOURCE:
        overtake(connection, integration_id, kind)
    values: dict[str, Any] = {
        "integration_id": integration_id,
        "kind": kind,
        "checksum": checksum,
        "state": RefusedState.WAITING,
        "reasons": list(reasons),
        "figures": dict(figures),
        "size": size,
        "run_id": run_id,
        "refused_at": at,
        "dag_id": dag_id,
        "request": dict(request),
    }
    plan_id = connection.execute(refused_plan.insert().values(values).returning(refused_plan.c.id)).scalar_one()
    (recorded,) = _plans(connection, refused_plan.c.id == plan_id)
    return recorded


def overtake(connection: Connection, integration_id: str, kind: RefusedKind) -> None:
    """Close the refused plan that is held back: there is another one now, or nothing to refuse any more."""
    statement = update(refused_plan).where(
        refused_plan.c.integration_id == integration_id,
        refused_plan.c.kind == kind,
        refused_plan.c.state.in_(HELD_BACK_STATES),
    )
    connection.execute(statement.values(state=RefusedState.OVERTAKEN))


def approve(connection: Connection, plan_id: int, *, approved_by: str, run_id: str, at: datetime) -> None:
    """Record who approved a refused plan, and which run that lets through."""
    values = {
        "state": RefusedState.APPROVED,
        "approved_by": approved_by,
        "approved_at": at,
        "used_by_run_id": run_id,
    }
    connection.execute(update(refused_plan).where(refused_plan.c.id == plan_id).values(**values))


def grant(connection: Connection, plan_id: int, *, approved_by: str, at: datetime) -> None:
    """Record that a person has approved a refused plan, for the next run to let it through."""
    values = {"state": RefusedState.GRANTED, "approved_by": approved_by, "approved_at": at}
    connection.execute(update(refused_plan).where(refused_plan.c.id == plan_id).values(**values))


def reject(connection: Connection, plan_id: int, *, rejected_by: str, at: datetime) -> None:
    """Record that a refused plan is to stay held back."""
    values = {"state": RefusedState.REJECTED, "rejected_by": rejected_by, "rejected_at": at}
    connection.execute(update(refused_plan).where(refused_plan.c.id == plan_id).values(**values))


def unasked_plans(connection: Connection) -> list[RefusedPlan]:
    """Return the plans that wait without anybody having been asked about them, the oldest first."""
    is_unasked = refused_plan.c.asked_at.is_(None) & refused_plan.c.dag_id.is_not(None)
    return _plans(connection, (refused_plan.c.state == RefusedState.WAITING) & is_unasked)


def idly_asked_plans(connection: Connection) -> list[RefusedPlan]:
    """Return the plans that people are still asked about although nothing hangs on the answer any more."""
    is_asked = refused_plan.c.asked_at.is_not(None) & refused_plan.c.question_ended_at.is_(None)
    return _plans(connection, is_asked & (refused_plan.c.state != RefusedState.WAITING))


def note_asked(connection: Connection, plan_id: int, at: datetime) -> None:
    """Note that people are asked about a plan from now on."""
    connection.execute(update(refused_plan).where(refused_plan.c.id == plan_id).values(asked_at=at))


def note_question_ended(connection: Connection, plan_id: int, at: datetime) -> None:
    """Note that nobody is asked about a plan any more."""
    connection.execute(update(refused_plan).where(refused_plan.c.id == plan_id).values(question_ended_at=at))


def _plans(connection: Connection, wanted: ColumnElement[bool]) -> list[RefusedPlan]:
    rows = connection.execute(_select().where(wanted).order_by(refused_plan.c.id)).mappings()
    return [_refused(row) for row in rows]


def _select() -> Select[Any]:
    return select(*(refused_plan.c[name] for name in RefusedPlan.__dataclass_fields__))


def _refused(row: RowMapping) -> RefusedPlan:
    return RefusedPlan(**{**row, "kind": RefusedKind(row["kind"]), "state": RefusedState(row["state"])})

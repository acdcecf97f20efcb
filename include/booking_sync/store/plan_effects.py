"""What the guard looks at in a plan: gone through once, and held back or let through by one statement (W5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from booking_sync.guard import PLAN_REFUSED
from booking_sync.states import ChangeState, Operation
from booking_sync.store.tables import IS_OPEN, change

WAITS = "its plan is refused until a person approves it"

AT_ONCE = 1_000
"""Rows that are held in memory while a plan is gone through."""

_IS_WAITING = change.c.refused_at.is_not(None)
_IS_FRESH = change.c.refused_at.is_(None) & change.c.approval_id.is_(None)


@dataclass(frozen=True, slots=True)
class PlanOfRun:
    """What one run is about to do for one integration; of a dry run, what it would do."""

    run_id: str
    integration_id: str
    is_preview: bool = False

    @property
    def criterion(self) -> ColumnElement[bool]:
        """Say of a change that it is planned by the run, or waits for an approval; not one that has been begun."""
        is_ours = change.c.integration_id == self.integration_id
        if self.is_preview:
            return and_(is_ours, change.c.run_id == self.run_id, change.c.state == ChangeState.PREVIEWED)
        is_planned = (change.c.worker_run_id == self.run_id) & (change.c.state == ChangeState.PLANNED)
        is_new = is_planned & ((change.c.run_id == self.run_id) | _IS_WAITING)
        return and_(is_ours, IS_OPEN, or_(is_new, (change.c.state == ChangeState.KEPT) & _IS_WAITING))


def effects(connection: Connection, plan: PlanOfRun) -> Iterator[Row[Any]]:
    """Yield what each change of a plan does, with ``refused_at`` and ``approval_id``.

    Read on in a transaction: the rows are fetched a few at a time.
    """
    columns = (
        change.c.booking_id,
        change.c.booking_version,
        change.c.operation,
        change.c.step,
        change.c.revision,
        change.c.old_activity_id,
        change.c.refused_at,
        change.c.approval_id,
    )
    statement = select(*columns).where(plan.criterion)
    return iter(connection.execute(statement, execution_options={"yield_per": AT_ONCE}))


def count_creates(connection: Connection, plan: PlanOfRun) -> tuple[int, int]:
    """Return how many activities a plan creates, and how many of these creations wait for an approval."""
    statement = select(func.count(), func.count(change.c.refused_at)).where(
        plan.criterion, change.c.operation == Operation.CREATE
    )
    count, waiting = connection.execute(statement).one()
    return count, waiting


def first_markers(connection: Connection, plan: PlanOfRun, most: int) -> list[str]:
    """Return some of the markers that a plan would create: always the same ones of the same plan."""
    statement = select(change.c.activity_key).where(plan.criterion, change.c.operation == Operation.CREATE)
    return list(connection.execute(statement.order_by(change.c.activity_key).limit(most)).scalars())


def hold(connection: Connection, plan: PlanOfRun, *, with_fresh: bool, at: datetime) -> None:
    """Let what waits of a plan wait on until it is approved; ``with_fresh``: what is new in it too."""
    held = or_(_IS_WAITING, _IS_FRESH) if with_fresh else _IS_WAITING
    values = {"state": ChangeState.KEPT, "error_code": PLAN_REFUSED, "error": WAITS}
    statement = update(change).where(plan.criterion, held)
    connection.execute(statement.values(refused_at=func.coalesce(change.c.refused_at, at), **values))


def let_through(connection: Connection, plan: PlanOfRun, *, approval_id: int | None) -> None:
    """Let what has waited be carried out: approved, or because what is left of the plan is harmless."""
    statement = update(change).where(plan.criterion, _IS_WAITING)
    connection.execute(statement.values(refused_at=None, approval_id=approval_id))

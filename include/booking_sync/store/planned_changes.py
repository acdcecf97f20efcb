"""The plan in the change table: written down, handed from run to run, overtaken by newer news, or kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from booking_sync.plan import Change
from booking_sync.states import ActivityOutcome, ChangeState, Operation, Step
from booking_sync.store.statements import chunks, filled
from booking_sync.store.tables import IS_OPEN, IS_PLANNED, change

_OF_CHANGE = tuple(Change.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class NewChange:
    """A planned change on its way into the table, with what it takes over from the one it replaces."""

    id: str
    change: Change
    payload: bytes
    attempt_count: int = 0
    unanswered_count: int = 0
    previous_error_code: str | None = None
    refused_at: datetime | None = None
    approval_id: int | None = None
    appearance: bytes | None = None
    """What the activity is to show, encrypted; the two others are what it shows while the change is planned."""
    appearance_before: bytes | None = None
    outcome_before: ActivityOutcome | None = None


def insert_changes(
    connection: Connection,
    run_id: str,
    integration_id: str,
    new_changes: Sequence[NewChange],
    *,
    state: ChangeState,
    at: datetime,
) -> None:
    """Write the plan down. A change that is only previewed keeps no payload."""
    if new_changes:
        rows = [_new_row(run_id, integration_id, new_change, state, at) for new_change in new_changes]
        connection.execute(change.insert(), filled(rows))


def forget_previews(connection: Connection, run_id: str, integration_id: str) -> None:
    """Take back what an earlier try of a dry run's plan has shown."""
    mine = (change.c.run_id == run_id, change.c.integration_id == integration_id)
    connection.execute(delete(change).where(*mine, change.c.state == ChangeState.PREVIEWED))


def resume_archives(connection: Connection, run_id: str, integration_id: str) -> int:
    """Hand the run those changes of earlier runs whose new activity stands, with an old one left to archive."""
    statement = update(change).where(
        change.c.integration_id == integration_id,
        IS_OPEN,
        change.c.old_activity_id.is_not(None),
        change.c.step != Step.CREATE,
        change.c.state.in_((ChangeState.KEPT, ChangeState.PLANNED)),
    )
    values = {"state": ChangeState.PLANNED, "worker_run_id": run_id, "previous_error_code": change.c.error_code}
    return connection.execute(statement.values(**values)).rowcount


def hand_over(connection: Connection, change_ids: Sequence[str], *, run_id: str) -> None:
    """Hand changes that earlier runs kept to this run as they are."""
    for some in chunks(change_ids):
        statement = update(change).where(change.c.id.in_(some))
        connection.execute(statement.values(state=ChangeState.PLANNED, worker_run_id=run_id))


def supersede(connection: Connection, change_ids: Iterable[str], *, at: datetime) -> None:
    """Close changes that newer news has overtaken; they count for the run that planned them."""
    closed = {"state": ChangeState.SUPERSEDED, "closed_at": at, "payload": None, "worker_run_id": change.c.run_id}
    for some in chunks(list(change_ids)):
        connection.execute(update(change).where(change.c.id.in_(some)).values(**closed))


def keep_planned(connection: Connection, run_id: str, integration_id: str, *, error: str) -> int:
    """Keep what the run has planned but not come to; return how many changes."""
    statement = update(change).where(
        change.c.worker_run_id == run_id, change.c.integration_id == integration_id, IS_PLANNED
    )
    values = {"state": ChangeState.KEPT, "error_code": "not_reached", "error": error}
    return connection.execute(statement.values(**values)).rowcount


def next_old_activities(connection: Connection, run_id: str, integration_id: str, most: int) -> list[str]:
    """Return the old activities of the run's next recreations, in the order in which they are taken."""
    statement = select(change.c.old_activity_id).where(
        change.c.worker_run_id == run_id,
        change.c.integration_id == integration_id,
        IS_PLANNED,
        change.c.operation == Operation.RECREATE,
        change.c.step == Step.CREATE,
        change.c.old_activity_id.is_not(None),
    )
    in_order = statement.order_by(change.c.booking_created_at, change.c.booking_id).limit(most)
    return list(connection.execute(in_order).scalars())


def _new_row(
    run_id: str, integration_id: str, new_change: NewChange, state: ChangeState, at: datetime
) -> dict[str, Any]:
    planned = new_change.change
    return {
        "id": new_change.id,
        "run_id": run_id,
        "worker_run_id": run_id,
        "integration_id": integration_id,
        **{name: getattr(planned, name) for name in _OF_CHANGE},
        "state": state,
        "attempt_count": new_change.attempt_count,
        "unanswered_count": new_change.unanswered_count,
        "previous_error_code": new_change.previous_error_code,
        "refused_at": new_change.refused_at,
        "approval_id": new_change.approval_id,
        "warnings": [],
        "planned_at": at,
        "closed_at": at if state is ChangeState.PREVIEWED else None,
        "payload": None if state is ChangeState.PREVIEWED else new_change.payload,
        "appearance": new_change.appearance,
        "appearance_before": new_change.appearance_before,
        "outcome_before": new_change.outcome_before,
    }

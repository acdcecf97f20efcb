"""What a run was to do, item by item, for people: counted, filtered and in pages, so that memory holds one page.

A run's items are the changes that it planned, and those of earlier runs that it went on with.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from booking_sync.states import ActivityOutcome, ChangeState, KeptKind, Operation
from booking_sync.store.read_tables import kept_booking
from booking_sync.store.statements import ESCAPE, chunks, containing, escaped
from booking_sync.store.tables import change, drift, mapping_history, run

_IN_ORDER = (change.c.booking_created_at, change.c.booking_id, change.c.id)


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One change as people are shown it."""

    id: str
    integration_id: str
    booking_id: str
    booking_version: int
    booking_created_at: datetime
    operation: Operation
    state: ChangeState
    reason: str
    error: str | None
    error_code: str | None
    activity_id: str | None
    old_activity_id: str | None
    old_booking_id: str | None
    activity_outcome: ActivityOutcome | None
    outcome_before: ActivityOutcome | None
    warnings: tuple[str, ...]
    appearance: bytes | None = field(repr=False)
    appearance_before: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items of a run are asked for. Empty: all. ``sought`` is part of an id or a reason, in any letter case."""

    operations: Collection[Operation] = ()
    states: Collection[ChangeState] = ()
    integration_id: str = ""
    sought: str = ""


@dataclass(frozen=True, slots=True)
class AlikeItems:
    """How many changes of a run do the same, in the same integration, and have come equally far."""

    integration_id: str
    operation: Operation
    state: ChangeState
    count: int


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """A booking that a run could not plan anything for, or something that an audit has found; with the reason."""

    integration_id: str
    booking_id: str | None
    kind: str
    reason: str
    activity_id: str | None = None
    is_mended: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of ours under a DAG run; clearing that makes another one."""

    id: str
    dag_id: str
    dag_run_id: str
    is_dry_run: bool
    state: str
    requested_by: str
    opened_at: datetime
    closed_at: datetime | None


def attempts(connection: Connection, dag_id: str, dag_run_id: str) -> list[Attempt]:
    """Return the runs that a DAG run has opened, the newest first."""
    is_cleared = run.c.dag_run_id.like(f"{escaped(dag_run_id)}#%", escape=ESCAPE)
    mine = (run.c.dag_id == dag_id) & ((run.c.dag_run_id == dag_run_id) | is_cleared)
    columns = [run.c[name] for name in Attempt.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(mine).order_by(run.c.opened_at.desc(), run.c.dag_run_id.desc()))
    return [Attempt(**row) for row in rows.mappings()]


def newest_attempt(connection: Connection, dag_run_id: str | None) -> Attempt | None:
    """Return the newest run with this id in Airflow, whatever its DAG; the newest of all where none is named."""
    statement = select(run.c.dag_id, run.c.dag_run_id).order_by(run.c.opened_at.desc()).limit(1)
    if dag_run_id is not None:
        statement = statement.where(run.c.dag_run_id == dag_run_id)
    found = connection.execute(statement).first()
    return None if found is None else attempts(connection, found.dag_id, found.dag_run_id)[0]


def count_items(connection: Connection, run_id: str, wanted: Wanted) -> list[AlikeItems]:
    """Return how many changes of a run are asked for, by integration, operation and state."""
    columns = (change.c.integration_id, change.c.operation, change.c.state)
    mine = (_of_run(run_id), *_filters(wanted))
    statement = select(*columns, func.count().label("size")).where(*mine).group_by(*columns)
    return [
        AlikeItems(row.integration_id, Operation(row.operation), ChangeState(row.state), row.size)
        for row in connection.execute(statement)
    ]


def item_page(connection: Connection, run_id: str, wanted: Wanted, *, start: int, most: int) -> list[PlannedItem]:
    """Return one page of a run's changes, oldest booking first. Only ids are sorted, which takes little memory."""
    statement = select(change.c.id).where(_of_run(run_id), *_filters(wanted)).order_by(*_IN_ORDER)
    ids = connection.execute(statement.offset(start).limit(most)).scalars().all()
    return _items(connection, _select().where(change.c.id.in_(ids))) if ids else []


def count_wanted(connection: Connection, run_id: str, wanted: Wanted) -> int:
    """Return how many changes of a run are asked for."""
    statement = select(func.count()).select_from(change).where(_of_run(run_id), *_filters(wanted))
    return connection.execute(statement).scalar_one()


def items_after(
    connection: Connection, run_id: str, wanted: Wanted, last: PlannedItem | None, most: int
) -> list[PlannedItem]:
    """Return the changes that follow one, so that any number can be gone through without holding a transaction."""
    statement = _select().where(_of_run(run_id), *_filters(wanted))
    if last is not None:
        statement = statement.where(tuple_(*_IN_ORDER) > (last.booking_created_at, last.booking_id, last.id))
    return _items(connection, statement.limit(most))


def waiting_page(
    connection: Connection, run_id: str, kind: KeptKind, wanted: Wanted, *, start: int, most: int
) -> list[WaitingItem]:
    """Return a page of the bookings that a run was the last to keep (kind ``waiting``) or to reject."""
    columns = (kept_booking.c.integration_id, kept_booking.c.booking_id, kept_booking.c.kind, kept_booking.c.reason)
    statement = select(*columns).where(*_kept(run_id, kind, wanted)).order_by(kept_booking.c.id)
    return [WaitingItem(*row) for row in connection.execute(statement.offset(start).limit(most))]


def count_waiting(connection: Connection, run_id: str, kind: KeptKind, wanted: Wanted) -> int:
    """Return how many bookings a run was the last to keep, or to reject."""
    statement = select(func.count()).select_from(kept_booking).where(*_kept(run_id, kind, wanted))
    return connection.execute(statement).scalar_one()


def finding_page(connection: Connection, run_id: str, wanted: Wanted, *, start: int, most: int) -> list[WaitingItem]:
    """Return a page of what an audit has found."""
    columns = (
        drift.c.integration_id,
        drift.c.booking_id,
        drift.c.kind,
        drift.c.sentence,
        drift.c.activity_id,
        drift.c.mended,
    )
    statement = select(*columns).where(*_findings(run_id, wanted)).order_by(drift.c.id)
    return [WaitingItem(*row) for row in connection.execute(statement.offset(start).limit(most))]


def count_findings(connection: Connection, run_id: str, wanted: Wanted) -> int:
    """Return how much an audit has found."""
    statement = select(func.count()).select_from(drift).where(*_findings(run_id, wanted))
    return connection.execute(statement).scalar_one()


def _of_run(run_id: str) -> ColumnElement[bool]:
    return (change.c.run_id == run_id) | (change.c.worker_run_id == run_id)


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = (change.c.booking_id, change.c.activity_id, change.c.old_activity_id, change.c.reason, change.c.error)
    found = containing(wanted.sought, *columns)
    if wanted.operations:
        found.append(change.c.operation.in_(sorted(wanted.operations)))
    if wanted.states:
        found.append(change.c.state.in_(sorted(wanted.states)))
    if wanted.integration_id:
        found.append(change.c.integration_id == wanted.integration_id)
    return found


def _kept(run_id: str, kind: KeptKind, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = containing(wanted.sought, kept_booking.c.booking_id, kept_booking.c.reason)
    if wanted.integration_id:
        found.append(kept_booking.c.integration_id == wanted.integration_id)
    return [kept_booking.c.run_id == run_id, kept_booking.c.kind == kind, *found]


def _findings(run_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = containing(wanted.sought, drift.c.booking_id, drift.c.activity_id, drift.c.kind, drift.c.sentence)
    if wanted.integration_id:
        found.append(drift.c.integration_id == wanted.integration_id)
    return [drift.c.run_id == run_id, *found]


def _select() -> Select[Any]:
    return select(*(change.c[name] for name in PlannedItem.__dataclass_fields__)).order_by(*_IN_ORDER)


def _items(connection: Connection, statement: Select[Any]) -> list[PlannedItem]:
    items = [
        PlannedItem(
            **{
                **row,
                "operation": Operation(row["operation"]),
                "state": ChangeState(row["state"]),
                "activity_outcome": ActivityOutcome(row["activity_outcome"]) if row["activity_outcome"] else None,
                "outcome_before": ActivityOutcome(row["outcome_before"]) if row["outcome_before"] else None,
                "warnings": tuple(row["warnings"]),
            }
        )
        for row in connection.execute(statement).mappings()
    ]
    made = _made(connection, [one for one in items if one.activity_id is None and one.state is ChangeState.DONE])
    return [replace(one, activity_id=made[one.id]) if one.id in made else one for one in items]


def _made(connection: Connection, items: Sequence[PlannedItem]) -> dict[str, str]:
    """Return the activity that each change has made: one that is over says it in the history of the mapping."""
    found: dict[str, str] = {}
    ids = {one.id for one in items}
    for some in chunks(items):
        statement = select(mapping_history.c.change_id, mapping_history.c.activity_id).where(
            mapping_history.c.integration_id.in_({one.integration_id for one in some}),
            mapping_history.c.booking_id.in_({one.booking_id for one in some}),
            mapping_history.c.event != "archived",
            mapping_history.c.activity_id.is_not(None),
        )
        found |= {row.change_id: row.activity_id for row in connection.execute(statement) if row.change_id in ids}
    return found

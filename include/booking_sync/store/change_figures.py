"""What a run's changes came to: counted in the database, and told one by one only where there is something to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, String, cast, func, select

from booking_sync.guard import PLAN_REFUSED
from booking_sync.states import ChangeState, Operation
from booking_sync.store.tables import change

AT_ONCE = 1_000
"""Rows that are held in memory while changes are read one after another."""

OPEN_AT_THE_END = (ChangeState.KEPT, ChangeState.UNKNOWN, ChangeState.SENDING)

_TOLD = (
    change.c.booking_id,
    change.c.operation,
    change.c.state,
    change.c.reason,
    change.c.error,
    change.c.error_code,
    change.c.previous_error_code,
    change.c.unanswered_count,
    change.c.warnings,
)


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many changes of a run ended alike."""

    state: str
    operation: str
    outcome: str | None
    count: int


def count_changes(connection: Connection, run_id: str, integration_id: str) -> list[ChangeCount]:
    """Count a run's changes, those taken over from earlier runs included."""
    alike = (change.c.state, change.c.operation, change.c.outcome)
    statement = select(*alike, func.count()).where(*_of_run(run_id, integration_id)).group_by(*alike)
    return [ChangeCount(*row) for row in connection.execute(statement)]


def count_of_operations(
    connection: Connection, run_id: str, integration_id: str, operations: Collection[Operation]
) -> dict[str, int]:
    """Count a run's changes of some operations by what became of them: ``create_done`` and the like."""
    found: Counter[str] = Counter()
    for one in count_changes(connection, run_id, integration_id):
        if one.operation in operations:
            found[f"{one.operation}_{one.state}"] += one.count
    return dict(found)


def changes_to_tell(connection: Connection, run_id: str, integration_id: str) -> Iterator[RowMapping]:
    """Yield the changes of a run that are still open or carry a warning, oldest booking first.

    Read on in a transaction: the rows are fetched a few at a time.
    """
    is_open = change.c.state.in_(OPEN_AT_THE_END) & (func.coalesce(change.c.error_code, "") != PLAN_REFUSED)
    is_warned = (cast(change.c.warnings, String) != "[]") & (change.c.state != ChangeState.SUPERSEDED)
    statement = select(*_TOLD).where(*_of_run(run_id, integration_id), is_open | is_warned)
    in_order = statement.order_by(change.c.booking_created_at, change.c.booking_id)
    return iter(connection.execute(in_order, execution_options={"yield_per": AT_ONCE}).mappings())


def first_previewed(connection: Connection, run_id: str, integration_id: str, most: int) -> list[RowMapping]:
    """Return the first changes that a dry run would make, oldest booking first."""
    statement = select(*_TOLD).where(*_of_run(run_id, integration_id), change.c.state == ChangeState.PREVIEWED)
    in_order = statement.order_by(change.c.booking_created_at, change.c.booking_id).limit(most)
    return list(connection.execute(in_order).mappings())


def _of_run(run_id: str, integration_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    is_of_run = (change.c.run_id == run_id) | (change.c.worker_run_id == run_id)
    return is_of_run, change.c.integration_id == integration_id

"""Changes: the plan as a work list and write-ahead log. A change's id is the trace id of its requests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    bindparam,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from booking_sync.model import Booking
from booking_sync.outcome import usual_outcome
from booking_sync.states import (
    IN_FLIGHT_STATES,
    ActivityOutcome,
    ChangeState,
    Operation,
    Step,
)
from booking_sync.store.statements import chunks
from booking_sync.store.tables import IS_IN_FLIGHT, IS_OPEN, IS_PLANNED, change

ContactDecisions = Sequence[tuple[str | None, str]]
"""Contact id, or None where there is none, and ``ContactFinding``: for each address, in the order of the booking."""

STEPS_IN_ORDER = (Step.CREATE, Step.ASSOCIATE, Step.WRITE, Step.ARCHIVE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change stands in the order in which those of a step are taken."""

    step: Step
    created_at: datetime
    booking_id: str


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change with its state. ``payload`` is the encrypted booking; ``sent_at`` is when its last request was sent.

    ``appearance`` is what the activity shows afterwards, encrypted.
    """

    id: str
    run_id: str
    worker_run_id: str
    integration_id: str
    booking_id: str
    booking_version: int
    operation: Operation
    reason: str
    step: Step
    state: ChangeState
    revision: str
    activity_key: str
    generation: int
    activity_id: str | None
    old_activity_id: str | None
    old_booking_id: str | None
    activity_outcome: ActivityOutcome | None
    old_activity_key: str | None
    has_new_host: bool
    attempt_count: int
    unanswered_count: int
    sent_at: datetime | None
    error_code: str | None
    previous_error_code: str | None
    warnings: tuple[str, ...]
    contact_ids: tuple[str, ...] | None
    contact_decisions: ContactDecisions | None
    refused_at: datetime | None
    approval_id: int | None
    payload: bytes | None
    appearance: bytes | None

    @property
    def takes_activity_over(self) -> bool:
        """Whether another booking's activity becomes this one's (R2, R6)."""
        return self.operation is Operation.UPDATE and self.old_booking_id is not None

    @property
    def standing_key(self) -> str:
        """The marker that the activity carries before it is written."""
        return self.old_activity_key or self.activity_key

    @property
    def must_finish(self) -> bool:
        """Whether it has to end before anything else may happen to its booking.

        One whose new activity stands has an old one to archive, which nothing but the change knows of.
        """
        has_old_left = self.old_activity_id is not None and self.step is not Step.CREATE
        return self.state in IN_FLIGHT_STATES or has_old_left

    def shown_outcome(self, booking: Booking) -> ActivityOutcome:
        """Return what the activity is to show of the booking; plans of older versions left it to the status."""
        return self.activity_outcome or usual_outcome(booking)


_NAMES = tuple(StoredChange.__dataclass_fields__)
_COLUMNS = [change.c[name] for name in _NAMES]


def open_changes(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> dict[str, StoredChange]:
    """Return the open change of each of these bookings that has one."""
    found: dict[str, StoredChange] = {}
    for some in chunks(booking_ids):
        statement = _select().where(
            change.c.integration_id == integration_id,
            change.c.booking_id.in_(some),
            IS_OPEN,
        )
        found.update({stored.booking_id: stored for stored in _all(connection, statement)})
    return found


def in_flight(connection: Connection, integration_id: str) -> list[StoredChange]:
    """Return the changes whose last request has no known outcome."""
    statement = _select().where(change.c.integration_id == integration_id, IS_IN_FLIGHT)
    return _all(connection, statement.order_by(change.c.sent_at))


def next_batch(
    connection: Connection,
    run_id: str,
    integration_id: str,
    operations: Collection[Operation],
    size: int,
    *,
    after: Place | None = None,
) -> list[StoredChange]:
    """Return the run's next changes that wait for the same step, oldest booking first; empty when all is done.

    With ``after`` only those of its step that come after it in the order.
    """
    steps = STEPS_IN_ORDER if after is None else (after.step,)
    values = {"run": run_id, "of_integration": integration_id, "size": size}
    if after is not None:
        values |= {"after_created_at": after.created_at, "after_booking_id": after.booking_id}
    statement = _next_in_order(steps, tuple(sorted(operations)), is_after=after is not None)
    found = _all(connection, statement, values)
    return [stored for stored in found if stored.step is found[0].step]


@cache
def _next_in_order(steps: tuple[Step, ...], operations: tuple[Operation, ...], *, is_after: bool) -> Select[Any]:
    """Build the statement of :func:`next_batch` once: a run asks for each batch, and building takes longer than asking.

    Its parameters are ``run``, ``of_integration`` and ``size``; behind a place also where that is.
    """
    parts = [_waiting(operation, step, is_after=is_after) for step in steps for operation in operations]
    some = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    columns = (some.c[name] for name in StoredChange.__dataclass_fields__)
    in_order = select(*columns).order_by(some.c.step_number, some.c.booking_created_at, some.c.booking_id)
    return in_order.limit(bindparam("size", type_=Integer))


def _waiting(operation: Operation, step: Step, *, is_after: bool) -> Select[Any]:
    """Select the first changes of one operation that wait for one step: so each part comes from the index in order."""
    place = tuple_(change.c.booking_created_at, change.c.booking_id)
    behind = tuple_(
        bindparam("after_created_at", type_=change.c.booking_created_at.type),
        bindparam("after_booking_id", type_=change.c.booking_id.type),
    )
    first = (
        select(*_COLUMNS, change.c.booking_created_at, literal(STEPS_IN_ORDER.index(step)).label("step_number"))
        .where(
            change.c.worker_run_id == bindparam("run"),
            change.c.integration_id == bindparam("of_integration"),
            IS_PLANNED,
            change.c.operation == operation,
            change.c.step == step,
            place > behind if is_after else true(),
        )
        .order_by(change.c.booking_created_at, change.c.booking_id)
        .limit(bindparam("size", type_=Integer))
        .subquery()
    )
    return select(first)


def load_changes(connection: Connection, change_ids: Sequence[str]) -> list[StoredChange]:
    """Return these changes."""
    return [
        stored for some in chunks(change_ids) for stored in _all(connection, _select().where(change.c.id.in_(some)))
    ]


def _select() -> Select[Any]:
    return select(*_COLUMNS)


def _all(
    connection: Connection, statement: Select[Any], given: Mapping[str, object] | None = None
) -> list[StoredChange]:
    """Return what a statement with the columns of a change selects."""
    return [_stored(dict(zip(_NAMES, row, strict=True))) for row in connection.execute(statement, given)]


def _stored(values: dict[str, Any]) -> StoredChange:
    contact_ids, outcome = values["contact_ids"], values["activity_outcome"]
    values["operation"] = Operation(values["operation"])
    values["step"] = Step(values["step"])
    values["state"] = ChangeState(values["state"])
    values["warnings"] = tuple(values["warnings"])
    values["contact_ids"] = None if contact_ids is None else tuple(contact_ids)
    values["activity_outcome"] = ActivityOutcome(outcome) if outcome else None
    values["has_new_host"] = bool(values["has_new_host"])
    return StoredChange(**values)

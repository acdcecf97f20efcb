"""Changes: the plan as a work list and write-ahead log. A change's id is the trace id of its requests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, case, func, select, update

from booking_sync.model import Booking
from booking_sync.outcome import usual_outcome
from booking_sync.plan import Change
from booking_sync.states import (
    IN_FLIGHT_STATES,
    OPEN_STATES,
    ActivityOutcome,
    AuditOutcome,
    ChangeState,
    Operation,
    Step,
)
from booking_sync.store.statements import chunks
from booking_sync.store.tables import change

NOT_FOUND = "not_found"
"""Error code of a change whose request was never answered and, as it turned out, not carried out."""

ContactDecisions = Sequence[tuple[str | None, str]]
"""Contact id, or None where there is none, and ``ContactFinding``: for each address, in the order of the booking."""

STEPS_IN_ORDER = (Step.CREATE, Step.ASSOCIATE, Step.WRITE, Step.ARCHIVE)
_STEP_NUMBER = case({step: number for number, step in enumerate(STEPS_IN_ORDER)}, value=change.c.step)


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
        connection.execute(change.insert(), rows)


def open_changes(connection: Connection, integration_id: str, booking_ids: Sequence[str]) -> dict[str, StoredChange]:
    """Return the open change of each of these bookings that has one."""
    found: dict[str, StoredChange] = {}
    for some in chunks(booking_ids):
        statement = _select().where(
            change.c.integration_id == integration_id,
            change.c.booking_id.in_(some),
            change.c.state.in_(OPEN_STATES),
        )
        found.update({stored.booking_id: stored for stored in _all(connection, statement)})
    return found


def open_booking_ids(connection: Connection, integration_id: str) -> set[str]:
    """Return the bookings that have an open change: the next run reads them again."""
    statement = select(change.c.booking_id).where(
        change.c.integration_id == integration_id, change.c.state.in_(OPEN_STATES)
    )
    return set(connection.execute(statement).scalars())


def in_flight(connection: Connection, integration_id: str) -> list[StoredChange]:
    """Return the changes whose last request has no known outcome."""
    statement = _select().where(change.c.integration_id == integration_id, change.c.state.in_(IN_FLIGHT_STATES))
    return _all(connection, statement.order_by(change.c.sent_at))


def resume_archives(connection: Connection, run_id: str, integration_id: str) -> int:
    """Hand the run those changes of earlier runs whose new activity stands, with an old one left to archive."""
    statement = update(change).where(
        change.c.integration_id == integration_id,
        change.c.old_activity_id.is_not(None),
        change.c.step != Step.CREATE,
        change.c.state.in_((ChangeState.KEPT, ChangeState.PLANNED)),
    )
    values = {"state": ChangeState.PLANNED, "worker_run_id": run_id, "previous_error_code": change.c.error_code}
    return connection.execute(statement.values(**values)).rowcount


def hand_over(connection: Connection, change_ids: Sequence[str], *, run_id: str) -> None:
    """Hand changes that earlier runs kept to this run as they are."""
    _set(connection, change_ids, state=ChangeState.PLANNED, worker_run_id=run_id)


def supersede(connection: Connection, change_ids: Iterable[str], *, at: datetime) -> None:
    """Close changes that newer news has overtaken; they count for the run that planned them."""
    closed = {"state": ChangeState.SUPERSEDED, "closed_at": at, "payload": None, "worker_run_id": change.c.run_id}
    for some in chunks(list(change_ids)):
        connection.execute(update(change).where(change.c.id.in_(some)).values(**closed))


def next_batch(
    connection: Connection, run_id: str, integration_id: str, operations: Collection[Operation], size: int
) -> list[StoredChange]:
    """Return the run's next changes that wait for the same step, oldest booking first; empty when all is done."""
    statement = (
        _select()
        .where(*_waiting(run_id, operations), change.c.integration_id == integration_id)
        .order_by(_STEP_NUMBER, change.c.booking_created_at, change.c.booking_id)
        .limit(size)
    )
    found = _all(connection, statement)
    return [stored for stored in found if stored.step is found[0].step]


def integrations_with_work(connection: Connection, run_id: str, operations: Collection[Operation]) -> set[str]:
    """Return the integrations for which the run still has changes of these operations to carry out."""
    statement = select(change.c.integration_id).distinct().where(*_waiting(run_id, operations))
    return set(connection.execute(statement).scalars())


def count_states(
    connection: Connection, run_id: str, integration_id: str, operations: Collection[Operation]
) -> dict[str, int]:
    """Count the run's changes of these operations, those taken over from earlier runs included."""
    kind = (change.c.operation, change.c.state)
    mine = (change.c.run_id == run_id) | (change.c.worker_run_id == run_id)
    of_part = (mine, change.c.integration_id == integration_id, change.c.operation.in_(operations))
    statement = select(*kind, func.count()).where(*of_part).group_by(*kind)
    return {f"{operation}_{state}": count for operation, state, count in connection.execute(statement)}


def claim(
    connection: Connection,
    changes: Sequence[StoredChange],
    *,
    contact_ids: Mapping[str, Sequence[str]],
    decisions: Mapping[str, ContactDecisions],
    warnings: Mapping[str, Sequence[str]],
    fence: int,
    at: datetime,
) -> None:
    """Write down that these changes are being sent, with what is needed to read a lost answer back."""
    statement = (
        update(change)
        .where(change.c.id == bindparam("change_id"))
        .values(
            state=ChangeState.SENDING,
            sent_at=at,
            fence=fence,
            attempt_count=change.c.attempt_count + 1,
            contact_ids=bindparam("contacts"),
            contact_decisions=bindparam("decided"),
            warnings=bindparam("noted"),
        )
    )
    rows = [
        {
            "change_id": stored.id,
            "contacts": list(contact_ids.get(stored.id, stored.contact_ids or ())),
            "decided": decisions.get(stored.id, stored.contact_decisions),
            "noted": [*stored.warnings, *warnings.get(stored.id, ())],
        }
        for stored in changes
    ]
    connection.execute(statement, rows)


def next_old_activities(connection: Connection, run_id: str, integration_id: str, most: int) -> list[str]:
    """Return the old activities of the run's next recreations, in the order in which they are taken."""
    statement = select(change.c.old_activity_id).where(
        change.c.worker_run_id == run_id,
        change.c.integration_id == integration_id,
        change.c.state == ChangeState.PLANNED,
        change.c.step == Step.CREATE,
        change.c.old_activity_id.is_not(None),
    )
    in_order = statement.order_by(change.c.booking_created_at, change.c.booking_id).limit(most)
    return list(connection.execute(in_order).scalars())


def close(connection: Connection, change_ids: Sequence[str], outcome: AuditOutcome, *, at: datetime) -> None:
    """Record that changes are done, and wipe what they held."""
    _set(
        connection,
        change_ids,
        state=ChangeState.DONE,
        outcome=outcome,
        closed_at=at,
        payload=None,
        error_code=None,
        error=None,
    )


def advance(
    connection: Connection,
    change_ids: Sequence[str],
    step: Step,
    *,
    run_id: str | None = None,
    activity_ids: Mapping[str, str] | None = None,
) -> None:
    """Let changes wait for their next step, in the run that works on them (``run_id`` where that changes)."""
    worker = {"worker_run_id": run_id} if run_id else {}
    _set(connection, change_ids, state=ChangeState.PLANNED, step=step, **worker)
    if activity_ids:
        statement = update(change).where(change.c.id == bindparam("change_id"))
        rows = [{"change_id": change_id, "activity": activity_ids[change_id]} for change_id in change_ids]
        connection.execute(statement.values(activity_id=bindparam("activity")), rows)


def set_contacts(
    connection: Connection, contact_ids: Mapping[str, Sequence[str]], decisions: Mapping[str, ContactDecisions]
) -> None:
    """Note the contacts that changes' activities are associated with, and how they were come by."""
    if contact_ids:
        values: dict[str, Any] = {"contact_ids": bindparam("contacts"), "contact_decisions": bindparam("decided")}
        statement = update(change).where(change.c.id == bindparam("change_id")).values(**values)
        rows = [
            {"change_id": change_id, "contacts": list(ids), "decided": decisions.get(change_id)}
            for change_id, ids in contact_ids.items()
        ]
        connection.execute(statement, rows)


def add_warnings(connection: Connection, warnings: Mapping[str, Sequence[str]]) -> None:
    """Note warnings of changes, besides those that they carry."""
    for some in chunks([change_id for change_id, noted in warnings.items() if noted]):
        for stored in _all(connection, _select().where(change.c.id.in_(some))):
            _set(connection, [stored.id], warnings=[*stored.warnings, *warnings[stored.id]])


def keep_planned(connection: Connection, run_id: str, integration_id: str, *, error: str) -> int:
    """Keep what the run has planned but not come to; return how many changes."""
    statement = update(change).where(
        change.c.worker_run_id == run_id,
        change.c.integration_id == integration_id,
        change.c.state == ChangeState.PLANNED,
    )
    values = {"state": ChangeState.KEPT, "error_code": "not_reached", "error": error}
    return connection.execute(statement.values(**values)).rowcount


def start_over(
    connection: Connection, stored: StoredChange, *, generation: int, activity_key: str, reason: str
) -> None:
    """Let a change make the activity anew, because the one it was to write is gone (D3)."""
    _set(
        connection,
        [stored.id],
        state=ChangeState.PLANNED,
        step=Step.CREATE,
        generation=generation,
        activity_key=activity_key,
        activity_id=None,
        reason=reason,
    )


def mark_unknown(connection: Connection, change_ids: Sequence[str], error: str) -> None:
    """Record that the outcome of the last request is not known."""
    _set(connection, change_ids, state=ChangeState.UNKNOWN, error=error, error_code="outcome_unknown")


def keep_changes(connection: Connection, change_ids: Sequence[str], *, error_code: str, error: str) -> None:
    """Keep changes for the next run, with the reason."""
    _set(connection, change_ids, state=ChangeState.KEPT, error_code=error_code, error=error)


def keep_unanswered(connection: Connection, change_ids: Sequence[str], *, error: str) -> None:
    """Keep changes whose last request got no answer and came to nothing, and count that."""
    count = change.c.unanswered_count + 1
    _set(connection, change_ids, state=ChangeState.KEPT, error_code=NOT_FOUND, error=error, unanswered_count=count)


def try_again(connection: Connection, change_ids: Sequence[str], warning: str) -> None:
    """Let changes take the same step once more in this run, with another content."""
    for stored in _all(connection, _select().where(change.c.id.in_(change_ids))):
        noted = [*stored.warnings, warning]
        _set(connection, [stored.id], state=ChangeState.PLANNED, warnings=noted)


def changes_of_run(connection: Connection, run_id: str, integration_id: str) -> list[RowMapping]:
    """Return what the report needs of a run's changes, those taken over from earlier runs included."""
    columns = (
        change.c.run_id,
        change.c.booking_id,
        change.c.operation,
        change.c.step,
        change.c.state,
        change.c.outcome,
        change.c.reason,
        change.c.error,
        change.c.error_code,
        change.c.previous_error_code,
        change.c.unanswered_count,
        change.c.warnings,
        change.c.activity_id,
    )
    mine = (change.c.run_id == run_id) | (change.c.worker_run_id == run_id)
    statement = select(*columns).where(mine, change.c.integration_id == integration_id)
    return list(connection.execute(statement.order_by(change.c.booking_created_at, change.c.booking_id)).mappings())


def _waiting(run_id: str, operations: Collection[Operation]) -> tuple[ColumnElement[bool], ...]:
    return (
        change.c.worker_run_id == run_id,
        change.c.state == ChangeState.PLANNED,
        change.c.operation.in_(operations),
    )


def _set(connection: Connection, change_ids: Sequence[str], **values: object) -> None:
    for some in chunks(change_ids):
        connection.execute(update(change).where(change.c.id.in_(some)).values(**values))


def _select() -> Select[Any]:
    return select(*(change.c[name] for name in StoredChange.__dataclass_fields__))


def _all(connection: Connection, statement: Select[Any]) -> list[StoredChange]:
    return [_stored(row) for row in connection.execute(statement).mappings()]


def _stored(row: RowMapping) -> StoredChange:
    contact_ids = row["contact_ids"]
    typed = {
        "operation": Operation(row["operation"]),
        "step": Step(row["step"]),
        "state": ChangeState(row["state"]),
        "warnings": tuple(row["warnings"]),
        "contact_ids": None if contact_ids is None else tuple(contact_ids),
        "activity_outcome": ActivityOutcome(row["activity_outcome"]) if row["activity_outcome"] else None,
        "has_new_host": bool(row["has_new_host"]),
    }
    return StoredChange(**{**row, **typed})


def _new_row(
    run_id: str, integration_id: str, new_change: NewChange, state: ChangeState, at: datetime
) -> dict[str, Any]:
    planned = new_change.change
    return {
        "id": new_change.id,
        "run_id": run_id,
        "worker_run_id": run_id,
        "integration_id": integration_id,
        **{name: getattr(planned, name) for name in Change.__dataclass_fields__},
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

"""What becomes of changes: each function writes down how far some have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, update

from booking_sync.states import AuditOutcome, ChangeState, Step
from booking_sync.store.changes import ContactDecisions, StoredChange, load_changes
from booking_sync.store.statements import chunks
from booking_sync.store.tables import change

NOT_FOUND = "not_found"
"""Error code of a change whose request was never answered and, as it turned out, not carried out."""


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
    for stored in load_changes(connection, [change_id for change_id, noted in warnings.items() if noted]):
        _set(connection, [stored.id], warnings=[*stored.warnings, *warnings[stored.id]])


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


def give_up(connection: Connection, change_id: str, *, at: datetime) -> bool:
    """Close a kept change because a person has said so; return False where it is no longer kept."""
    values = {"state": ChangeState.IGNORED, "closed_at": at, "payload": None}
    mine = (change.c.id == change_id, change.c.state == ChangeState.KEPT)
    return connection.execute(update(change).where(*mine).values(**values)).rowcount == 1


def try_again(connection: Connection, change_ids: Sequence[str], warning: str) -> None:
    """Let changes take the same step once more in this run, with another content."""
    for stored in load_changes(connection, change_ids):
        noted = [*stored.warnings, warning]
        _set(connection, [stored.id], state=ChangeState.PLANNED, warnings=noted)


def _set(connection: Connection, change_ids: Sequence[str], **values: object) -> None:
    for some in chunks(change_ids):
        connection.execute(update(change).where(change.c.id.in_(some)).values(**values))

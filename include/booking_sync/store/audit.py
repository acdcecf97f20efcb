"""The audit: one row per write to HubSpot, inserted with the intent and finished with the outcome (W7).

``before`` and ``after`` hold ids, versions and the names of the properties that were written, never their values: those
can be personal data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from booking_sync.states import AuditOutcome
from booking_sync.store.statements import chunks, filled
from booking_sync.store.tables import audit


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One write that is about to be sent."""

    change_id: str
    booking_id: str
    booking_version: int
    action: str
    object_type: str
    object_id: str | None = None
    email_hash: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


_OF_ENTRY = tuple(AuditEntry.__dataclass_fields__)


def begin_entries(
    connection: Connection,
    entries: Sequence[AuditEntry],
    *,
    run_id: str,
    requested_by: str,
    integration_id: str,
    at: datetime,
) -> None:
    """Write down what is about to be sent."""
    shared = {
        "at": at,
        "run_id": run_id,
        "requested_by": requested_by,
        "integration_id": integration_id,
        "outcome": AuditOutcome.SENT,
    }
    rows = [{**shared, **{name: getattr(entry, name) for name in _OF_ENTRY}} for entry in entries]
    if rows:
        connection.execute(audit.insert(), filled(rows))


def finish_entries(
    connection: Connection,
    change_ids: Sequence[str],
    outcome: AuditOutcome,
    *,
    at: datetime,
    object_type: str = "activity",
    object_ids: Mapping[str, str] | None = None,
    error_code: str | None = None,
    correlation_id: str | None = None,
) -> None:
    """Write down what came of the writes of these changes that have no outcome yet."""
    values = {"outcome": outcome, "finished_at": at, "error_code": error_code, "correlation_id": correlation_id}
    open_ones = (audit.c.outcome == AuditOutcome.SENT, audit.c.object_type == object_type)
    if object_ids:
        mine = update(audit).where(audit.c.change_id == bindparam("of_change"), *open_ones)
        rows = [{"of_change": change_id, "object": object_id} for change_id, object_id in object_ids.items()]
        connection.execute(mine.values(**values, object_id=bindparam("object")), rows)
        return
    for some in chunks(change_ids):
        connection.execute(update(audit).where(audit.c.change_id.in_(some), *open_ones).values(**values))


def is_unfinished(connection: Connection, change_id: str, object_type: str) -> bool:
    """Say whether a write has no outcome yet: its answer was lost, or the worker died over it."""
    statement = select(audit.c.id).where(
        audit.c.change_id == change_id, audit.c.object_type == object_type, audit.c.outcome == AuditOutcome.SENT
    )
    return connection.execute(statement.limit(1)).first() is not None


def finish_contact_entries(
    connection: Connection,
    integration_id: str,
    outcomes: Mapping[str, AuditOutcome],
    *,
    at: datetime,
    object_ids: Mapping[str, str] | None = None,
    error_codes: Mapping[str, str] | None = None,
) -> None:
    """Write down what came of contact creations, by the hash of the address."""
    if not outcomes:
        return
    statement = update(audit).where(
        audit.c.integration_id == integration_id,
        audit.c.email_hash == bindparam("of_hash"),
        audit.c.outcome == AuditOutcome.SENT,
        audit.c.object_type == "contact",
    )
    rows = [
        {
            "of_hash": email_hash,
            "result": outcome,
            "object": (object_ids or {}).get(email_hash),
            "code": (error_codes or {}).get(email_hash),
        }
        for email_hash, outcome in outcomes.items()
    ]
    values: dict[str, Any] = {
        "outcome": bindparam("result"),
        "object_id": bindparam("object"),
        "error_code": bindparam("code"),
    }
    connection.execute(statement.values(finished_at=at, **values), rows)


def unfinished_contact_hashes(connection: Connection, integration_id: str, hashes: Sequence[str]) -> set[str]:
    """Return which of these addresses have a contact creation whose outcome is not known."""
    found: set[str] = set()
    for some in chunks(hashes):
        statement = select(audit.c.email_hash).where(
            audit.c.integration_id == integration_id,
            audit.c.email_hash.in_(some),
            audit.c.outcome == AuditOutcome.SENT,
            audit.c.object_type == "contact",
        )
        found.update(connection.execute(statement).scalars())
    return found

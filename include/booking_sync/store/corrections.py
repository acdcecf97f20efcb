"""What is put right where mapping and HubSpot disagree about which activity is a booking's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, select, update

from booking_sync.states import AuditOutcome, RecordedState
from booking_sync.store.changes import StoredChange
from booking_sync.store.statements import chunks
from booking_sync.store.tables import audit, change, mapping


def correct_activities(connection: Connection, integration_id: str, corrected: Sequence[StoredChange]) -> None:
    """Let changes, and the mapping of their bookings, be about the activities that they turned out to be about."""
    _set_free(connection, integration_id, [str(stored.activity_id) for stored in corrected])
    for stored in corrected:
        values = {
            "activity_id": stored.activity_id,
            "activity_key": stored.activity_key,
            "generation": stored.generation,
        }
        connection.execute(update(change).where(change.c.id == stored.id).values(**values))
        mine = (mapping.c.integration_id == integration_id, mapping.c.booking_id == stored.booking_id)
        connection.execute(update(mapping).where(*mine).values(**values))
        sent = (audit.c.change_id == stored.id, audit.c.outcome == AuditOutcome.SENT, audit.c.object_type == "activity")
        connection.execute(update(audit).where(*sent).values(object_id=stored.activity_id))


def correct_old_activities(connection: Connection, activity_ids: Mapping[str, str]) -> None:
    """Let changes archive these activities (change id → activity id) in place of those that they were planned with."""
    rows = [{"change_id": change_id, "activity": activity_id} for change_id, activity_id in activity_ids.items()]
    statement = update(change).where(change.c.id == bindparam("change_id"))
    connection.execute(statement.values(old_activity_id=bindparam("activity")), rows)


def give_back(connection: Connection, integration_id: str, ids_by_key: Mapping[str, str]) -> None:
    """Map activities (marker → id) to the bookings whose recorded marker they carry, and to no other."""
    statement = select(mapping.c.booking_id, mapping.c.activity_key).where(
        mapping.c.integration_id == integration_id,
        mapping.c.activity_key.in_(ids_by_key),
        mapping.c.state != RecordedState.REPLACED,
    )
    owners = {row.booking_id: ids_by_key[row.activity_key] for row in connection.execute(statement)}
    _set_free(connection, integration_id, list(ids_by_key.values()))
    for booking_id, activity_id in owners.items():
        mine = (mapping.c.integration_id == integration_id, mapping.c.booking_id == booking_id)
        connection.execute(update(mapping).where(*mine).values(activity_id=activity_id))


def _set_free(connection: Connection, integration_id: str, activity_ids: Sequence[str]) -> None:
    """Take activities from whichever booking they are mapped to: no two may have the same."""
    for some in chunks(activity_ids):
        taken = update(mapping).where(mapping.c.integration_id == integration_id, mapping.c.activity_id.in_(some))
        connection.execute(taken.values(activity_id=None))

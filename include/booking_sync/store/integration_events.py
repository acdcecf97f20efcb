"""What people did to integrations, and what befell these: an append-only history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from booking_sync.states import IntegrationEvent
from booking_sync.store.access_tables import integration_event


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One line of the history. ``person`` is empty where nobody did it."""

    integration_id: str
    at: datetime
    person: str
    event: IntegrationEvent
    detail: str | None


def add_event(
    connection: Connection,
    integration_id: str,
    event: IntegrationEvent,
    *,
    person: str,
    at: datetime,
    detail: str | None = None,
) -> None:
    """Add a line to the history."""
    row = {"integration_id": integration_id, "at": at, "person": person[:250], "event": event, "detail": detail}
    connection.execute(insert(integration_event), row)


def events_of(connection: Connection, integration_id: str, most: int) -> list[RecordedEvent]:
    """Return the newest lines of an integration's history, newest first."""
    statement = (
        select(integration_event)
        .where(integration_event.c.integration_id == integration_id)
        .order_by(integration_event.c.id.desc())
        .limit(most)
    )
    return [
        RecordedEvent(row.integration_id, row.at, row.person, IntegrationEvent(row.event), row.detail)
        for row in connection.execute(statement)
    ]

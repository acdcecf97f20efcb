"""What people did about single bookings: who, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.states import Intervention
from booking_sync.store.intervention_tables import intervention


def add_interventions(
    connection: Connection,
    integration_id: str,
    booking_ids: Sequence[str | None],
    action: Intervention,
    *,
    person: str,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Write down what somebody did; an id of None stands for everything that waits."""
    rows = [
        {
            "integration_id": integration_id,
            "booking_id": booking_id,
            "action": action,
            "person": person[:250],
            "at": at,
            "reason": reason,
        }
        for booking_id in booking_ids
    ]
    connection.execute(intervention.insert(), rows)

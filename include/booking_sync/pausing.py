"""A person's pause: kept apart from our own, so that neither a plan that is back nor a reconnect ends it."""

from __future__ import annotations

from booking_sync.errors import InvalidRequest
from booking_sync.services import Services
from booking_sync.states import IntegrationEvent
from booking_sync.store import integrations
from booking_sync.store.database import writing
from booking_sync.store.integration_events import add_event

LONGEST_REASON = 500


def pause(services: Services, integration_id: str, *, person: str, reason: str = "") -> None:
    """Pass nothing on until a person resumes. What changes meanwhile is passed on then; nothing is lost.

    Raises:
        InvalidRequest: somebody has paused it already, and whose pause it is stays.
    """
    why, at = reason.strip()[:LONGEST_REASON] or None, services.clock()
    with writing(services.engine) as connection:
        found = integrations.load_integration(connection, integration_id)
        if found.paused_at is not None:
            raise InvalidRequest(f"It has been paused by {found.paused_by} already.")
        integrations.set_pause(connection, integration_id, person=person[:250], reason=why, at=at)
        add_event(connection, integration_id, IntegrationEvent.PAUSED, person=person, at=at, detail=why)


def resume(services: Services, integration_id: str, *, person: str) -> None:
    """End a person's pause; what else keeps an integration from working stays.

    Raises:
        InvalidRequest: nobody has paused it, or somebody has resumed it already.
    """
    with writing(services.engine) as connection:
        if integrations.load_integration(connection, integration_id).paused_at is None:
            raise InvalidRequest("It is not paused any more.")
        integrations.set_pause(connection, integration_id, person=None, reason=None, at=None)
        add_event(connection, integration_id, IntegrationEvent.RESUMED, person=person, at=services.clock())

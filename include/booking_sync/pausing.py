"""A person's pause: kept apart from our own, so that neither a plan that is back nor a reconnect ends it."""

from __future__ import annotations

from booking_sync.services import Services
from booking_sync.states import IntegrationEvent
from booking_sync.store import integrations
from booking_sync.store.database import writing
from booking_sync.store.integration_events import add_event

LONGEST_REASON = 500


def pause(services: Services, integration_id: str, *, person: str, reason: str = "") -> None:
    """Pass nothing on until a person resumes. What changes meanwhile is passed on then; nothing is lost."""
    why, at = reason.strip()[:LONGEST_REASON] or None, services.clock()
    with writing(services.engine) as connection:
        integrations.set_pause(connection, integration_id, person=person[:250], reason=why, at=at)
        add_event(connection, integration_id, IntegrationEvent.PAUSED, person=person, at=at, detail=why)


def resume(services: Services, integration_id: str, *, person: str) -> None:
    """End a person's pause; what else keeps an integration from working stays."""
    with writing(services.engine) as connection:
        integrations.set_pause(connection, integration_id, person=None, reason=None, at=None)
        add_event(connection, integration_id, IntegrationEvent.RESUMED, person=person, at=services.clock())

"""Having what waits tried again now, by a run that the caller starts. Who asked for it is recorded."""

from __future__ import annotations

from collections.abc import Iterable

from booking_sync.errors import InvalidRequest
from booking_sync.request import MOST_IDS, parse_request
from booking_sync.services import Services
from booking_sync.states import Intervention
from booking_sync.store import integrations, status
from booking_sync.store.database import reading, writing
from booking_sync.store.integrations import Integration
from booking_sync.store.interventions import add_interventions


def retry(services: Services, integration_id: str, booking_id: str, *, person: str) -> Integration:
    """Note that somebody wants a booking to be tried again; return the integration that a run has to be started for.

    Raises:
        InvalidRequest: this is no id, or nothing is passed on at the moment, so no run would come to it.
    """
    parse_request({"booking_ids": [booking_id]})
    with reading(services.engine) as connection:
        integration = integrations.find_integration(connection, integration_id)
    if integration is None:
        raise InvalidRequest("There is no integration of that id.")
    if not integration.is_working:
        raise InvalidRequest(f"No run would come to it: the integration is {integration.why_idle}.")
    _note(services, [integration], booking_id, Intervention.RETRY, person)
    return integration


def retry_all(services: Services, *, person: str) -> list[Integration]:
    """Note that somebody wants everything to be tried again; return the integrations in which something waits.

    Raises:
        InvalidRequest: nothing waits where anything is passed on.
    """
    with reading(services.engine) as connection:
        waiting = status.integrations_with_waiting(connection, MOST_IDS)
        working = [one for one in integrations.all_integrations(connection) if one.id in waiting and one.is_working]
    if not working:
        raise InvalidRequest("Nothing waits where anything is passed on, so there is nothing to retry.")
    _note(services, working, None, Intervention.RETRY_ALL, person)
    return working


def _note(
    services: Services, of: Iterable[Integration], booking_id: str | None, action: Intervention, person: str
) -> None:
    at = services.clock()
    with writing(services.engine) as connection:
        for one in of:
            add_interventions(connection, one.id, [booking_id], action, person=person, at=at)

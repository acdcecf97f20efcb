"""What HubSpot shows of ours that the mapping may not know of, looked for at the beginning of every run.

One search a run: activities with a marker that were modified since the last run ended. What we have recorded ourselves
in the meantime is known. The rest are requests that landed late, activities that a lost or restored database does not
know, and what people edited. Where nothing is mapped, everything with a marker is listed. Bookings of which a request
was never answered are looked at for a day, whatever that search says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from booking_sync.audited import FoundActivity
from booking_sync.clients.hubspot_model import KEY_PROPERTY
from booking_sync.errors import IncompleteRead, NotFound, OutcomeUnknown, Refused, Throttled
from booking_sync.evidence import SHOWN, found_activity
from booking_sync.fingerprint import MOST_GENERATIONS, generation_of
from booking_sync.log_line import log_line
from booking_sync.portal import ACTIVITIES, forget_provisioning
from booking_sync.standing import BOOKING_PROPERTY
from booking_sync.store import drifts, lost
from booking_sync.store.database import reading
from booking_sync.store.integrations import load_portal
from booking_sync.work import Work

logger = logging.getLogger(__name__)

TOUCHED_WITHIN = timedelta(days=1)
"""How long a request without an answer is taken to be able to land."""

SEARCH_IS_DOWN = (IncompleteRead, NotFound, OutcomeUnknown, Refused, Throttled)
"""What the search may answer without stopping the run: the next one looks again."""

LONGEST_CHAIN = 25
"""How many successors of a replaced booking are followed."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """The activities that were looked at, by id, and the bookings to compare them with; ``failure``: why not all."""

    activities: Mapping[str, FoundActivity] = field(default_factory=dict)
    booking_ids: frozenset[str] = frozenset()
    failure: str | None = None


def look(work: Work) -> Sightings:
    """Look for activities of ours that may not be what the mapping says.

    Raises:
        IntegrationUnavailable, RequestFailed: nothing is mapped, and HubSpot does not say what it already holds: then
            nothing may be created.
    """
    since = _since(work)
    if since is None and not has_our_properties(work):
        return Sightings()
    try:
        suspects = _suspects(work)
        listed = _listed(work, since) | _of_bookings(work, suspects)
    except SEARCH_IS_DOWN as error:
        if isinstance(error, Refused):  # a property that is searched for may have been deleted since it was made
            forget_provisioning(work.services, work.integration.portal_id)
        if since is None and has_our_properties(work):
            raise
        ids = {"run": work.run.id, "integration": work.integration.id}
        logger.warning(log_line("sweep left out", **ids, error=type(error).__name__, why=error))
        return Sightings(failure=str(error))
    return _read(work, listed, suspects)


def marked_generation(work: Work, activity: FoundActivity) -> int | None:
    """Return which activity of its booking this is, by its marker; None where this workspace has not made it."""
    if not activity.key or not activity.booking_id:
        return None
    workspace_id = work.integration.workspace_id
    return generation_of(workspace_id, activity.booking_id, activity.key, most=MOST_GENERATIONS)


def read_activities(work: Work, activity_ids: Iterable[str]) -> dict[str, FoundActivity]:
    """Read activities as the audit looks at them."""
    found = work.hubspot.activities_by_id(sorted(activity_ids), SHOWN)
    return {activity.id: found_activity(activity) for activity in found.values()}


def has_our_properties(work: Work) -> bool:
    """Say whether the portal can hold activities of ours at all: a search by a property that does not exist fails."""
    with reading(work.services.engine) as connection:
        if load_portal(connection, work.integration.portal_id).provisioned_at is not None:
            return True
    names = {found.name for found in work.hubspot.property_definitions(ACTIVITIES)}
    return names >= {KEY_PROPERTY, BOOKING_PROPERTY}


def _since(work: Work) -> datetime | None:
    """Return from when on the search has to look, which is the end of the last run; None: from the beginning.

    Never from before the integration was connected (again): what changed while it was not is not passed on (K5).
    """
    with reading(work.services.engine) as connection:
        has_mapping = lost.has_mapping(connection, work.integration.id)
    swept_at = work.integration.swept_at
    return max(swept_at, work.integration.connected_at) if has_mapping and swept_at is not None else None


def _suspects(work: Work) -> list[str]:
    with reading(work.services.engine) as connection:
        return lost.suspects(connection, work.integration.id, work.services.clock() - TOUCHED_WITHIN)


def _listed(work: Work, since: datetime | None) -> set[str]:
    """Return the activities that were modified, but for those of which we know why."""
    unexplained: set[str] = set()
    for page in work.hubspot.activity_ids_with((KEY_PROPERTY, BOOKING_PROPERTY), modified_since=since):
        with reading(work.services.engine) as connection:
            mapped = lost.mapped_bookings(connection, work.integration.portal_id, page)
            mine = {activity_id for activity_id, owner in mapped.items() if owner[0] == work.integration.id}
            explained = lost.changed_since(connection, work.integration.id, mine, since) if since else mine
        unexplained |= set(page) - (mapped.keys() - mine) - explained
    return unexplained


def _of_bookings(work: Work, booking_ids: list[str]) -> set[str]:
    """Return the activities of bookings whatever the search by time says: those mapped, and those searched by name."""
    if not booking_ids:
        return set()
    with reading(work.services.engine) as connection:
        mapped = drifts.mapped_among(connection, work.integration.id, booking_ids)
    searched = work.hubspot.activity_ids_of(BOOKING_PROPERTY, booking_ids)
    return {*searched, *(row.activity_id for row in mapped.values() if row.activity_id)}


def _read(work: Work, listed: set[str], suspects: list[str]) -> Sightings:
    """Read the activities, and with them those that the mapping gives to the same bookings."""
    if not listed and not suspects:
        return Sightings()
    activities = read_activities(work, listed)
    named = {str(one.booking_id) for one in activities.values() if marked_generation(work, one) is not None}
    booking_ids = named | set(suspects)
    with reading(work.services.engine) as connection:
        mapped = drifts.mapped_with_successors(connection, work.integration.id, booking_ids, LONGEST_CHAIN)
    others = {row.activity_id for row in mapped.values() if row.activity_id} - activities.keys()
    activities |= read_activities(work, [str(one) for one in others]) if others else {}
    return Sightings(activities, frozenset(booking_ids | mapped.keys()))

"""Finding out what became of requests that were never answered, before anything new is planned.

An unknown outcome rests for the quiet time, because a request that seemed lost can still land. Then it is read back:
by the marker where the portal enforces it as unique, else through the activities of the contacts it was associated
with. What is found is adopted; what is not found goes back to the plan, and is sent again with the same marker.

Search is not used for this, because its index lags. The one exception is an activity whose contacts, if it had any, are
all merged or deleted, in a portal that does not enforce the marker: nothing else leads to it. Without contacts from the
beginning it also rests for as long as the index may lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from booking_sync.adoption import record_found, standing_ones
from booking_sync.clients.hubspot_model import KEY_PROPERTY, Activity
from booking_sync.record import (
    record_archived,
    record_associated,
    record_lost,
    record_written,
)
from booking_sync.standing import IDENTITY, REVISION_PROPERTY, Standing
from booking_sync.states import AuditOutcome, Step
from booking_sync.store import changes, planned_changes
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading, writing
from booking_sync.store.integrations import load_portal
from booking_sync.work import Work


def settle(work: Work) -> int:
    """Settle the integration's unanswered requests that have rested long enough; return how many still rest.

    Holding the lease means that nobody is waiting for these answers any more.
    """
    with reading(work.services.engine) as connection:
        unanswered = changes.in_flight(connection, work.integration.id)
    rested = _settle_rested(work, unanswered) if unanswered else []
    with writing(work.services.engine) as connection:
        planned_changes.resume_archives(connection, work.run.id, work.integration.id)
    return len(unanswered) - len(rested)


def _settle_rested(work: Work, unanswered: Sequence[StoredChange]) -> list[StoredChange]:
    """Settle what has rested long enough, and return it."""
    with reading(work.services.engine) as connection:
        has_unique_key = bool(load_portal(connection, work.integration.portal_id).has_unique_key)
    rested = [stored for stored in unanswered if _has_rested(work, stored, has_unique_key=has_unique_key)]
    of_step = {step: [stored for stored in rested if stored.step is step] for step in Step}
    _settle_creates(work, of_step[Step.CREATE], has_unique_key=has_unique_key)
    _settle_associations(work, of_step[Step.ASSOCIATE])
    _settle_writes(work, of_step[Step.WRITE])
    _settle_archives(work, of_step[Step.ARCHIVE])
    return rested


def _has_rested(work: Work, stored: StoredChange, *, has_unique_key: bool) -> bool:
    seconds = work.services.settings.quiet_seconds
    if stored.step is Step.CREATE and not has_unique_key and not stored.contact_ids:
        seconds = max(seconds, work.services.settings.search_lag_seconds)
    return stored.sent_at is None or work.services.clock() - stored.sent_at >= timedelta(seconds=seconds)


def _settle_creates(work: Work, creates: Sequence[StoredChange], *, has_unique_key: bool) -> None:
    if not creates:
        return
    found = _by_key(work, creates) if has_unique_key else _by_association(work, creates)
    for stored in creates:
        if stored.activity_key in found:
            record_found(work, stored, work.booking_of(stored), found[stored.activity_key])
        else:
            record_lost(work, [stored.id])


def _by_key(work: Work, creates: Sequence[StoredChange]) -> dict[str, Activity]:
    return work.hubspot.activities_by_key([stored.activity_key for stored in creates], IDENTITY)


def _by_association(work: Work, creates: Sequence[StoredChange]) -> dict[str, Activity]:
    """Follow the contacts to their activities and look for our markers among them; the oldest of several counts."""
    hubspot = work.hubspot
    contact_ids = {contact_id for stored in creates for contact_id in stored.contact_ids or ()}
    listed = hubspot.activity_ids_of_contacts(sorted(contact_ids)) if contact_ids else {}
    activity_ids = {activity_id for ids in listed.values() for activity_id in ids}
    standing = hubspot.contacts_by_id(sorted(contact_ids)) if contact_ids else {}
    for stored in creates:
        if not standing.keys() & set(stored.contact_ids or ()):
            activity_ids.update(activity.id for activity in hubspot.search_activities(stored.activity_key))
    activities = hubspot.activities_by_id(sorted(activity_ids), IDENTITY).values()
    newest_first = sorted(activities, key=lambda activity: int(activity.id), reverse=True)
    return {key: activity for activity in newest_first if (key := activity.properties.get(KEY_PROPERTY))}


def _settle_associations(work: Work, associations: Sequence[StoredChange]) -> None:
    if not associations:
        return
    activity_ids = [str(stored.activity_id) for stored in associations]
    listed = work.hubspot.associated_ids("meetings", "contacts", activity_ids)
    for stored in associations:
        if set(stored.contact_ids or ()) <= set(listed.get(str(stored.activity_id), ())):
            record_associated(work, [stored])
        else:
            record_lost(work, [stored.id])


def _settle_writes(work: Work, writes: Sequence[StoredChange]) -> None:
    if not writes:
        return
    for stored, booking, activity in standing_ones(work, Standing(work), [(s, work.booking_of(s)) for s in writes]):
        if activity.properties.get(REVISION_PROPERTY) == stored.revision:
            record_written(work, [(stored, booking)], outcome=AuditOutcome.ADOPTED)
        else:
            record_lost(work, [stored.id])


def _settle_archives(work: Work, archives: Sequence[StoredChange]) -> None:
    if not archives:
        return
    standing = work.hubspot.activities_by_id([str(stored.old_activity_id) for stored in archives], IDENTITY)
    gone = [stored for stored in archives if str(stored.old_activity_id) not in standing]
    record_archived(work, [(stored, work.booking_of(stored)) for stored in gone], outcome=AuditOutcome.ADOPTED)
    still_there = [stored.id for stored in archives if str(stored.old_activity_id) in standing]
    record_lost(work, still_there)

"""Activities of ours that turn out to exist already, or to exist no more."""

from __future__ import annotations

from booking_sync.clients.hubspot_model import KEY_PROPERTY, Activity
from booking_sync.fingerprint import activity_key
from booking_sync.model import Booking
from booking_sync.record import record_adopted_outdated, record_created, record_gone
from booking_sync.states import AuditOutcome
from booking_sync.store.changes import StoredChange
from booking_sync.work import Work

REVISION_PROPERTY = "calendar_booking_revision"
IDENTITY = (KEY_PROPERTY, REVISION_PROPERTY)
"""The properties by which an activity of ours, and what it shows, is recognised."""


def adopt(work: Work, stored: StoredChange, booking: Booking, activity_id: str) -> None:
    """Take over the activity that carries our marker: its creation was never answered, or the mapping was lost.

    Where it cannot be read, or carries another marker, the marker's next generation is used instead.
    """
    found = work.hubspot.activities_by_id([activity_id], IDENTITY).get(activity_id)
    if found is None or found.properties.get(KEY_PROPERTY) != stored.activity_key:
        make_again(work, stored, booking)
    else:
        record_found(work, stored, booking, found)


def record_found(work: Work, stored: StoredChange, booking: Booking, found: Activity) -> None:
    """Record an activity of ours that exists already, and have it rewritten where it shows another state."""
    if found.properties.get(REVISION_PROPERTY) == stored.revision:
        contacts = {stored.id: stored.contact_ids or ()}
        record_created(work, [(stored, booking, found.id)], contacts, outcome=AuditOutcome.ADOPTED)
    else:
        record_adopted_outdated(work, stored, booking, found.id)


def make_again(work: Work, stored: StoredChange, booking: Booking) -> None:
    """Let a change make its activity under the next marker, because the one it was to write is gone (D3)."""
    generation = stored.generation + 1
    key = activity_key(booking.workspace_id, booking.id, generation)
    record_gone(work, stored, generation=generation, activity_key=key)

"""Activities of ours that turn out to exist already, elsewhere than the mapping said, or no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from booking_sync.clients.hubspot_model import KEY_PROPERTY, Activity
from booking_sync.fingerprint import MOST_GENERATIONS, activity_key, generation_of
from booking_sync.model import Booking
from booking_sync.record import record_adopted_outdated, record_created, record_found_elsewhere, record_gone
from booking_sync.standing import IDENTITY, REVISION_PROPERTY, Standing, sought
from booking_sync.states import AuditOutcome
from booking_sync.store.changes import StoredChange
from booking_sync.work import Work


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


def standing_ones(
    work: Work, standing: Standing, batch: Sequence[tuple[StoredChange, Booking]]
) -> list[tuple[StoredChange, Booking, Activity]]:
    """Return the changes whose activity stands and is the booking's, with it; the others make theirs again (D3, D4)."""
    located = standing.locate({stored.id: sought(stored) for stored, _ in batch})
    ready: list[tuple[StoredChange, Booking, Activity]] = []
    for stored, booking in batch:
        if activity := located.get(stored.id):
            ready.append(
                (found_at(stored, booking, activity.id, activity.properties.get(KEY_PROPERTY)), booking, activity)
            )
        else:
            make_again(work, stored, booking)
    planned = {stored.id: stored for stored, _ in batch}
    record_found_elsewhere(work, [stored for stored, _, _ in ready if stored != planned[stored.id]])
    return ready


def found_at(stored: StoredChange, booking: Booking, activity_id: str, key: str | None) -> StoredChange:
    """Return the change with the activity that it turned out to be about."""
    if not key or key == stored.activity_key or stored.takes_activity_over:
        return replace(stored, activity_id=activity_id)
    generation = generation_of(booking.workspace_id, booking.id, key, most=MOST_GENERATIONS) or stored.generation
    return replace(stored, activity_id=activity_id, activity_key=key, generation=generation)


def make_again(work: Work, stored: StoredChange, booking: Booking) -> None:
    """Let a change make its activity under the next marker, because the one it was to write is gone (D3)."""
    generation = stored.generation + 1
    key = activity_key(booking.workspace_id, booking.id, generation)
    record_gone(work, stored, generation=generation, activity_key=key)

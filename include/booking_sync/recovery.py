"""Taking over activities of ours that the mapping has lost: a row, the rows since a backup, or all of them.

What is found is recorded as it stands, before anything is planned. So the plan compares it with its booking like any
other, and makes no second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from booking_sync.audited import OF_AN_APP, FoundActivity, MappedBooking
from booking_sync.fingerprint import (
    activity_key,
    content_fingerprint,
    revision,
    schedule_fingerprint,
    shows_the_same,
    version_of,
)
from booking_sync.model import Booking, BookingStatus
from booking_sync.outcome import usual_outcome
from booking_sync.shown_times import is_same_time
from booking_sync.sightings import Sightings, has_our_properties, marked_generation, read_activities
from booking_sync.standing import BOOKING_PROPERTY
from booking_sync.states import ActivityOutcome, RecordedState
from booking_sync.store import drifts, lost, mappings, staging
from booking_sync.store.database import reading
from booking_sync.store.lost import LastKnown
from booking_sync.store.mappings import MappingRow
from booking_sync.work import Work


@dataclass(frozen=True, slots=True)
class Recovered:
    """Every activity that was looked at, the bookings it was about, and how many were mapped anew."""

    activities: Mapping[str, FoundActivity]
    booking_ids: frozenset[str]
    adopted: int


def recover(work: Work, sightings: Sightings) -> Recovered:
    """Map what the mapping has lost of the bookings that the run has read.

    Raises:
        IntegrationUnavailable, RequestFailed: HubSpot does not say what it holds of a booking that must have been here
            before; nothing may be created for it.
    """
    with reading(work.services.engine) as connection:
        known = lost.last_known_of_unmapped(connection, work.run.id, work.integration.id)
    overdue = _overdue(work)
    searched = work.hubspot.activity_ids_of(BOOKING_PROPERTY, overdue) if overdue else []
    unseen = {*searched, *(one.activity_id for one in known.values())} - sightings.activities.keys()
    activities = {**sightings.activities, **(read_activities(work, unseen) if unseen else {})}
    booking_ids = frozenset({*sightings.booking_ids, *known, *overdue})
    return Recovered(activities, booking_ids, _map(work, booking_ids, activities, known))


def _overdue(work: Work) -> list[str]:
    """Return the bookings that are too old for this to be the first run that sees them."""
    swept_at, connected_at = work.integration.swept_at, work.integration.connected_at
    if swept_at is None:
        return []
    before = swept_at - timedelta(seconds=work.services.settings.overlap_seconds)
    with reading(work.services.engine) as connection:
        overdue = lost.created_between(connection, work.run.id, work.integration.id, connected_at, before)
    return overdue if overdue and has_our_properties(work) else []


def _staged(work: Work, booking_ids: Iterable[str]) -> list[Booking]:
    with reading(work.services.engine) as connection:
        vault, ids = work.services.vault, sorted(booking_ids)
        staged = staging.load_staged(connection, vault, work.run.id, work.integration.id, ids)
    return [booking for booking, _ in staged]


def _map(
    work: Work,
    booking_ids: frozenset[str],
    activities: Mapping[str, FoundActivity],
    known: Mapping[str, LastKnown],
) -> int:
    """Write mapping rows for bookings whose activity is not the mapped one, or that have none; return how many."""
    if not booking_ids:
        return 0
    staged = _staged(work, booking_ids)
    successors = {str(booking.rescheduled_to_id) for booking in staged if booking.rescheduled_to_id}
    with reading(work.services.engine) as connection:
        mapped = drifts.mapped_among(connection, work.integration.id, booking_ids | successors)
        busy = drifts.in_work_among(connection, work.integration.id, sorted(booking_ids))
    candidates = _candidates(work, activities)
    contacts = work.hubspot.associated_ids("meetings", "contacts", [one.id for one in candidates.values()])
    rows: list[MappingRow] = []
    replaced: dict[str, str] = {}
    for booking in staged:
        if booking.id in busy:
            continue
        before = mapped.get(booking.id)
        if before is not None and (before.state is RecordedState.REPLACED or before.activity_id in activities):
            continue
        found = candidates.get(booking.id)
        if _has_successor(booking, mapped, candidates):
            if found is None or booking.rescheduled_to_id not in mapped:
                continue
            replaced[booking.id] = str(booking.rescheduled_to_id)  # the sweep then sees one too many, and archives it
        if found:
            rows.append(_row(work, booking, replace(found, contact_ids=contacts.get(found.id)), before))
        elif before is None and booking.id in known and booking.status is not BookingStatus.RESCHEDULED:
            rows.append(_row_of_what_is_gone(booking, known[booking.id]))
    with work.recording() as (connection, at):
        numbered = [(work.run.id, row) for row in rows]
        mappings.save_rows(connection, work.integration.id, numbered, event="adopted", at=at)
        mappings.mark_replaced(connection, work.integration.id, replaced)
    return sum(row.activity_id in activities for row in rows)


def _candidates(work: Work, activities: Mapping[str, FoundActivity]) -> dict[str, FoundActivity]:
    """Return the activity to take over for each booking: the newest by its marker; of copies of one, the first.

    Not one that is mapped, that a person has made, or that we have archived and a person restored.
    """
    with reading(work.services.engine) as connection:
        mapped = lost.mapped_bookings(connection, work.integration.portal_id, list(activities))
        archived = drifts.archived_by_us(connection, work.integration.id, list(activities))
    ours = [
        (generation, activity)
        for activity in activities.values()
        if activity.id not in mapped
        and activity.source == OF_AN_APP
        and not archived.get(activity.id)
        and (generation := marked_generation(work, activity)) is not None
    ]
    ours.sort(key=lambda pair: (pair[0], -int(pair[1].id)))
    return {str(activity.booking_id): activity for _, activity in ours}


def _has_successor(
    booking: Booking, mapped: Mapping[str, MappedBooking], candidates: Mapping[str, FoundActivity]
) -> bool:
    """Say whether another booking has taken the place of this one already, with an activity of its own (R2)."""
    is_replaced = booking.status is BookingStatus.RESCHEDULED
    return is_replaced and (booking.rescheduled_to_id in mapped or booking.rescheduled_to_id in candidates)


def _row(work: Work, booking: Booking, found: FoundActivity, before: MappedBooking | None) -> MappingRow:
    """Return the row of an activity as it stands.

    Where it does not show the booking's newest state the fingerprints stay empty, so that the plan rewrites it: in
    place where the times are right, else by making it again (R1).
    """
    outcome = _shown_outcome(found, booking)
    is_current = outcome is not None
    has_same_times = is_same_time(found.start_at, booking.start_at) and is_same_time(found.end_at, booking.end_at)
    version = booking.version if is_current else min(version_of(found.revision), booking.version)
    is_canceled = (outcome or found.outcome) == ActivityOutcome.CANCELED
    return MappingRow(
        booking_id=booking.id,
        state=RecordedState.CANCELED if is_canceled else RecordedState.LIVE,
        activity_id=found.id,
        activity_key=str(found.key),
        generation=marked_generation(work, found) or 1,
        version=max(version, before.version if before else 0),
        schedule_fingerprint=schedule_fingerprint(booking) if is_current or has_same_times else "",
        content_fingerprint=content_fingerprint(booking) if is_current else "",
        start_at=found.start_at or booking.start_at,
        end_at=found.end_at or booking.end_at,
        contact_ids=found.contact_ids or (),
        outcome=outcome or (ActivityOutcome.CANCELED if is_canceled else ActivityOutcome.SCHEDULED),
        guests_fingerprint=None,
    )


def _shown_outcome(found: FoundActivity, booking: Booking) -> ActivityOutcome | None:
    """Return the outcome that was written last, if the activity shows the booking as it is now."""
    return next((one for one in ActivityOutcome if shows_the_same(found.revision, revision(booking, one))), None)


def _row_of_what_is_gone(booking: Booking, known: LastKnown) -> MappingRow:
    """Return the row of an activity that a person deleted: it is made again when the booking has changed (D3)."""
    is_unchanged = booking.version == known.version
    is_canceled = is_unchanged and booking.status is BookingStatus.CANCELED
    return MappingRow(
        booking_id=booking.id,
        state=RecordedState.CANCELED if is_canceled else RecordedState.LIVE,
        activity_id=known.activity_id,
        activity_key=activity_key(booking.workspace_id, booking.id, known.generation),
        generation=known.generation,
        version=known.version,
        schedule_fingerprint=schedule_fingerprint(booking) if is_unchanged else "",
        content_fingerprint=content_fingerprint(booking) if is_unchanged else "",
        start_at=known.start_at,
        end_at=known.end_at,
        contact_ids=(),
        outcome=usual_outcome(booking),
        guests_fingerprint=None,
    )

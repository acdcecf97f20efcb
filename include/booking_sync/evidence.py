"""Reading what the audit compares: every booking, every mapping row, every activity of ours. Nothing is written.

Search only says which activities there are; what is relied on is read by id, because the index lags behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from booking_sync.audited import AuditedBooking, Evidence, FoundActivity, MappedBooking
from booking_sync.booking_payload import parse_booking
from booking_sync.clients.hubspot_model import KEY_PROPERTY, Activity
from booking_sync.errors import IncompleteRead
from booking_sync.fingerprint import revision
from booking_sync.integration_settings import DEFAULT_SETTINGS, IntegrationSettings
from booking_sync.model import Booking, Reject
from booking_sync.outcome import expected_outcome
from booking_sync.render import render_title
from booking_sync.shown_times import shown_instant
from booking_sync.standing import BOOKING_PROPERTY, IDENTITY, OUTCOME_PROPERTY, REVISION_PROPERTY, SOURCE_PROPERTY
from booking_sync.states import ActivityOutcome, RecordedState
from booking_sync.store import drifts, integrations, runs
from booking_sync.store.database import reading
from booking_sync.store.statements import chunks
from booking_sync.work import Work

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Before every booking: the audit reads all of them."""

SHOWN = (
    *IDENTITY,
    BOOKING_PROPERTY,
    "hs_meeting_title",
    "hs_meeting_start_time",
    "hs_meeting_end_time",
    OUTCOME_PROPERTY,
    SOURCE_PROPERTY,
    "hs_object_source_id",
)
"""The properties of an activity that the audit looks at. HubSpot docs: ``hs_object_source`` says who made a record."""

AT_ONCE = 1_000
"""Records that are asked for between two signs of life."""


@dataclass(slots=True)
class _BookingsRead:
    """Bookings by id, each in its newest version, and the ids of those that make no sense."""

    mapped: Mapping[str, MappedBooking]
    at: datetime
    settings: IntegrationSettings
    bookings: dict[str, AuditedBooking] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)

    def add(self, payloads: Iterable[dict[str, Any]], workspace_id: str) -> None:
        for payload in payloads:
            parsed = parse_booking(payload)
            if isinstance(parsed, Reject):
                self.unreadable.update({parsed.booking_id} - {None})  # type: ignore[arg-type]  # None is taken out
            elif parsed.workspace_id == workspace_id:
                known = self.bookings.get(parsed.id)
                if known is None or known.version <= parsed.version:
                    row = self.mapped.get(parsed.id)
                    self.bookings[parsed.id] = audited(parsed, row.outcome if row else None, self.at, self.settings)

    def unknown(self, ids: Iterable[str | None]) -> list[str]:
        return sorted({one for one in ids if one and one not in self.bookings and one not in self.unreadable})


def gather(work: Work) -> Evidence:
    """Read everything that the audit of one integration compares.

    Raises:
        IntegrationUnavailable: a read is refused or incomplete; what is missing then is not drift.
    """
    with reading(work.services.engine) as connection:
        mapped = drifts.all_mapped(connection, work.integration.id)
        in_work = drifts.bookings_in_work(connection, work.integration.id)
    activities = _activities(work, mapped)
    read = _bookings(work, mapped, {*mapped, *(activity.booking_id for activity in activities.values())})
    activities = _with_contacts(work, mapped, activities)
    lost = _lost_contacts(mapped, activities)
    unmapped = sorted(activities.keys() - {row.activity_id for row in mapped.values()})
    with reading(work.services.engine) as connection:
        recorded = drifts.archived_by_us(connection, work.integration.id, unmapped)
        once = drifts.once_mapped(connection, work.integration.id, sorted(read.bookings.keys() - mapped.keys()))
    overlap = timedelta(seconds=work.services.settings.overlap_seconds)
    others, tells = neighbours(work)
    return Evidence(
        workspace_id=work.integration.workspace_id,
        other_workspace_ids=others,
        bookings=read.bookings,
        unreadable=read.unreadable - read.bookings.keys(),
        mapped=mapped,
        activities=activities,
        in_work=in_work,
        due_from=work.integration.connected_at,
        due_until=work.integration.watermark - overlap,
        archived_by_us=recorded,
        once_mapped=once,
        standing_contact_ids=work.hubspot.contacts_by_id(lost).keys() if lost else set(),
        tells_of_strangers=tells,
    )


def audited(
    booking: Booking,
    recorded: ActivityOutcome | None,
    at: datetime,
    settings: IntegrationSettings = DEFAULT_SETTINGS,
) -> AuditedBooking:
    """Reduce a booking to what the audit compares, given the outcome that was recorded of its activity."""
    outcome = expected_outcome(booking, recorded, at)
    return AuditedBooking(
        id=booking.id,
        status=booking.status,
        version=booking.version,
        updated_at=booking.updated_at,
        revision=revision(booking, outcome),
        title=render_title(booking),
        outcome=outcome,
        rescheduled_from_id=booking.rescheduled_from_id,
        rescheduled_to_id=booking.rescheduled_to_id,
        is_passed_on=settings.takes_event(booking.event_id, booking.event_name),
    )


def found_activity(activity: Activity) -> FoundActivity:
    """Reduce an activity to what the audit compares; a time that cannot be read counts as none."""
    shown = activity.properties
    return FoundActivity(
        id=activity.id,
        key=shown.get(KEY_PROPERTY) or None,
        booking_id=shown.get(BOOKING_PROPERTY) or None,
        revision=shown.get(REVISION_PROPERTY),
        title=shown.get("hs_meeting_title"),
        start_at=shown_instant(shown.get("hs_meeting_start_time")),
        end_at=shown_instant(shown.get("hs_meeting_end_time")),
        outcome=shown.get(OUTCOME_PROPERTY),
        source=shown.get(SOURCE_PROPERTY),
        source_id=shown.get("hs_object_source_id"),
    )


def _still_ours(work: Work) -> None:
    """Prolong the lease in the middle of a long read, and stop where it is lost."""
    with work.recording():
        pass


def _bookings(work: Work, mapped: Mapping[str, MappedBooking], named: Iterable[str | None]) -> _BookingsRead:
    """Read every booking, then by id those that are named but were not met: they may have changed while we read."""
    calendar, workspace_id = work.services.calendar, work.integration.workspace_id
    read = _BookingsRead(mapped, work.services.clock(), work.settings)
    for page in calendar.bookings_changed(workspace_id, LONG_AGO, work.services.clock()):
        read.add(page, workspace_id)
        _still_ours(work)
    for some in chunks(read.unknown(named)):
        read.add(calendar.bookings_by_id(workspace_id, some), workspace_id)
        _still_ours(work)
    return read


def _activities(work: Work, mapped: Mapping[str, MappedBooking]) -> dict[str, FoundActivity]:
    """Return the live activities that are mapped or carry a property of ours.

    Raises:
        IncompleteRead: our properties are missing in the portal although there are activities of ours.
    """
    hubspot = work.hubspot
    ids = {row.activity_id for row in mapped.values() if row.activity_id}
    existing = {found.name for found in hubspot.property_definitions("meetings")}
    if existing >= {KEY_PROPERTY, BOOKING_PROPERTY}:
        for page in hubspot.activity_ids_with((KEY_PROPERTY, BOOKING_PROPERTY)):
            ids.update(page)
            _still_ours(work)
    elif ids:
        raise IncompleteRead(f"HubSpot has no meeting property {KEY_PROPERTY} any more; the next sync makes it again")
    found: dict[str, FoundActivity] = {}
    for some in chunks(sorted(ids), AT_ONCE):
        read = hubspot.activities_by_id(some, SHOWN)
        found |= {activity.id: found_activity(activity) for activity in read.values()}
        _still_ours(work)
    return found


def _with_contacts(
    work: Work, mapped: Mapping[str, MappedBooking], activities: Mapping[str, FoundActivity]
) -> dict[str, FoundActivity]:
    """Add the associated contacts of the mapped activities that should have some."""
    asked = [row.activity_id for row in _standing(mapped, activities) if row.activity_id and row.contact_ids]
    complete = dict(activities)
    for some in chunks(asked, AT_ONCE):
        for activity_id, contact_ids in work.hubspot.associated_ids("meetings", "contacts", some).items():
            complete[activity_id] = replace(activities[activity_id], contact_ids=contact_ids)
        _still_ours(work)
    return complete


def _lost_contacts(mapped: Mapping[str, MappedBooking], activities: Mapping[str, FoundActivity]) -> list[str]:
    lost: set[str] = set()
    for row in _standing(mapped, activities):
        associated = activities[str(row.activity_id)].contact_ids
        if associated is not None:
            lost.update(set(row.contact_ids) - set(associated))
    return sorted(lost)


def _standing(mapped: Mapping[str, MappedBooking], activities: Mapping[str, FoundActivity]) -> Sequence[MappedBooking]:
    return [r for r in mapped.values() if r.state is not RecordedState.REPLACED and r.activity_id in activities]


def neighbours(work: Work) -> tuple[tuple[str, ...], bool]:
    """Return the portal's other workspaces, and whether this integration tells of markers that belong to none."""
    with reading(work.services.engine) as connection:
        here = integrations.integrations_of_portal(connection, work.integration.portal_id)
        parts = {part.integration_id for part in runs.integration_runs(connection, work.run.id)}
    others = tuple(one.workspace_id for one in here if one.id != work.integration.id)
    return others, work.integration.id == min(one.id for one in here if one.id in parts)

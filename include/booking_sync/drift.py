"""Where bookings, mapping and HubSpot disagree: one pure function over what was read (D5, X5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from booking_sync.audited import OF_AN_APP, AuditedBooking, Evidence, FoundActivity, MappedBooking
from booking_sync.fingerprint import MOST_GENERATIONS, generation_of, shows_the_same
from booking_sync.model import BookingStatus
from booking_sync.shown_times import is_same_time
from booking_sync.states import RecordedState
from booking_sync.utc_minute import utc_minute


class DriftKind(StrEnum):
    """How a booking, its mapping and HubSpot can disagree; what a repair can mend comes first, what people do last."""

    MISSING = "missing"
    DUPLICATE = "duplicate"
    STALE = "stale"
    ORPHAN = "orphan"
    UNMAPPED = "unmapped"
    FOREIGN_MARKER = "foreign_marker"
    WRONG_ASSOCIATION = "wrong_association"
    VANISHED = "vanished"
    DELETED = "deleted"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Drift:
    """One disagreement, in a sentence without personal data. ``is_mendable`` says whether a repair may mend it.

    ``kept_activity_id`` is the activity that stands where this one is too many.
    """

    kind: DriftKind
    booking_id: str | None
    activity_id: str | None
    sentence: str
    is_mendable: bool = False
    kept_activity_id: str | None = None


def find_drift(evidence: Evidence) -> tuple[Drift, ...]:
    """Return every disagreement. What a run is still working on, or has yet to come to, is none."""
    extras, found = _sort_out(evidence)
    for row in evidence.mapped.values():
        if row.booking_id not in evidence.in_work and row.state is not RecordedState.REPLACED:
            found += _of_mapped(evidence, row)
    for booking_id, activities in extras.items():
        found += _too_many(evidence, booking_id, activities)
    found += [
        _missing(evidence, booking)
        for booking in evidence.bookings.values()
        if booking.id not in extras and _lacks_activity(evidence, booking)
    ]
    order = list(DriftKind)
    return tuple(sorted(found, key=lambda d: (order.index(d.kind), d.booking_id or "", d.activity_id or "")))


# --- activities that are mapped ---------------------------------------------------------------------------------------


def _of_mapped(evidence: Evidence, row: MappedBooking) -> Iterator[Drift]:
    activity = evidence.activities.get(row.activity_id or "")
    booking = evidence.bookings.get(row.booking_id)
    if booking is None and row.booking_id not in evidence.unreadable:
        sentence = "Calendar.com no longer returns this booking; its activity is left as it is"
        yield Drift(DriftKind.VANISHED, row.booking_id, row.activity_id, sentence)
    elif activity is None:
        sentence = "its activity was deleted in HubSpot; the next change of the booking makes it again"
        yield Drift(DriftKind.DELETED, row.booking_id, row.activity_id, sentence)
    elif activity.key != row.activity_key:
        yield Drift(DriftKind.EDITED, row.booking_id, activity.id, "the marker was changed or removed in HubSpot")
    else:
        if booking is not None and booking.is_passed_on:
            yield from _content(evidence, row, booking, activity)
        yield from _contacts(evidence, row, activity)


def _content(
    evidence: Evidence, row: MappedBooking, booking: AuditedBooking, activity: FoundActivity
) -> Iterator[Drift]:
    if shows_the_same(activity.revision, booking.revision):
        if edited := _edited_fields(row, booking, activity):
            yield Drift(DriftKind.EDITED, booking.id, activity.id, f"{', '.join(edited)} changed in HubSpot")
    elif _is_behind(evidence, row, booking, activity):
        sentence = f"the activity shows an older state than version {booking.version} of the booking"
        yield Drift(DriftKind.STALE, booking.id, activity.id, sentence, is_mendable=True)


def _edited_fields(row: MappedBooking, booking: AuditedBooking, activity: FoundActivity) -> list[str]:
    """Name what a person has changed. The times are those of the mapping: a cancellation leaves them (X1)."""
    same = {
        "title": (activity.title or "").strip() == booking.title.strip(),
        "start": is_same_time(activity.start_at, row.start_at),
        "end": is_same_time(activity.end_at, row.end_at),
        "outcome": activity.outcome == booking.outcome,
    }
    return [name for name, is_same in same.items() if not is_same]


def _is_behind(evidence: Evidence, row: MappedBooking, booking: AuditedBooking, activity: FoundActivity) -> bool:
    """Say whether the activity should show the booking's newest version: recorded so, or due by now."""
    if booking.version < row.version or booking.status is BookingStatus.RESCHEDULED:
        return False
    is_canceled = row.state is RecordedState.CANCELED and booking.status is BookingStatus.CANCELED
    if is_canceled and activity.outcome == booking.outcome:
        return False  # what changes after a cancellation is not shown (X4)
    if _is_succeeded(evidence, booking):
        return False
    return booking.version == row.version or _is_due(evidence, booking)


def _contacts(evidence: Evidence, row: MappedBooking, activity: FoundActivity) -> Iterator[Drift]:
    """Report contacts that were taken off the activity; one that is merged or deleted was not."""
    if activity.contact_ids is None:
        return
    lost = [c for c in row.contact_ids if c not in activity.contact_ids and c in evidence.standing_contact_ids]
    if lost:
        sentence = f"no longer associated with contact {', '.join(lost)}"
        yield Drift(DriftKind.WRONG_ASSOCIATION, row.booking_id, activity.id, sentence)


# --- activities that are not mapped -----------------------------------------------------------------------------------


def _sort_out(evidence: Evidence) -> tuple[dict[str, list[FoundActivity]], list[Drift]]:
    """Return our unmapped activities by booking, lowest id first, and what is to be said of all others."""
    mapped_ids = {row.activity_id for row in evidence.mapped.values()}
    sources = _our_sources(evidence)
    ours: list[FoundActivity] = []
    found: list[Drift] = []
    for activity in sorted(evidence.activities.values(), key=lambda one: int(one.id)):
        if activity.id in mapped_ids:
            continue
        if not _is_marked_for(evidence, evidence.workspace_id, activity):
            found += _stranger(evidence, activity)
        elif activity.id not in evidence.archived_by_us and (activity.source, activity.source_id) not in sources:
            sentence = "carries our marker, but was not made by this integration; perhaps a copy"
            found.append(Drift(DriftKind.FOREIGN_MARKER, activity.booking_id, activity.id, sentence))
        elif not _is_known(evidence, activity.booking_id):
            sentence = "carries our marker, but neither Calendar.com nor the mapping knows its booking"
            found.append(Drift(DriftKind.ORPHAN, activity.booking_id, activity.id, sentence))
        elif activity.booking_id not in evidence.in_work:
            ours.append(activity)
    ours.sort(key=lambda one: (one.booking_id or "", int(one.id)))
    extras = {str(booking_id): list(some) for booking_id, some in groupby(ours, key=lambda one: one.booking_id)}
    return extras, found


def _our_sources(evidence: Evidence) -> set[tuple[str | None, str | None]]:
    """Return who made the activities that the mapping holds: a person's copy was made by somebody else."""
    mapped = (evidence.activities.get(row.activity_id or "") for row in evidence.mapped.values())
    return {(one.source, one.source_id) for one in mapped if one is not None and one.source == OF_AN_APP}


def _is_marked_for(evidence: Evidence, workspace_id: str, activity: FoundActivity) -> bool:
    """Say whether the marker is one that the named booking of this workspace produces."""
    if not activity.key or not activity.booking_id:
        return False
    row = evidence.mapped.get(activity.booking_id)
    most = MOST_GENERATIONS + (row.generation if row else 0)
    return generation_of(workspace_id, activity.booking_id, activity.key, most=most) is not None


def _stranger(evidence: Evidence, activity: FoundActivity) -> Iterator[Drift]:
    """Report a marker that none of the portal's workspaces produces, once."""
    is_ours_to_tell = _is_known(evidence, activity.booking_id) or evidence.tells_of_strangers
    if is_ours_to_tell and not any(_is_marked_for(evidence, w, activity) for w in evidence.other_workspace_ids):
        sentence = "carries a marker that its booking does not produce" if activity.key else "names a booking, unmarked"
        yield Drift(DriftKind.FOREIGN_MARKER, activity.booking_id, activity.id, f"{sentence}; perhaps a copy")


def _is_known(evidence: Evidence, booking_id: str | None) -> bool:
    return booking_id in evidence.bookings or booking_id in evidence.unreadable or booking_id in evidence.mapped


def _too_many(evidence: Evidence, booking_id: str, extras: Sequence[FoundActivity]) -> Iterator[Drift]:
    """Tell which of a booking's activities are too many: the mapped one stays, else the oldest."""
    row, kept_id = evidence.mapped.get(booking_id), _standing_id(evidence, booking_id)
    if kept_id is None and row is not None and row.state is RecordedState.REPLACED:
        return  # there is nothing of ours that would stand in its place
    if kept_id is None:
        kept_id, extras = extras[0].id, extras[1:]
        if row is None:
            sentence = "the activity is ours, but the mapping has lost it"
            yield Drift(DriftKind.UNMAPPED, booking_id, kept_id, sentence)
    for activity in extras:
        is_back = evidence.archived_by_us.get(activity.id, False)
        why = "; it was archived before, so perhaps somebody restored it" if is_back else ""
        sentence = f"one activity too many besides {kept_id}{why}"
        is_mendable = not is_back and booking_id in evidence.bookings
        yield Drift(DriftKind.DUPLICATE, booking_id, activity.id, sentence, is_mendable, kept_id)


def _standing_id(evidence: Evidence, booking_id: str) -> str | None:
    """Return the live activity that the mapping gives a booking, or the one that took its place (R2)."""
    seen: set[str] = set()
    row = evidence.mapped.get(booking_id)
    while row is not None and row.state is RecordedState.REPLACED and row.booking_id not in seen:
        seen.add(row.booking_id)
        row = evidence.mapped.get(row.replaced_by or "")
    is_live = row is not None and row.activity_id in evidence.activities
    return row.activity_id if row is not None and is_live else None


# --- bookings without an activity -------------------------------------------------------------------------------------


def _lacks_activity(evidence: Evidence, booking: AuditedBooking) -> bool:
    """Say whether a booking should have an activity by now, and never had one."""
    if booking.status is BookingStatus.RESCHEDULED or booking.id in evidence.in_work or not booking.is_passed_on:
        return False
    if not _is_due(evidence, booking):
        return False
    row = evidence.mapped.get(booking.id)
    if row is None:
        return not _is_succeeded(evidence, booking)
    stands_again = booking.status is BookingStatus.SCHEDULED and booking.version > row.version
    return row.state is RecordedState.REPLACED and stands_again


def _missing(evidence: Evidence, booking: AuditedBooking) -> Drift:
    if booking.id in evidence.once_mapped:
        sentence = "had an activity, which is gone from HubSpot and from the mapping"
        return Drift(DriftKind.DELETED, booking.id, None, sentence)
    sentence = f"version {booking.version} of {utc_minute(booking.updated_at)} never came to HubSpot"
    return Drift(DriftKind.MISSING, booking.id, None, sentence, is_mendable=True)


def _is_due(evidence: Evidence, booking: AuditedBooking) -> bool:
    return evidence.due_from <= booking.updated_at < evidence.due_until


def _is_succeeded(evidence: Evidence, booking: AuditedBooking) -> bool:
    """Say whether another booking takes the place of this one (R2)."""
    return booking.rescheduled_to_id in evidence.bookings or booking.id in evidence.succeeded

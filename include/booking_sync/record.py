"""Recording what came of a request: mapping, history, change and audit in one transaction, under the lease.

Nothing happens between an answer and its record. A worker that has been overtaken records nothing (``Fenced``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.fingerprint import content_fingerprint, guests_fingerprint, schedule_fingerprint
from booking_sync.integration_settings import GuestPolicy
from booking_sync.model import Booking, BookingStatus
from booking_sync.noting import note_news
from booking_sync.states import AuditOutcome, Operation, RecordedState, Step
from booking_sync.store import audit, change_progress, corrections, mappings
from booking_sync.store.audit import AuditEntry
from booking_sync.store.change_progress import NOT_FOUND
from booking_sync.store.changes import ContactDecisions, StoredChange
from booking_sync.store.mappings import MappingRow
from booking_sync.work import Work

LOST = "the request was never answered, and what it would have written is not in HubSpot; it is sent again"

ONLY_OUTCOME = frozenset({Operation.CANCEL, Operation.MARK})
"""Operations that leave schedule, content and contacts of the activity as they are."""

OUTCOME_EVENTS = {Operation.CANCEL: "canceled", Operation.MARK: "marked"}
"""What the history says of them."""


def record_intent(
    work: Work,
    batch: Sequence[StoredChange],
    entries: Sequence[AuditEntry],
    *,
    contact_ids: Mapping[str, Sequence[str]] | None = None,
    decisions: Mapping[str, ContactDecisions] | None = None,
    warnings: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write down what is about to be sent, before it is sent."""
    with work.recording() as (connection, at):
        change_progress.claim(
            connection,
            batch,
            contact_ids=contact_ids or {},
            decisions=decisions or {},
            warnings=warnings or {},
            fence=work.lease.fence,
            at=at,
        )
        record_entries(work, connection, entries, at)


def record_entries(work: Work, connection: Connection, entries: Sequence[AuditEntry], at: datetime) -> None:
    """Open audit rows for writes that are about to be sent."""
    audit.begin_entries(
        connection,
        entries,
        run_id=work.run.id,
        requested_by=work.run.requested_by,
        integration_id=work.integration.id,
        at=at,
    )


def record_created(
    work: Work,
    created: Sequence[tuple[StoredChange, Booking, str]],
    contact_ids: Mapping[str, Sequence[str]],
    *,
    outcome: AuditOutcome = AuditOutcome.APPLIED,
) -> None:
    """Record new activities (change, booking, activity id). The old one, where there is one, is archived next (R4)."""
    if not created:
        return
    rows = [
        (stored.id, _mapping_row(work, stored, booking, activity_id, contact_ids.get(stored.id, ())))
        for stored, booking, activity_id in created
    ]
    activity_ids = {stored.id: activity_id for stored, _, activity_id in created}
    with work.recording() as (connection, at):
        note_news(work, connection, [(stored, booking) for stored, booking, _ in created], at)
        replaced = {s.old_booking_id: s.booking_id for s, _, _ in created if s.old_booking_id}
        mappings.mark_replaced(connection, work.integration.id, replaced)
        mappings.save_rows(connection, work.integration.id, rows, event="created", at=at)
        audit.finish_entries(connection, list(activity_ids), outcome, at=at, object_ids=activity_ids)
        _go_on(connection, [stored for stored, _, _ in created], outcome, at, activity_ids)


def record_adopted_outdated(work: Work, stored: StoredChange, booking: Booking, activity_id: str) -> None:
    """Record an activity of ours that exists with older content: it is mapped now, and associated and rewritten next.

    The fingerprints stay empty until it has been rewritten, so that a crash in between is noticed as a difference.
    """
    row = _mapping_row(work, stored, booking, activity_id, stored.contact_ids or ())
    unwritten = replace(row, schedule_fingerprint="", content_fingerprint="", contact_ids=(), appearance=None)
    with work.recording() as (connection, at):
        note_news(work, connection, [(stored, booking)], at)
        replaced = {stored.old_booking_id: stored.booking_id} if stored.old_booking_id else {}
        mappings.mark_replaced(connection, work.integration.id, replaced)
        mappings.save_rows(connection, work.integration.id, [(stored.id, unwritten)], event="adopted", at=at)
        audit.finish_entries(connection, [stored.id], AuditOutcome.ADOPTED, at=at, object_ids={stored.id: activity_id})
        change_progress.advance(
            connection, [stored.id], Step.ASSOCIATE, run_id=work.run.id, activity_ids={stored.id: activity_id}
        )


def record_written(
    work: Work,
    written: Sequence[tuple[StoredChange, Booking]],
    *,
    outcome: AuditOutcome = AuditOutcome.APPLIED,
) -> None:
    """Record activities that were changed in place."""
    if not written:
        return
    integration_id = work.integration.id
    marked = {s.booking_id: (s.booking_version, s.shown_outcome(b)) for s, b in written if s.operation in ONLY_OUTCOME}
    taken_over = {str(s.old_booking_id): s.booking_id for s, _ in written if s.takes_activity_over}
    with work.recording() as (connection, at):
        note_news(work, connection, written, at)
        mappings.mark_outcomes(connection, integration_id, marked)
        mappings.mark_replaced(connection, integration_id, taken_over)
        for event in sorted({_event(stored) for stored, _ in written}):
            rows = [
                (s.id, _mapping_row(work, s, booking, s.activity_id or "", s.contact_ids or ()))
                for s, booking in written
                if _event(s) == event
            ]
            record = mappings.add_history if event in OUTCOME_EVENTS.values() else mappings.save_rows
            record(connection, integration_id, rows, event=event, at=at)
        audit.finish_entries(connection, [s.id for s, _ in written], outcome, at=at)
        _go_on(connection, [s for s, _ in written], outcome, at)


def _event(stored: StoredChange) -> str:
    """Return what the history says of a change in place."""
    return OUTCOME_EVENTS.get(stored.operation) or ("taken_over" if stored.takes_activity_over else "updated")


def record_associated(work: Work, associated: Sequence[StoredChange]) -> None:
    """Record that new contacts are associated; the content is written next, and only then the mapping changes."""
    if associated:
        ids = [stored.id for stored in associated]
        with work.recording() as (connection, at):
            audit.finish_entries(connection, ids, AuditOutcome.APPLIED, at=at)
            change_progress.advance(connection, ids, Step.WRITE, run_id=work.run.id)


def record_archived(
    work: Work, archived: Sequence[tuple[StoredChange, Booking]], *, outcome: AuditOutcome = AuditOutcome.APPLIED
) -> None:
    """Record that old activities are archived, which ends their changes."""
    if not archived:
        return
    rows = [(s.id, _mapping_row(work, s, booking, s.old_activity_id or "", ())) for s, booking in archived]
    with work.recording() as (connection, at):
        mappings.add_history(connection, work.integration.id, rows, event="archived", at=at)
        audit.finish_entries(connection, [s.id for s, _ in archived], outcome, at=at)
        change_progress.close(connection, [s.id for s, _ in archived], outcome, at=at)


def record_left_alone(work: Work, stored: StoredChange, warning: str) -> None:
    """Record that a change ends here, because what it was to archive is not ours (D4)."""
    with work.recording() as (connection, at):
        change_progress.add_warnings(connection, {stored.id: [warning]})
        change_progress.close(connection, [stored.id], AuditOutcome.APPLIED, at=at)


def record_old_activities(work: Work, activity_ids: Mapping[str, str]) -> None:
    """Record which activities are archived in place of those that the mapping said."""
    if activity_ids:
        with work.recording() as (connection, _):
            corrections.correct_old_activities(connection, activity_ids)


def record_refused(
    work: Work, stored: StoredChange, *, error_code: str, error: str, correlation_id: str | None = None
) -> None:
    """Keep a change that HubSpot refuses, with the reason; the next run tries again."""
    with work.recording() as (connection, at):
        _finish_refused(connection, [stored.id], at, error_code, correlation_id)
        change_progress.keep_changes(connection, [stored.id], error_code=error_code, error=error)


def record_refused_for_now(work: Work, stored: StoredChange, *, warning: str, error_code: str) -> None:
    """Let a refused change try again at once with another content, named by ``warning``."""
    with work.recording() as (connection, at):
        _finish_refused(connection, [stored.id], at, error_code, None)
        change_progress.try_again(connection, [stored.id], warning)


def record_gone(work: Work, stored: StoredChange, *, generation: int, activity_key: str) -> None:
    """Let a change make its activity anew: the one it was to write was deleted in HubSpot (D3)."""
    reason = f"{stored.reason}; the activity was deleted in HubSpot, so it is made again"
    with work.recording() as (connection, at):
        _finish_refused(connection, [stored.id], at, "gone", None)
        change_progress.start_over(connection, stored, generation=generation, activity_key=activity_key, reason=reason)
        change_progress.advance(connection, [stored.id], Step.CREATE, run_id=work.run.id)


def record_to_look_at(work: Work, stored: StoredChange) -> None:
    """Let a change take its step once more: HubSpot does not know the marker, so its activity has to be looked at."""
    with work.recording() as (connection, at):
        _finish_refused(connection, [stored.id], at, "marker_not_found", None)
        change_progress.advance(connection, [stored.id], stored.step)


def record_found_elsewhere(work: Work, found: Sequence[StoredChange]) -> None:
    """Put mapping rows right whose activity has another id, or another marker, than they said."""
    if found:
        with work.recording() as (connection, _):
            corrections.correct_activities(connection, work.integration.id, found)


def record_unknown(work: Work, change_ids: Sequence[str], error: str) -> None:
    """Record that nobody knows what came of the request: it rests, and is read back before anything else."""
    if change_ids:
        with work.recording() as (connection, _):
            change_progress.mark_unknown(connection, change_ids, error)


def record_not_sent(work: Work, change_ids: Sequence[str], *, error_code: str, error: str) -> None:
    """Keep changes whose request is known not to have been carried out."""
    if change_ids:
        with work.recording() as (connection, at):
            audit.finish_entries(connection, change_ids, AuditOutcome.NOT_APPLIED, at=at, error_code=error_code)
            change_progress.keep_changes(connection, change_ids, error_code=error_code, error=error)


def record_lost(work: Work, change_ids: Sequence[str]) -> None:
    """Keep changes whose request was never answered, and of which HubSpot shows nothing after the quiet time."""
    if change_ids:
        with work.recording() as (connection, at):
            audit.finish_entries(connection, change_ids, AuditOutcome.NOT_APPLIED, at=at, error_code=NOT_FOUND)
            change_progress.keep_unanswered(connection, change_ids, error=LOST)


def _finish_refused(
    connection: Connection, change_ids: Sequence[str], at: datetime, error_code: str, correlation_id: str | None
) -> None:
    audit.finish_entries(
        connection,
        change_ids,
        AuditOutcome.REFUSED,
        at=at,
        error_code=error_code,
        correlation_id=correlation_id,
    )


def _go_on(
    connection: Connection,
    done: Sequence[StoredChange],
    outcome: AuditOutcome,
    at: datetime,
    activity_ids: Mapping[str, str] | None = None,
) -> None:
    """Let those with an old activity archive it next, and close the others."""
    to_archive = [stored.id for stored in done if stored.old_activity_id]
    change_progress.advance(connection, to_archive, Step.ARCHIVE, activity_ids=activity_ids if to_archive else None)
    finished = [stored.id for stored in done if not stored.old_activity_id]
    change_progress.close(connection, finished, outcome, at=at)


def _mapping_row(
    work: Work, stored: StoredChange, booking: Booking, activity_id: str, contact_ids: Sequence[str]
) -> MappingRow:
    is_canceled = booking.status is BookingStatus.CANCELED
    has_guests = work.settings.guests is not GuestPolicy.IGNORE
    return MappingRow(
        booking_id=booking.id,
        state=RecordedState.CANCELED if is_canceled else RecordedState.LIVE,
        activity_id=activity_id,
        activity_key=stored.activity_key,
        generation=stored.generation,
        version=booking.version,
        schedule_fingerprint=schedule_fingerprint(booking),
        content_fingerprint=content_fingerprint(booking),
        start_at=booking.start_at,
        end_at=booking.end_at,
        contact_ids=tuple(contact_ids),
        outcome=stored.shown_outcome(booking),
        guests_fingerprint=guests_fingerprint(booking) if has_guests else None,
        appearance=stored.appearance,
    )

"""Carrying a plan out: each change goes from step to step, and every step is intent, request, record.

==========  ==================================================================
operation   steps
==========  ==================================================================
create      create
recreate    create the new activity, then archive the old one (R4)
update      associate new invitees' contacts where there are any, then write
cancel      write title and outcome (X1)
==========  ==================================================================

An activity that turns out to exist already is adopted; one that was deleted by a person is made again (D3).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from booking_sync.clients.hubspot_model import Activity, ActivityUpdate, BatchResult, ItemRefusal, NewActivity
from booking_sync.contacts import ContactDirectory, emails_of
from booking_sync.fingerprint import activity_key
from booking_sync.model import Booking, normalise_email
from booking_sync.portal import forget_provisioning, owners_by_email, provision
from booking_sync.record import (
    Work,
    record_adopted_outdated,
    record_archived,
    record_associated,
    record_created,
    record_gone,
    record_intent,
    record_not_sent,
    record_refused,
    record_refused_for_now,
    record_written,
)
from booking_sync.render import render_activity, render_cancel, render_update
from booking_sync.sending import send_batch
from booking_sync.states import AuditOutcome, Operation, Step
from booking_sync.store import changes, mappings
from booking_sync.store.audit import AuditEntry
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading

BATCH_SIZE = 100
"""HubSpot docs, batch endpoints: at most 100 inputs."""

CONTACTS_LOOKED_UP = "contacts_looked_up_again"
OWNER_REFUSED = "owner_refused"
IDENTITY = ("calendar_booking_key", "calendar_booking_revision")
"""The properties by which an activity of ours, and what it shows, is recognised."""

Batch = Sequence[tuple[StoredChange, Booking]]


def apply_changes(work: Work, operations: Collection[Operation]) -> None:
    """Carry out the run's changes of these operations, in batches, until none is left that can go on."""
    applier: Applier | None = None
    while batch := _next_batch(work, operations):
        applier = applier or Applier(work)
        applier.apply(batch)


def _next_batch(work: Work, operations: Collection[Operation]) -> list[tuple[StoredChange, Booking]]:
    with reading(work.services.engine) as connection:
        batch = changes.next_batch(connection, work.run.id, work.integration.id, operations, BATCH_SIZE)
    return [(stored, work.booking_of(stored)) for stored in batch]


class Applier:
    """Takes batches of changes one step further. Made when there is something to do: it asks HubSpot for the owners."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._hubspot = work.services.hubspot
        provision(work.services, work.integration.portal_id)
        self._owners = owners_by_email(work.services)
        self._contacts = ContactDirectory(work, self._owners)

    def apply(self, batch: Batch) -> None:
        """Take one step with a batch of changes that all wait for the same one."""
        steps = {
            Step.CREATE: self._create,
            Step.ASSOCIATE: self._associate,
            Step.WRITE: self._write,
            Step.ARCHIVE: self._archive,
        }
        steps[batch[0][0].step](batch)

    # --- create -------------------------------------------------------------------------------------------------------

    def _create(self, batch: Batch) -> None:
        remembered = [stored.id for stored, _ in batch if _may_remember(stored)]
        contacts = self._contacts.resolve(batch, is_remembered_enough=remembered)
        self._keep_blocked(contacts.blocked)
        ready = [(stored, booking) for stored, booking in batch if stored.id not in contacts.blocked]
        if not ready:
            return
        items = [
            NewActivity(stored.id, self._new_properties(stored, booking), contacts.ids[stored.id])
            for stored, booking in ready
        ]
        entries = [_entry(s, "create", after=_after(s, item.properties)) for (s, _), item in zip(ready, items, strict=True)]
        record_intent(
            self._work, [s for s, _ in ready], entries, contact_ids=contacts.ids, warnings=_new_only(ready, contacts.warnings)
        )
        record = partial(self._record_created, {stored.id: (stored, booking) for stored, booking in ready}, contacts.ids)
        send_batch(self._work, items, self._hubspot.create_activities, record)

    def _record_created(
        self,
        sent: Mapping[str, tuple[StoredChange, Booking]],
        contact_ids: Mapping[str, tuple[str, ...]],
        result: BatchResult,
    ) -> None:
        created = [(*sent[change_id], activity_id) for change_id, activity_id in result.written.items()]
        record_created(self._work, created, contact_ids)
        for change_id, refusal in result.refused.items():
            self._refused_create(*sent[change_id], refusal)

    def _refused_create(self, stored: StoredChange, booking: Booking, refusal: ItemRefusal) -> None:
        """Adopt what is there already, try again without what is in the way, or keep the change with the reason."""
        if refusal.existing_id is not None:
            self._adopt(stored, booking, refusal.existing_id)
        elif refusal.code == "INVALID_OWNER_ID" and OWNER_REFUSED not in stored.warnings:
            record_refused_for_now(self._work, stored, warning=OWNER_REFUSED, error_code="INVALID_OWNER_ID")
        elif _may_remember(stored) and emails_of(booking):
            record_refused_for_now(self._work, stored, warning=CONTACTS_LOOKED_UP, error_code=_code(refusal))
        else:
            self._keep_refused(stored, refusal)

    def _adopt(self, stored: StoredChange, booking: Booking, activity_id: str) -> None:
        """Take over the activity that carries our marker already: its creation was never answered, or the mapping was lost."""
        found = self._hubspot.activities_by_id([activity_id], IDENTITY).get(activity_id)
        if found is None or found.properties.get("calendar_booking_key") != stored.activity_key:
            generation = stored.generation + 1
            key = activity_key(booking.workspace_id, booking.id, generation)
            record_gone(self._work, stored, generation=generation, activity_key=key)
        else:
            record_found(self._work, stored, booking, found)

    # --- update in place ----------------------------------------------------------------------------------------------

    def _associate(self, batch: Batch) -> None:
        contacts = self._contacts.resolve(batch, is_remembered_enough=[stored.id for stored, _ in batch])
        self._keep_blocked(contacts.blocked)
        ready = [(stored, booking) for stored, booking in batch if stored.id not in contacts.blocked]
        with reading(self._work.services.engine) as connection:
            known = mappings.known_contacts(connection, self._work.integration.id, [s.booking_id for s, _ in ready])
        pairs = {
            stored.id: [(str(stored.activity_id), c) for c in contacts.ids[stored.id] if c not in known[stored.booking_id]]
            for stored, _ in ready
        }
        everyone = {s.id: tuple(dict.fromkeys((*known[s.booking_id], *contacts.ids[s.id]))) for s, _ in ready}
        to_send = [stored for stored, _ in ready if pairs[stored.id]]
        entries = [_entry(s, "associate", after={"contact_ids": [c for _, c in pairs[s.id]]}) for s in to_send]
        if to_send:
            record_intent(self._work, to_send, entries, contact_ids=everyone)
            send_batch(
                self._work,
                [ActivityUpdate(s.id, str(s.activity_id), {}) for s in to_send],
                partial(self._send_associations, pairs),
                partial(self._record_associated, {s.id: s for s in to_send}),
            )
        with self._work.recording() as (connection, _):
            changes.set_contacts(connection, {s.id: everyone[s.id] for s, _ in ready if not pairs[s.id]})
            changes.advance(connection, [s.id for s, _ in ready if not pairs[s.id]], Step.WRITE)

    def _send_associations(
        self, pairs: Mapping[str, Sequence[tuple[str, str]]], items: Sequence[ActivityUpdate]
    ) -> BatchResult:
        unconfirmed = set(self._hubspot.associate([pair for item in items for pair in pairs[item.trace_id]]))
        lost = tuple(item.trace_id for item in items if unconfirmed.intersection(pairs[item.trace_id]))
        return BatchResult(
            written={item.trace_id: item.activity_id for item in items if item.trace_id not in lost}, unmatched=lost
        )

    def _record_associated(self, sent: Mapping[str, StoredChange], result: BatchResult) -> None:
        record_associated(self._work, [sent[change_id] for change_id in result.written])

    def _write(self, batch: Batch) -> None:
        items = [
            ActivityUpdate(stored.id, str(stored.activity_id), self._new_content(stored, booking))
            for stored, booking in batch
        ]
        entries = [
            _entry(s, str(s.operation), before={"activity_id": s.activity_id}, after=_after(s, item.properties))
            for (s, _), item in zip(batch, items, strict=True)
        ]
        record_intent(self._work, [stored for stored, _ in batch], entries)
        record = partial(self._record_written, {stored.id: (stored, booking) for stored, booking in batch})
        send_batch(self._work, items, self._hubspot.update_activities, record)

    def _record_written(self, sent: Mapping[str, tuple[StoredChange, Booking]], result: BatchResult) -> None:
        record_written(self._work, [sent[change_id] for change_id in result.written])
        for change_id, refusal in result.refused.items():
            stored, booking = sent[change_id]
            if "OBJECT_NOT_FOUND" in (refusal.code, refusal.category):
                make_again(self._work, stored, booking)
            elif refusal.code == "INVALID_OWNER_ID" and OWNER_REFUSED not in stored.warnings:
                record_refused_for_now(self._work, stored, warning=OWNER_REFUSED, error_code="INVALID_OWNER_ID")
            else:
                self._keep_refused(stored, refusal)

    # --- archive ------------------------------------------------------------------------------------------------------

    def _archive(self, batch: Batch) -> None:
        items = [ActivityUpdate(stored.id, str(stored.old_activity_id), {}) for stored, _ in batch]
        entries = [_entry(s, "archive", before={"activity_id": s.old_activity_id}) for s, _ in batch]
        record_intent(self._work, [stored for stored, _ in batch], entries)
        record = partial(self._record_archived, {stored.id: (stored, booking) for stored, booking in batch})
        send_batch(self._work, items, self._send_archive, record)

    def _send_archive(self, items: Sequence[ActivityUpdate]) -> BatchResult:
        self._hubspot.archive_activities([item.activity_id for item in items])
        return BatchResult(written={item.trace_id: item.activity_id for item in items})

    def _record_archived(self, sent: Mapping[str, tuple[StoredChange, Booking]], result: BatchResult) -> None:
        record_archived(self._work, [sent[change_id] for change_id in result.written])
        for change_id, refusal in result.refused.items():
            self._keep_refused(sent[change_id][0], refusal)

    # --- what is written ----------------------------------------------------------------------------------------------

    def _new_properties(self, stored: StoredChange, booking: Booking) -> dict[str, str]:
        return render_activity(
            booking,
            owner_id=self._owner_of(stored, booking),
            activity_key=stored.activity_key,
            activity_type=None,
        )

    def _new_content(self, stored: StoredChange, booking: Booking) -> dict[str, str]:
        if stored.operation is Operation.CANCEL:
            return render_cancel(booking)
        return render_update(booking, owner_id=self._owner_of(stored, booking), activity_type=None)

    def _owner_of(self, stored: StoredChange, booking: Booking) -> str | None:
        if OWNER_REFUSED in stored.warnings:
            return None
        return self._owners.get(normalise_email(booking.host.email) or "")

    def _keep_blocked(self, blocked: Collection[str]) -> None:
        reason = "HubSpot has not answered whether it made the invitee's contact; the next run looks it up"
        record_not_sent(self._work, sorted(blocked), error_code="contact_unknown", error=reason)

    def _keep_refused(self, stored: StoredChange, refusal: ItemRefusal) -> None:
        if refusal.code == "PROPERTY_DOESNT_EXIST":
            forget_provisioning(self._work.services, self._work.integration.portal_id)
        properties = f" for {', '.join(refusal.property_names)}" if refusal.property_names else ""
        error = f"HubSpot refuses it: {_code(refusal)}{properties}"
        record_refused(
            self._work, stored, error_code=_code(refusal), error=error, correlation_id=refusal.correlation_id
        )


def record_found(work: Work, stored: StoredChange, booking: Booking, found: Activity) -> None:
    """Record an activity of ours that exists already, and have it rewritten where it shows an older state."""
    if found.properties.get("calendar_booking_revision") == stored.revision:
        contacts = {stored.id: stored.contact_ids or ()}
        record_created(work, [(stored, booking, found.id)], contacts, outcome=AuditOutcome.ADOPTED)
    else:
        record_adopted_outdated(work, stored, booking, found.id)


def make_again(work: Work, stored: StoredChange, booking: Booking) -> None:
    """Let a change make the activity anew, because a person has deleted it (D3)."""
    generation = stored.generation + 1
    key = activity_key(booking.workspace_id, booking.id, generation)
    record_gone(work, stored, generation=generation, activity_key=key)


def _may_remember(stored: StoredChange) -> bool:
    """Say whether remembered contacts will do: they are known from the activity that is replaced, and not yet doubted."""
    return stored.old_activity_id is not None and CONTACTS_LOOKED_UP not in stored.warnings


def _entry(
    stored: StoredChange,
    action: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> AuditEntry:
    object_id = stored.old_activity_id if action == "archive" else stored.activity_id
    return AuditEntry(
        stored.id, stored.booking_id, stored.booking_version, action, "activity", object_id, None, before, after
    )


def _after(stored: StoredChange, properties: Mapping[str, str]) -> dict[str, object]:
    return {"revision": stored.revision, "properties": sorted(properties)}


def _new_only(batch: Batch, warnings: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {s.id: [w for w in warnings.get(s.id, ()) if w not in s.warnings] for s, _ in batch}


def _code(refusal: ItemRefusal) -> str:
    return refusal.code or refusal.category or "refused"

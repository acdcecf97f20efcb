"""The steps that change an activity in place.

Associate contacts of new invitees, then write the properties (A7, X1, X3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from booking_sync.adoption import IDENTITY, make_again
from booking_sync.batch import Batch, Bench, audit_entry, by_id, suspects_of, without_blocked
from booking_sync.clients.hubspot_model import ActivityUpdate, BatchResult, ItemRefusal
from booking_sync.model import Booking
from booking_sync.record import record_associated, record_intent, record_refused_for_now, record_written
from booking_sync.refusal import (
    CONTACTS_LOOKED_UP,
    OWNER_REFUSED,
    is_owner_in_the_way,
    keep_refused,
    refusal_code,
)
from booking_sync.render import render_cancel, render_update
from booking_sync.sending import send_batch
from booking_sync.states import Operation, Step
from booking_sync.store import changes, mappings
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading
from booking_sync.store.statements import chunks

MOST_PAIRS = 2_000
"""HubSpot docs, associations: at most 2,000 inputs a call."""

Pairs = Mapping[str, Sequence[tuple[str, str]]]
"""Change id → pairs of activity id and contact id that are to be associated."""

END_IS_GONE = ItemRefusal(code="OBJECT_NOT_FOUND", category="OBJECT_NOT_FOUND")
"""What HubSpot says of an association between an activity and a contact of which one does not exist any more."""


def associate(bench: Bench, batch: Batch) -> None:
    """Associate contacts that the activities of a batch do not have yet, and let all of them be written next."""
    first_tries = [stored.id for stored, _ in batch if stored.attempt_count == 0]
    contacts = bench.contacts.resolve(batch, is_remembered_enough=first_tries)
    sent = by_id(without_blocked(bench.work, batch, contacts.blocked))
    ready = [stored for stored, _ in sent.values()]
    known = _known_contacts(bench, ready)
    wanted = {s.id: tuple(dict.fromkeys((*known[s.id], *contacts.ids[s.id]))) for s in ready}
    pairs = {s.id: [(str(s.activity_id), c) for c in wanted[s.id] if c not in known[s.id]] for s in ready}
    complete = [stored.id for stored in ready if not pairs[stored.id]]
    with bench.work.recording() as (connection, _):
        changes.set_contacts(connection, {change_id: wanted[change_id] for change_id in complete})
        changes.add_warnings(connection, {stored.id: contacts.news(stored) for stored in ready})
        changes.advance(connection, complete, Step.WRITE)
    if incomplete := {change_id: pair for change_id, pair in sent.items() if pairs[change_id]}:
        _send_associations(bench, incomplete, pairs, wanted)


def write(bench: Bench, batch: Batch) -> None:
    """Write the properties of a batch of activities."""
    items = [ActivityUpdate(stored.id, str(stored.activity_id), _content(bench, stored, b)) for stored, b in batch]
    entries = [
        audit_entry(stored, _action(stored), before=_before(stored), properties=item.properties)
        for (stored, _), item in zip(batch, items, strict=True)
    ]
    record_intent(bench.work, [stored for stored, _ in batch], entries)
    record = partial(_record_written, bench, by_id(batch))
    suspects = suspects_of(stored for stored, _ in batch)
    send_batch(bench.work, items, bench.work.hubspot.update_activities, record, suspects)


def _known_contacts(bench: Bench, ready: Sequence[StoredChange]) -> dict[str, tuple[str, ...]]:
    with reading(bench.work.services.engine) as connection:
        ids = [stored.booking_id for stored in ready]
        known = mappings.known_contacts(connection, bench.work.integration.id, ids)
    return {stored.id: known.get(stored.booking_id, ()) for stored in ready}


def _send_associations(
    bench: Bench,
    incomplete: Mapping[str, tuple[StoredChange, Booking]],
    pairs: Pairs,
    wanted: Mapping[str, Sequence[str]],
) -> None:
    some = [stored for stored, _ in incomplete.values()]
    entries = [audit_entry(s, "associate", after={"contact_ids": [c for _, c in pairs[s.id]]}) for s in some]
    record_intent(bench.work, some, entries, contact_ids=wanted)
    items = [ActivityUpdate(stored.id, str(stored.activity_id), {}) for stored in some]
    record = partial(_record_associated, bench, incomplete)
    send_batch(bench.work, items, partial(_associate_pairs, bench, pairs), record)


def _associate_pairs(bench: Bench, pairs: Pairs, items: Sequence[ActivityUpdate]) -> BatchResult:
    """Associate; a pair that HubSpot's answer leaves out has an end that does not exist any more."""
    wanted = [pair for item in items for pair in pairs[item.trace_id]]
    hubspot = bench.work.hubspot
    unconfirmed = {pair for some in chunks(wanted, MOST_PAIRS) for pair in hubspot.associate(some)}
    lost = {item.trace_id for item in items if unconfirmed.intersection(pairs[item.trace_id])}
    written = {item.trace_id: item.activity_id for item in items if item.trace_id not in lost}
    return BatchResult(written=written, refused=dict.fromkeys(sorted(lost), END_IS_GONE))


def _record_associated(bench: Bench, sent: Mapping[str, tuple[StoredChange, Booking]], result: BatchResult) -> None:
    """Record associations; where an end is gone, make the activity again, or look its contacts up again."""
    record_associated(bench.work, [sent[change_id][0] for change_id in result.written])
    if not result.refused:
        return
    activity_ids = [str(sent[change_id][0].activity_id) for change_id in result.refused]
    standing = bench.work.hubspot.activities_by_id(activity_ids, IDENTITY)
    for change_id, refusal in result.refused.items():
        stored, booking = sent[change_id]
        if str(stored.activity_id) not in standing:
            make_again(bench.work, stored, booking)
        elif stored.attempt_count == 0:
            record_refused_for_now(bench.work, stored, warning=CONTACTS_LOOKED_UP, error_code=refusal_code(refusal))
        else:
            keep_refused(bench.work, stored, refusal)


def _content(bench: Bench, stored: StoredChange, booking: Booking) -> dict[str, str]:
    if stored.operation is Operation.CANCEL:
        return render_cancel(booking)
    return render_update(booking, owner_id=bench.owner_of(stored, booking), activity_type=None)


def _action(stored: StoredChange) -> str:
    """Name the write for the audit: a creation that found its activity made already only updates it."""
    return "cancel" if stored.operation is Operation.CANCEL else "update"


def _before(stored: StoredChange) -> dict[str, object]:
    return {"activity_id": stored.activity_id, "activity_key": stored.activity_key}


def _record_written(bench: Bench, sent: Mapping[str, tuple[StoredChange, Booking]], result: BatchResult) -> None:
    record_written(bench.work, [sent[change_id] for change_id in result.written])
    for change_id, refusal in result.refused.items():
        stored, booking = sent[change_id]
        if "OBJECT_NOT_FOUND" in (refusal.code, refusal.category):
            make_again(bench.work, stored, booking)
        elif is_owner_in_the_way(stored, refusal):
            record_refused_for_now(bench.work, stored, warning=OWNER_REFUSED, error_code=refusal_code(refusal))
        else:
            keep_refused(bench.work, stored, refusal)

"""The step that makes an activity: contacts first, then the activity with its associations in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from booking_sync.adoption import adopt
from booking_sync.batch import Batch, Bench, audit_entry, by_id, suspects_of, without_blocked
from booking_sync.carry_over import CONTACTS, NOTHING, OTHERS_REFUSED, Carried
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.hubspot_model import KEY_PROPERTY, BatchResult, ItemRefusal, NewActivity
from booking_sync.contacts import ContactsOfBatch
from booking_sync.errors import MissingScope
from booking_sync.model import Booking
from booking_sync.record import record_created, record_intent, record_refused_for_now
from booking_sync.refusal import (
    CONTACTS_LOOKED_UP,
    OWNER_REFUSED,
    is_owner_in_the_way,
    keep_refused,
    refusal_code,
)
from booking_sync.render import render_activity
from booking_sync.sending import send_batch
from booking_sync.standing import NOTES_PROPERTY
from booking_sync.store.changes import StoredChange

WITHOUT_SCOPE = ItemRefusal("MISSING_SCOPES", None)

MOST_ATTEMPTS = 5
"""How often one change may find its marker taken before it is kept: two or three explain themselves, more do not."""


def create(bench: Bench, batch: Batch) -> None:
    """Create the activities of a batch, with what people added to those that they replace (R5)."""
    carried = bench.carry_over.of(batch)
    standing = {s.id: carried.get(s.id, NOTHING).contact_ids for s, _ in batch if _may_remember(s)}
    contacts = bench.contacts.resolve(batch, trusted=standing)
    ready = without_blocked(bench.work, batch, contacts.blocked)
    if not ready:
        return
    items = [_new_activity(bench, contacts, carried.get(stored.id, NOTHING), stored, b) for stored, b in ready]
    record_intent(
        bench.work,
        [stored for stored, _ in ready],
        [
            audit_entry(stored, "create", properties=item.properties, carried=item.others)
            for (stored, _), item in zip(ready, items, strict=True)
        ],
        contact_ids=contacts.ids,
        decisions=contacts.decisions,
        warnings={
            stored.id: [*contacts.news(stored), *bench.news(stored), *carried.get(stored.id, NOTHING).news(stored)]
            for stored, _ in ready
        },
    )
    record = partial(_record, bench, by_id(ready), contacts.ids)
    suspects = suspects_of(stored for stored, _ in ready)
    send_batch(bench.work, items, partial(_send, bench.work.hubspot), record, suspects)


def _send(hubspot: HubSpotClient, items: Sequence[NewActivity]) -> BatchResult:
    """Send the batch. A scope that is missing may be one for what is attached: then it is refused item by item."""
    try:
        return hubspot.create_activities(items)
    except MissingScope:
        if all(one.object_type == CONTACTS for item in items for one in item.others):
            raise
        return BatchResult(refused={item.trace_id: WITHOUT_SCOPE for item in items})


def _new_activity(
    bench: Bench, contacts: ContactsOfBatch, carried: Carried, stored: StoredChange, booking: Booking
) -> NewActivity:
    properties = render_activity(
        booking,
        outcome=stored.shown_outcome(booking),
        owner_id=bench.owner_of(stored, booking),
        activity_key=stored.activity_key,
        activity_type=bench.activity_type,
        revision=stored.revision,
    )
    if carried.notes:
        properties[NOTES_PROPERTY] = carried.notes
    return NewActivity(stored.id, properties, contacts.ids[stored.id], carried.others)


def _record(
    bench: Bench,
    sent: Mapping[str, tuple[StoredChange, Booking]],
    contact_ids: Mapping[str, tuple[str, ...]],
    result: BatchResult,
) -> None:
    created = [(*sent[change_id], activity_id) for change_id, activity_id in result.written.items()]
    record_created(bench.work, created, contact_ids)
    for change_id, refusal in result.refused.items():
        stored, booking = sent[change_id]
        _refused(bench, replace(stored, contact_ids=contact_ids[change_id]), booking, refusal)


def _refused(bench: Bench, stored: StoredChange, booking: Booking, refusal: ItemRefusal) -> None:
    """Adopt what is there already, try again without what is in the way, or keep the change with the reason."""
    code = refusal_code(refusal)
    if _is_taken(refusal) and stored.attempt_count < MOST_ATTEMPTS:
        adopt(bench.work, stored, booking, str(refusal.existing_id))
    elif refusal == WITHOUT_SCOPE:
        record_refused_for_now(bench.work, stored, warning=OTHERS_REFUSED, error_code=code)
    elif is_owner_in_the_way(stored, refusal):
        bench.owners.forget_owner_of(booking)
        record_refused_for_now(bench.work, stored, warning=OWNER_REFUSED, error_code=code)
    elif _may_remember(stored):
        bench.carry_over.forget(stored)  # something on the old activity may be gone since it was read
        record_refused_for_now(bench.work, stored, warning=CONTACTS_LOOKED_UP, error_code=code)
    else:
        keep_refused(bench.work, stored, refusal)


def _is_taken(refusal: ItemRefusal) -> bool:
    """Say whether HubSpot refuses the marker because another activity has it; other properties may be unique too."""
    return refusal.existing_id is not None and set(refusal.property_names) <= {KEY_PROPERTY}


def _may_remember(stored: StoredChange) -> bool:
    """Say whether remembered contacts will do: they are those of the activity that is replaced, on a first try."""
    return stored.old_activity_id is not None and stored.attempt_count == 0

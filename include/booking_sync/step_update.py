"""The steps that change an activity in place.

Associate contacts of new invitees, then write the properties (A7, X1, X3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

from booking_sync.adoption import found_at, make_again, standing_ones
from booking_sync.batch import Batch, Bench, audit_entry, by_id, suspects_of, without_blocked
from booking_sync.clients.hubspot import BatchRefused
from booking_sync.clients.hubspot_model import KEY_PROPERTY, Activity, ActivityUpdate, BatchResult, ItemRefusal
from booking_sync.completion import without_closed_by_people
from booking_sync.model import Booking
from booking_sync.record import (
    ONLY_OUTCOME,
    record_associated,
    record_found_elsewhere,
    record_intent,
    record_refused_for_now,
    record_to_look_at,
    record_written,
)
from booking_sync.refusal import (
    CONTACTS_LOOKED_UP,
    OWNER_REFUSED,
    is_owner_in_the_way,
    keep_refused,
    refusal_code,
)
from booking_sync.render import render_cancel, render_mark, render_marker, render_update
from booking_sync.sending import send_batch
from booking_sync.standing import IDENTITY, sought
from booking_sync.states import Operation, Step
from booking_sync.store import change_progress, mappings
from booking_sync.store.changes import ContactDecisions, StoredChange
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
    first_tries = {stored.id: None for stored, _ in batch if stored.attempt_count == 0}
    contacts = bench.contacts.resolve(batch, trusted=first_tries)
    sent = by_id(without_blocked(bench.work, batch, contacts.blocked))
    ready = [stored for stored, _ in sent.values()]
    known = _known_contacts(bench, ready)
    wanted = {s.id: tuple(dict.fromkeys((*known[s.id], *contacts.ids[s.id]))) for s in ready}
    missing = {s.id: [contact for contact in wanted[s.id] if contact not in known[s.id]] for s in ready}
    complete = [stored.id for stored in ready if not missing[stored.id]]
    news = {s.id: [*contacts.news(s), *bench.news(s)] for s in ready}  # may ask HubSpot: before the transaction
    with bench.work.recording() as (connection, _):
        change_progress.set_contacts(
            connection, {change_id: wanted[change_id] for change_id in complete}, contacts.decisions
        )
        change_progress.add_warnings(connection, news)
        change_progress.advance(connection, complete, Step.WRITE)
    if incomplete := [pair for change_id, pair in sent.items() if missing[change_id]]:
        _send_associations(bench, incomplete, missing, wanted, contacts.decisions)


def write(bench: Bench, batch: Batch) -> None:
    """Write the properties of a batch of activities, each addressed by its marker, or looked at before (D4)."""
    addressed = _addressed(bench, without_closed_by_people(bench, batch))
    if not addressed:
        return
    sent = {stored.id: (stored, booking) for stored, booking, _ in addressed}
    items = [item for _, _, item in addressed]
    entries = [
        audit_entry(
            sent[item.trace_id][0], _action(sent[item.trace_id][0]), before=_before(item), properties=item.properties
        )
        for item in items
    ]
    record_intent(bench.work, [stored for stored, _ in sent.values()], entries)
    record = partial(_record_written, bench, sent, {item.trace_id for item in items if item.key})
    suspects = suspects_of(stored for stored, _ in sent.values())
    send_batch(bench.work, items, partial(_send, bench, sent), record, suspects)


def _addressed(bench: Bench, batch: Batch) -> list[tuple[StoredChange, Booking, ActivityUpdate]]:
    """Say where each change is written to.

    A portal that enforces the marker checks it in the same call that writes. Elsewhere, and where HubSpot does not find
    the marker, the activity is looked at first.
    """
    standing = bench.standing
    has_look = {s.id for s, _ in batch if not standing.is_addressed_by_marker or standing.has_seen(s.activity_id)}
    looked_at = standing_ones(bench.work, standing, [pair for pair in batch if pair[0].id in has_look])
    by_marker = [(s, b) for s, b in batch if s.id not in has_look]
    return [
        *(
            (s, b, ActivityUpdate(s.id, str(s.activity_id), _content(bench, s, b) | _marker(s, a)))
            for s, b, a in looked_at
        ),
        *(
            (s, b, ActivityUpdate(s.id, str(s.activity_id), _content(bench, s, b), s.standing_key))
            for s, b in by_marker
        ),
    ]


def _marker(stored: StoredChange, activity: Activity) -> dict[str, str]:
    """Return the marker where a person has cleared it."""
    return {} if activity.properties.get(KEY_PROPERTY) else {KEY_PROPERTY: stored.activity_key}


def _send(
    bench: Bench, sent: Mapping[str, tuple[StoredChange, Booking]], items: Sequence[ActivityUpdate]
) -> BatchResult:
    """Write; where HubSpot refuses the whole, it may not take markers for ids: then look first, and write by id."""
    hubspot, standing = bench.work.hubspot, bench.standing
    if standing.is_addressed_by_marker or not any(item.key for item in items):
        try:
            return hubspot.update_activities(items)
        except BatchRefused:
            if not any(item.key for item in items):
                raise
    standing.is_addressed_by_marker = False
    located = standing.locate({item.trace_id: sought(sent[item.trace_id][0]) for item in items})
    by_id = [replace(one, activity_id=located[one.trace_id].id, key=None) for one in items if one.trace_id in located]
    result = hubspot.update_activities(by_id)
    gone = {item.trace_id: END_IS_GONE for item in items if item.trace_id not in located}
    return replace(result, refused={**result.refused, **gone})


def _known_contacts(bench: Bench, ready: Sequence[StoredChange]) -> dict[str, tuple[str, ...]]:
    with reading(bench.work.services.engine) as connection:
        owners = {s.id: str(s.old_booking_id) if s.takes_activity_over else s.booking_id for s in ready}
        known = mappings.known_contacts(connection, bench.work.integration.id, list(owners.values()))
    return {change_id: known.get(booking_id, ()) for change_id, booking_id in owners.items()}


def _send_associations(
    bench: Bench,
    incomplete: Batch,
    missing: Mapping[str, Sequence[str]],
    wanted: Mapping[str, Sequence[str]],
    decisions: Mapping[str, ContactDecisions],
) -> None:
    ready = standing_ones(bench.work, bench.standing, incomplete)
    if not ready:
        return
    sent = {stored.id: (stored, booking) for stored, booking, _ in ready}
    some = [stored for stored, _ in sent.values()]
    pairs = {stored.id: [(str(stored.activity_id), contact) for contact in missing[stored.id]] for stored in some}
    entries = [audit_entry(stored, "associate", after={"contact_ids": list(missing[stored.id])}) for stored in some]
    record_intent(bench.work, some, entries, contact_ids=wanted, decisions=decisions)
    items = [ActivityUpdate(stored.id, str(stored.activity_id), {}) for stored in some]
    record = partial(_record_associated, bench, sent)
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
    outcome = stored.shown_outcome(booking)
    if stored.operation is Operation.CANCEL:
        return render_cancel(booking)
    if stored.operation is Operation.MARK:
        return render_mark(booking, outcome)
    owner_id = bench.owner_of(stored, booking)
    content = render_update(booking, outcome=outcome, owner_id=owner_id, activity_type=bench.activity_type)
    if stored.has_new_host and owner_id is None:
        content["hubspot_owner_id"] = ""  # A1: a host without an owner leaves the activity to nobody
    if stored.takes_activity_over:
        content |= render_marker(booking, stored.activity_key)
    return content


def _action(stored: StoredChange) -> str:
    """Name the write for the audit: a creation that found its activity made already only updates it."""
    return stored.operation.value if stored.operation in ONLY_OUTCOME else "update"


def _before(item: ActivityUpdate) -> dict[str, object]:
    return {"activity_id": item.activity_id, "addressed_by": "marker" if item.key else "id"}


def _record_written(
    bench: Bench, sent: Mapping[str, tuple[StoredChange, Booking]], by_marker: AbstractSet[str], result: BatchResult
) -> None:
    written = {id_: found_at(*sent[id_], activity_id, None) for id_, activity_id in result.written.items()}
    record_found_elsewhere(bench.work, [stored for id_, stored in written.items() if stored != sent[id_][0]])
    record_written(bench.work, [(stored, sent[id_][1]) for id_, stored in written.items()])
    for change_id, refusal in result.refused.items():
        stored, booking = sent[change_id]
        if "OBJECT_NOT_FOUND" in (refusal.code, refusal.category):
            _not_found(bench, stored, booking, is_by_marker=change_id in by_marker)
        elif is_owner_in_the_way(stored, refusal):
            bench.owners.forget_owner_of(booking)
            record_refused_for_now(bench.work, stored, warning=OWNER_REFUSED, error_code=refusal_code(refusal))
        else:
            keep_refused(bench.work, stored, refusal)


def _not_found(bench: Bench, stored: StoredChange, booking: Booking, *, is_by_marker: bool) -> None:
    """Look at an activity whose marker HubSpot does not find; make one again that is gone (D3)."""
    if is_by_marker and not bench.standing.has_seen(stored.activity_id):
        bench.standing.look_at(str(stored.activity_id))
        record_to_look_at(bench.work, stored)
    else:
        make_again(bench.work, stored, booking)

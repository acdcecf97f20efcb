"""The last step of a recreation: the old activity goes to HubSpot's recycle bin, after the new one is recorded (R4).

Nothing is archived that was not looked at: HubSpot takes no marker here, and a wrong id would be somebody else's (D4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from booking_sync.batch import Batch, Bench, audit_entry, by_id
from booking_sync.clients.hubspot_model import ActivityUpdate, BatchResult
from booking_sync.errors import NotFound
from booking_sync.model import Booking
from booking_sync.record import record_archived, record_intent, record_left_alone, record_old_activities
from booking_sync.refusal import keep_refused
from booking_sync.sending import send_batch
from booking_sync.standing import IDENTITY, sought_old
from booking_sync.states import AuditOutcome
from booking_sync.store.changes import StoredChange

LEFT_ALONE = "an activity that does not carry the booking's marker was not archived"


def archive(bench: Bench, batch: Batch) -> None:
    """Archive the old activities of a batch. HubSpot answers for all of them at once."""
    ready = _still_there(bench, batch)
    if not ready:
        return
    items = [ActivityUpdate(stored.id, str(stored.old_activity_id), {}) for stored, _ in ready]
    entries = [audit_entry(stored, "archive", before={"activity_id": stored.old_activity_id}) for stored, _ in ready]
    record_intent(bench.work, [stored for stored, _ in ready], entries)
    send_batch(bench.work, items, partial(_send, bench), partial(_record, bench, by_id(ready)))


def _still_there(bench: Bench, batch: Batch) -> Batch:
    """Return the changes whose old activity stands and is ours; the others have none, or another one."""
    ours = bench.standing.verify({stored.id: sought_old(stored) for stored, _ in batch})
    ready = [pair for pair in batch if pair[0].id in ours]
    others = [pair for pair in batch if pair[0].id not in ours]
    return [*ready, *_instead(bench, others)] if others else ready


def _instead(bench: Bench, others: Batch) -> Batch:
    """Return the changes whose booking has another old activity than the mapping said, and end the rest.

    What carries another marker is left alone, and so is what we have archived before: a person has restored it.
    """
    owners = {stored.id: sought_old(stored).booking_id for stored, _ in others}
    standing = bench.standing.read(str(stored.old_activity_id) for stored, _ in others)
    found = bench.standing.of_bookings(list(owners.values()))
    ready: list[tuple[StoredChange, Booking]] = []
    for stored, booking in others:
        old = next((one.id for one in found[owners[stored.id]] if one.id != stored.activity_id), None)
        if old is not None:
            ready.append((replace(stored, old_activity_id=old), booking))
        elif stored.old_activity_id in standing:
            record_left_alone(bench.work, stored, f"{LEFT_ALONE}: {stored.old_activity_id}")
        else:
            record_archived(bench.work, [(stored, booking)], outcome=AuditOutcome.ADOPTED)
    record_old_activities(bench.work, {stored.id: str(stored.old_activity_id) for stored, _ in ready})
    return ready


def _send(bench: Bench, items: Sequence[ActivityUpdate]) -> BatchResult:
    """Archive; where HubSpot does not know one of them any more, read back which are left."""
    hubspot = bench.work.hubspot
    try:
        hubspot.archive_activities([item.activity_id for item in items])
    except NotFound:
        standing = set(hubspot.activities_by_id([item.activity_id for item in items], IDENTITY))
    else:
        standing = set()
    return BatchResult(
        written={item.trace_id: item.activity_id for item in items if item.activity_id not in standing},
        unmatched=tuple(item.trace_id for item in items if item.activity_id in standing),
    )


def _record(bench: Bench, sent: Mapping[str, tuple[StoredChange, Booking]], result: BatchResult) -> None:
    record_archived(bench.work, [sent[change_id] for change_id in result.written])
    for change_id, refusal in result.refused.items():
        keep_refused(bench.work, sent[change_id][0], refusal)

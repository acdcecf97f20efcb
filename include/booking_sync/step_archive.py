"""The last step of a recreation: the old activity goes to HubSpot's recycle bin, after the new one is recorded (R4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from booking_sync.adoption import IDENTITY
from booking_sync.batch import Batch, Bench, audit_entry, by_id
from booking_sync.clients.hubspot_model import ActivityUpdate, BatchResult
from booking_sync.errors import NotFound
from booking_sync.model import Booking
from booking_sync.record import record_archived, record_intent
from booking_sync.refusal import keep_refused
from booking_sync.sending import send_batch
from booking_sync.store.changes import StoredChange


def archive(bench: Bench, batch: Batch) -> None:
    """Archive the old activities of a batch. HubSpot answers for all of them at once."""
    items = [ActivityUpdate(stored.id, str(stored.old_activity_id), {}) for stored, _ in batch]
    entries = [audit_entry(stored, "archive", before={"activity_id": stored.old_activity_id}) for stored, _ in batch]
    record_intent(bench.work, [stored for stored, _ in batch], entries)
    send_batch(bench.work, items, partial(_send, bench), partial(_record, bench, by_id(batch)))


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

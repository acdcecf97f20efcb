"""A batch of changes that wait for the same step, and what is written down about each before it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from booking_sync.carry_over import CarryOver
from booking_sync.clients.hubspot_model import ObjectRef
from booking_sync.contacts import ContactDirectory
from booking_sync.model import Booking
from booking_sync.owner_directory import OwnerDirectory
from booking_sync.portal import ActivityTypes
from booking_sync.record import record_not_sent
from booking_sync.refusal import OWNER_REFUSED
from booking_sync.standing import Standing
from booking_sync.store.audit import AuditEntry
from booking_sync.store.changes import StoredChange
from booking_sync.work import Work

Batch = Sequence[tuple[StoredChange, Booking]]

ACTIVITY_TYPE_UNKNOWN = (
    "activity_type_unknown: HubSpot does not have the meeting type of the settings; it is left empty"
)
"""Warning of a change that is written without the meeting type that the settings name (A5)."""

BLOCKED = "HubSpot has not answered whether it made the invitee's contact; the next run looks it up"


@dataclass(frozen=True, slots=True)
class Bench:
    """What every step works with: the right to write, the portal's owners, contacts, and what was looked at."""

    work: Work
    owners: OwnerDirectory
    contacts: ContactDirectory
    standing: Standing
    activity_types: ActivityTypes
    carry_over: CarryOver

    @property
    def activity_type(self) -> str | None:
        """The meeting type that activities get, if the portal has it (A5)."""
        return self.activity_types.usable(self.work.settings.activity_type)

    def news(self, stored: StoredChange) -> list[str]:
        """Return what somebody should know of the settings and the change does not say yet."""
        wanted = self.work.settings.activity_type
        is_lost = wanted is not None and self.activity_type is None
        return [ACTIVITY_TYPE_UNKNOWN] if is_lost and ACTIVITY_TYPE_UNKNOWN not in stored.warnings else []

    def owner_of(self, stored: StoredChange, booking: Booking) -> str | None:
        """Return the host's HubSpot owner, if there is one that HubSpot takes (A1, C4)."""
        if OWNER_REFUSED in stored.warnings:
            return None
        return self.owners.owner_of(booking)


def by_id(batch: Batch) -> dict[str, tuple[StoredChange, Booking]]:
    """Return the batch by change id, which is the trace id of its items."""
    return {stored.id: (stored, booking) for stored, booking in batch}


def suspects_of(changes: Iterable[StoredChange]) -> dict[str, int]:
    """Return the changes whose requests came to nothing unanswered, with how often."""
    return {stored.id: stored.unanswered_count for stored in changes if stored.unanswered_count}


def without_blocked(work: Work, batch: Batch, blocked: set[str]) -> Batch:
    """Keep the changes that wait for a contact, and return the others."""
    record_not_sent(work, sorted(blocked), error_code="contact_unknown", error=BLOCKED)
    return [(stored, booking) for stored, booking in batch if stored.id not in blocked]


def audit_entry(
    stored: StoredChange,
    action: str,
    *,
    before: Mapping[str, object] | None = None,
    properties: Mapping[str, str] | None = None,
    after: Mapping[str, object] | None = None,
    carried: Sequence[ObjectRef] = (),
) -> AuditEntry:
    """Describe one write: which object, what it was, and the names of the properties that are written, no values."""
    if properties is not None:
        after = {"revision": stored.revision, "properties": sorted(properties)}
        after |= {"carried_over": [f"{one.object_type}/{one.id}" for one in carried]} if carried else {}
    object_id = stored.old_activity_id if action == "archive" else stored.activity_id
    return AuditEntry(
        change_id=stored.id,
        booking_id=stored.booking_id,
        booking_version=stored.booking_version,
        action=action,
        object_type="activity",
        object_id=object_id,
        before=before,
        after=after,
    )

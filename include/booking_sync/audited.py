"""What the audit lays side by side: bookings, mapping rows and activities, reduced to keys. No payloads."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from booking_sync.model import BookingStatus
from booking_sync.states import ActivityOutcome, RecordedState

OF_AN_APP = "INTEGRATION"
"""``hs_object_source`` of a record that an app or a service key has made; a person's has another value."""


@dataclass(frozen=True, slots=True)
class AuditedBooking:
    """A booking as Calendar.com returns it now; ``revision``, ``title`` and ``outcome`` are how it is shown."""

    id: str
    status: BookingStatus
    version: int
    updated_at: datetime
    revision: str
    title: str = field(repr=False)
    outcome: str
    rescheduled_from_id: str | None = None
    rescheduled_to_id: str | None = None
    is_passed_on: bool = True
    """Whether the settings let its event in: otherwise nothing is expected of HubSpot."""


@dataclass(frozen=True, slots=True)
class MappedBooking:
    """A row of the mapping: what we recorded as written."""

    booking_id: str
    state: RecordedState
    activity_id: str | None
    activity_key: str
    generation: int
    version: int
    start_at: datetime
    end_at: datetime
    contact_ids: tuple[str, ...]
    replaced_by: str | None
    outcome: ActivityOutcome | None = None


@dataclass(frozen=True, slots=True)
class FoundActivity:
    """A live activity in HubSpot. ``key``, ``booking_id`` and ``revision`` are the values of our properties.

    ``contact_ids`` is None where HubSpot said nothing about them. ``source`` and ``source_id`` say who made it.
    """

    id: str
    key: str | None
    booking_id: str | None
    revision: str | None = None
    title: str | None = field(default=None, repr=False)
    start_at: datetime | None = None
    end_at: datetime | None = None
    outcome: str | None = None
    source: str | None = None
    source_id: str | None = None
    contact_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything that the audit of one integration compares."""

    workspace_id: str
    other_workspace_ids: tuple[str, ...]
    """The other workspaces whose activities are in this portal."""
    bookings: Mapping[str, AuditedBooking]
    unreadable: AbstractSet[str]
    """Bookings that exist, but make no sense."""
    mapped: Mapping[str, MappedBooking]
    activities: Mapping[str, FoundActivity]
    """By activity id; the live ones that are mapped, or carry a property of ours."""
    in_work: AbstractSet[str]
    """Bookings that a run has begun with or keeps for the next one: what they lack is known."""
    due_from: datetime
    due_until: datetime
    """Bookings that changed in between should have been passed on by now."""
    archived_by_us: Mapping[str, bool] = field(default_factory=dict)
    """Activities that are in the history of the mapping, with whether we have archived them."""
    once_mapped: AbstractSet[str] = frozenset()
    """Bookings that the mapping does not hold, but its history does."""
    standing_contact_ids: AbstractSet[str] = frozenset()
    """Of the contacts that an activity has lost, those that still exist."""
    tells_of_strangers: bool = True
    """Whether markers that belong to nobody are reported here: of all integrations of a portal, only one does."""

    @cached_property
    def succeeded(self) -> frozenset[str]:
        """The bookings that another one says it was rescheduled from (R2)."""
        claims = ((booking.rescheduled_from_id, booking.id) for booking in self.bookings.values())
        return frozenset(before for before, booking_id in claims if before is not None and before != booking_id)

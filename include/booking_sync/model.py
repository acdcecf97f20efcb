"""The nouns of the domain, as frozen values without I/O.

Times are aware datetimes in UTC. E-mail addresses are kept as they were typed; :func:`normalise_email` gives the form
in which two addresses are compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PLANS_WITH_HUBSPOT = frozenset({"pro", "enterprise"})
"""The Calendar.com plans that include the HubSpot integration (reference page, "Prerequisites")."""

LONGEST_EMAIL = 254
"""Longest address that can be used in SMTP (RFC 5321, section 4.5.3.1.3)."""

_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@(?:[^\s@.,;:<>()\[\]\\\"]+\.)+[^\s@.,;:<>()\[\]\\\"]{2,}")


class BookingStatus(StrEnum):
    """The three statuses that the contract defines; anything else is rejected by name."""

    SCHEDULED = "scheduled"
    CANCELED = "canceled"
    RESCHEDULED = "rescheduled"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A Calendar.com workspace that the API key may read."""

    id: str
    name: str
    plan: str
    time_zone: str

    @property
    def has_hubspot_plan(self) -> bool:
        """Whether the plan includes the HubSpot integration (rule K1)."""
        return self.plan.strip().lower() in PLANS_WITH_HUBSPOT


@dataclass(frozen=True, slots=True)
class Person:
    """A host or co-host. Every field but none is optional in practice: people type what they like."""

    id: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one custom question; ``answer`` is None where the invitee left it empty."""

    question_id: str
    question: str
    answer: str | int | float | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Invitee:
    """One person who booked. In a group event each invitee may cancel alone (``is_active``)."""

    id: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    time_zone: str | None = None
    is_active: bool = True
    is_no_show: bool = False
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """Where a meeting takes place."""

    kind: str | None = None
    value: str | None = None
    join_url: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """One Calendar.com booking in its newest state, as read through the contract and validated."""

    id: str
    workspace_id: str
    status: BookingStatus
    version: int
    event_id: str
    event_name: str
    start_at: datetime
    end_at: datetime
    host: Person
    invitees: tuple[Invitee, ...]
    created_at: datetime
    updated_at: datetime
    event_kind: str | None = None
    time_zone: str | None = None
    location: Location | None = None
    description: str | None = None
    co_hosts: tuple[Person, ...] = ()
    guests: tuple[str, ...] = ()
    tracking: tuple[tuple[str, str], ...] = ()
    reschedule_count: int = 0
    rescheduled_from_id: str | None = None
    rescheduled_to_id: str | None = None
    canceled_by: str | None = None
    cancel_reason: str | None = None

    @property
    def duration_minutes(self) -> int:
        """Length of the meeting in whole minutes (rule A2)."""
        return round((self.end_at - self.start_at).total_seconds() / 60)

    @property
    def concerned_invitees(self) -> tuple[Invitee, ...]:
        """The invitees whom the activity is about: the active ones (C1).

        Calling a meeting off may mark every invitee as cancelled with it; then it is about all of them (X2).
        """
        active = tuple(invitee for invitee in self.invitees if invitee.is_active)
        is_off = self.status is BookingStatus.CANCELED and not active
        return self.invitees if is_off else active


@dataclass(frozen=True, slots=True)
class Reject:
    """A booking that could not be read, with the reason in words that hold no personal data."""

    booking_id: str | None
    reason: str


def normalise_email(address: str | None) -> str | None:
    """Return the address in the form HubSpot compares by, or None where it cannot be used (rule C6).

    HubSpot stores addresses in lower case and compares them so. Plus-tags and dots are left alone: they are different
    mailboxes to everyone but one provider.
    """
    if address is None:
        return None
    candidate = address.strip().lower()
    if not candidate or len(candidate) > LONGEST_EMAIL or not _EMAIL.fullmatch(candidate):
        return None
    return candidate

"""What an activity would look like under settings that nobody has saved yet: for the page that changes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from booking_sync.answers import wishes_of
from booking_sync.concerned import concerned_people
from booking_sync.integration_settings import IntegrationSettings
from booking_sync.model import Booking
from booking_sync.outcome import decide_outcome
from booking_sync.render import render_update
from booking_sync.states import ActivityOutcome


@dataclass(frozen=True, slots=True)
class PreviewedPerson:
    """Somebody on the activity. ``may_be_made`` says whether a contact is made if there is none.

    ``answers`` are what a new contact would get: what it is the answer to, and the property that takes it.
    """

    email: str = field(repr=False)
    may_be_made: bool
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """An activity as it would be written now. ``is_passed_on`` is false where the settings leave its event out."""

    is_passed_on: bool
    title: str = field(repr=False)
    body: str = field(repr=False)
    start_at: datetime
    end_at: datetime
    outcome: ActivityOutcome
    owner_id: str | None
    properties: Mapping[str, str] = field(repr=False)
    people: tuple[PreviewedPerson, ...]


def preview(booking: Booking, settings: IntegrationSettings, *, at: datetime, owner_id: str | None = None) -> Preview:
    """Return what the booking's activity would look like; ``owner_id`` is the host's HubSpot owner, if there is one."""
    outcome = decide_outcome(booking, at=at, marks_completed=settings.mark_completed)
    properties = render_update(booking, outcome=outcome, owner_id=owner_id, activity_type=settings.activity_type)
    return Preview(
        is_passed_on=settings.takes_event(booking.event_id, booking.event_name),
        title=properties["hs_meeting_title"],
        body=properties["hs_meeting_body"],
        start_at=booking.start_at,
        end_at=booking.end_at,
        outcome=outcome,
        owner_id=owner_id,
        properties=properties,
        people=_people(booking, settings),
    )


def _people(booking: Booking, settings: IntegrationSettings) -> tuple[PreviewedPerson, ...]:
    return tuple(
        PreviewedPerson(
            one.email,
            one.may_be_made,
            ()
            if one.is_guest
            else tuple((w.label or w.source, w.property_name) for w in wishes_of(one.invitee, booking, settings)),
        )
        for one in concerned_people(booking, settings.guests)
    )

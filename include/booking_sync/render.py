"""What HubSpot shows of a booking: the properties of its activity and of a new contact, every value as a string."""

from __future__ import annotations

from datetime import UTC, datetime

from booking_sync.activity_body import activity_body
from booking_sync.bounded_html import web_address
from booking_sync.fingerprint import revision as revision_of
from booking_sync.model import Booking, BookingStatus, Invitee
from booking_sync.plain_text import cut, one_line
from booking_sync.states import ActivityOutcome
from booking_sync.title import title_of

LONGEST_LINE = 1_000
"""Most characters of an event name or a place. HubSpot documents 65,536; nobody reads so much in one line."""


def render_activity(
    booking: Booking,
    *,
    outcome: ActivityOutcome,
    owner_id: str | None,
    activity_key: str,
    activity_type: str | None,
    revision: str | None = None,
) -> dict[str, str]:
    """Return the properties of a new activity (A1, A2, A5; X2 where the booking is cancelled). Absent is not sent.

    ``revision`` is that of the plan, which need not be worked out again.
    """
    properties = _properties(booking, outcome, owner_id, activity_type, revision)
    present = {name: value for name, value in _place(booking).items() if value}
    return properties | present | render_marker(booking, activity_key)


def render_update(
    booking: Booking, *, outcome: ActivityOutcome, owner_id: str | None, activity_type: str | None
) -> dict[str, str]:
    """Return the properties of a change in place, all of them absolute (A7, X3): "" clears a place that is gone.

    The marker stays as it is. Without ``owner_id`` the owner stays too: it may be one whom a person has set.
    """
    return _properties(booking, outcome, owner_id, activity_type) | _place(booking)


def render_cancel(booking: Booking) -> dict[str, str]:
    """Return what a cancellation changes: title and outcome; times and body stay (X1)."""
    return {"hs_meeting_title": _canceled_title(booking), **render_mark(booking, ActivityOutcome.CANCELED)}


def render_mark(booking: Booking, outcome: ActivityOutcome, revision: str | None = None) -> dict[str, str]:
    """Return what a no-show, or the end of the meeting, changes: the outcome and nothing else (A8)."""
    shown = revision or revision_of(booking, outcome)
    return {"hs_meeting_outcome": outcome.value, "calendar_booking_revision": shown}


def render_marker(booking: Booking, activity_key: str) -> dict[str, str]:
    """Return the properties by which an activity is known as the booking's."""
    return {"calendar_booking_id": booking.id, "calendar_booking_key": activity_key}


def render_title(booking: Booking) -> str:
    """Return the title of the activity (A1, X1)."""
    return _canceled_title(booking) if booking.status is BookingStatus.CANCELED else _title(booking)


def render_contact(invitee: Invitee, *, email: str, owner_id: str | None) -> dict[str, str]:
    """Return the properties of a new contact; a name or owner that is not known is not sent (C2, C4)."""
    first_name, last_name = split_name(invitee)
    properties = {"email": email, "firstname": first_name, "lastname": last_name, "hubspot_owner_id": owner_id or ""}
    return {name: value for name, value in properties.items() if value}


def split_name(invitee: Invitee) -> tuple[str, str]:
    """Return first and last name, "" where unknown: as given, else the first word and all the rest (C2)."""
    first_name, last_name = one_line(invitee.first_name), one_line(invitee.last_name)
    if first_name or last_name:
        return first_name, last_name
    first_name, _, last_name = one_line(invitee.name).partition(" ")
    return first_name, last_name


def _properties(
    booking: Booking,
    outcome: ActivityOutcome,
    owner_id: str | None,
    activity_type: str | None,
    revision: str | None = None,
) -> dict[str, str]:
    start = _wire_time(booking.start_at)
    properties = {
        "hs_meeting_title": render_title(booking),
        **render_mark(booking, outcome, revision),
        "hs_timestamp": start,
        "hs_meeting_start_time": start,
        "hs_meeting_end_time": _wire_time(booking.end_at),
        "hs_meeting_body": activity_body(booking),
        "calendar_event_name": cut(one_line(booking.event_name), LONGEST_LINE),
        "calendar_event_duration": str(booking.duration_minutes),
    }
    optional = {"hubspot_owner_id": owner_id, "hs_activity_type": activity_type}
    return properties | {name: value for name, value in optional.items() if value}


def _place(booking: Booking) -> dict[str, str]:
    """Return place and join URL, "" where there is none. Only a web address is a join URL: HubSpot makes it a link."""
    location = booking.location
    place = (one_line(location.value) or one_line(location.join_url)) if location else ""
    address = web_address(location.join_url) if location else None
    return {"hs_meeting_location": cut(place, LONGEST_LINE), "hs_meeting_external_url": address or ""}


def _title(booking: Booking) -> str:
    return title_of(booking.event_name, is_canceled=False)


def _canceled_title(booking: Booking) -> str:
    return title_of(booking.event_name, is_canceled=True)


def _wire_time(at: datetime) -> str:
    """Return the instant as HubSpot writes it: ISO 8601 in UTC with milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

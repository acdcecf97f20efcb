"""The iCalendar part of a notice: what lets a calendar move or cancel the entry by itself (RFC 5545, RFC 5546).

Escaping, folding and quoting are the library's business; every text comes bounded from the notice.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from booking_sync.bounded_html import web_address
from booking_sync.notice import NamedAddress, Notice
from booking_sync.states import NoticeKind

PRODUCT = "-//Calendar.com and HubSpot booking sync//Notices//EN"

METHODS = {NoticeKind.RESCHEDULED: "REQUEST", NoticeKind.CANCELED: "CANCEL"}
"""RFC 5546, 3.2.2 and 3.2.5: a reschedule is a REQUEST with the same UID and a higher SEQUENCE."""

STATUSES = {NoticeKind.RESCHEDULED: "CONFIRMED", NoticeKind.CANCELED: "CANCELLED"}


def notice_calendar(notice: Notice, sender: NamedAddress) -> str:
    """Return the calendar object. Times are in UTC, so it needs no time zone definitions.

    ``sender`` is the organizer where the host has no usable address: iTIP demands one.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", METHODS[notice.kind])
    calendar.add_component(_event(notice, sender))
    return str(calendar.to_ical().decode())


def _event(notice: Notice, sender: NamedAddress) -> Event:
    event = Event()
    event.add("uid", notice.uid)
    event.add("sequence", notice.sequence)
    event.add("status", STATUSES[notice.kind])
    event.add("dtstamp", notice.noted_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", notice.start_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtend", notice.end_at.astimezone(UTC).replace(microsecond=0))
    event.add("summary", notice.title)
    host = NamedAddress(notice.host_email, notice.host_name) if notice.host_email else sender
    event.add("organizer", _address(host))
    for person in notice.people or (notice.recipient,):
        attendee = _address(person)
        attendee.params["ROLE"] = "REQ-PARTICIPANT"
        attendee.params["PARTSTAT"] = "ACCEPTED"
        attendee.params["RSVP"] = "FALSE"
        event.add("attendee", attendee)
    if notice.location:
        event.add("location", notice.location)
    if join := web_address(notice.join_url):
        event.add("url", vUri(join))
        event.add("description", f"Join: {join}")
    return event


def _address(person: NamedAddress) -> vCalAddress:
    """Return the address as the mail itself is addressed, so that calendars know whom it means."""
    email = person.email
    with suppress(ValueError):  # the mailbox of somebody else must not keep this mail from being written
        email = person.on_the_wire
    address = vCalAddress(f"mailto:{email}")
    if person.name:
        address.params["CN"] = vText(person.name)
    return address

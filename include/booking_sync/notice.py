"""What a notice tells one person of one change, as a value: decided without I/O (M1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from booking_sync.decision import Recorded
from booking_sync.fingerprint import schedule_fingerprint
from booking_sync.model import Booking, BookingStatus, Invitee, Person, normalise_email
from booking_sync.plain_text import cut, for_display, one_line, shorten
from booking_sync.states import NoticeKind, RecordedState

LONGEST_NAME = 200
LONGEST_TEXT = 1_000
MOST_PEOPLE = 50
"""How many invitees the host's mail names."""

NO_EVENT_NAME = "Meeting"

PLACES = {"video": "Video call", "phone": "Phone call"}
"""What people are told of a kind of location that says nothing more; of other kinds nothing."""


@dataclass(frozen=True, slots=True)
class NamedAddress:
    """Somebody with a usable address. ``name`` is one line, "" where there is none."""

    email: str = field(repr=False)
    name: str = field(repr=False)

    @property
    def on_the_wire(self) -> str:
        """The address as every mail server takes it: an international domain in its ASCII form (RFC 5891).

        Raises:
            ValueError: it cannot be written so; a mailbox with letters beyond ASCII would need a server with SMTPUTF8.
        """
        mailbox, _, domain = self.email.rpartition("@")
        mailbox.encode("ascii")
        return f"{mailbox}@{domain.encode('idna').decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Notice:
    """One mail to one person about one change of one booking.

    ``uid`` and ``sequence`` are iCalendar's: the same ``uid`` for a meeting through all its changes, and a number that
    grows with each. ``former_start_at`` and ``former_end_at`` are the times that were passed on before, if they differ.
    ``people`` are whom the person meets: the invitee alone, or for the host everybody invited. ``noted_at`` is when the
    change was recorded. ``is_only_host_new``: somebody else is the host, and the times stay (R1).
    """

    kind: NoticeKind
    uid: str
    sequence: int
    noted_at: datetime
    recipient: NamedAddress
    is_host: bool
    time_zone: str
    event_name: str = field(repr=False)
    start_at: datetime
    end_at: datetime
    former_start_at: datetime | None
    former_end_at: datetime | None
    host_name: str = field(repr=False)
    host_email: str | None = field(repr=False)
    people: tuple[NamedAddress, ...]
    people_left_out: int
    location: str = field(repr=False)
    join_url: str = field(repr=False)
    canceled_by: str
    cancel_reason: str = field(repr=False)
    is_only_host_new: bool = False

    @property
    def title(self) -> str:
        """What the meeting is called."""
        return self.event_name or NO_EVENT_NAME

    def names(self, address: str) -> bool:
        """Say whether anything here is about the person with this address, in the form in which two are compared."""
        known = (self.recipient.email, self.host_email, *(one.email for one in self.people))
        return address in {normalise_email(one) for one in known}


@dataclass(frozen=True, slots=True)
class News:
    """What a recorded change means to people, before it is addressed. ``former`` is what was recorded until then."""

    kind: NoticeKind
    booking: Booking
    former: Recorded | None


def news_of(booking: Booking, former: Recorded | None, *, is_successor: bool = False) -> News | None:
    """Say what people have to be told when a booking is recorded in place of what was recorded before; None: nothing.

    A reschedule is told of what has been passed on before, a cancellation always. ``is_successor``: ``former`` is the
    booking that this one was rescheduled from (R2). An empty fingerprint is that of an adopted activity, whose news was
    noted when it was adopted.
    """
    if booking.status is BookingStatus.CANCELED:
        is_known = former is not None and former.state is RecordedState.CANCELED and not is_successor
        return None if is_known else News(NoticeKind.CANCELED, booking, former)
    if former is None or former.state is RecordedState.REPLACED or not former.schedule_fingerprint:
        return None
    is_moved = is_successor or former.schedule_fingerprint != schedule_fingerprint(booking)
    return News(NoticeKind.RESCHEDULED, booking, former) if is_moved else None


def is_over(booking: Booking, at: datetime) -> bool:
    """Say whether it is too late to tell anybody: the meeting has ended."""
    return booking.end_at <= at


def calendar_uid(workspace_id: str, booking_id: str) -> str:
    """Return the identity of a meeting in people's calendars (RFC 5545, 3.8.4.7)."""
    identity = json.dumps([workspace_id, booking_id], separators=(",", ":"))
    return f"{sha256(identity.encode('ascii')).hexdigest()[:40]}@calendar-hubspot-booking-sync"


def notices_of(news: News, *, uid: str, sequence: int, at: datetime) -> Iterator[Notice]:
    """Yield a notice for the host and every active invitee with a usable address, each person once."""
    booking = news.booking
    invited = _invited(booking)
    host = _host(booking)
    host_first = () if host is None else (host,)
    told: set[str] = set()
    for person, time_zone in (*host_first, *invited):
        if person.email in told:
            continue
        told.add(person.email)
        is_host = host is not None and person.email == host[0].email
        people = [one for one, _ in invited] if is_host else [person]
        yield Notice(
            kind=news.kind,
            uid=uid,
            sequence=sequence,
            noted_at=at,
            recipient=person,
            is_host=is_host,
            time_zone=time_zone,
            people=tuple(people[:MOST_PEOPLE]),
            people_left_out=max(0, len(people) - MOST_PEOPLE),
            **_facts(news),
        )


def dump_notice(notice: Notice) -> str:
    """Return the notice as text, to be encrypted and kept until it is sent."""
    return json.dumps(asdict(notice), default=_instant_text, separators=(",", ":"))


def load_notice(text: str) -> Notice:
    """Return the notice of :func:`dump_notice`."""
    stored = json.loads(text)
    times = ("noted_at", "start_at", "end_at", "former_start_at", "former_end_at")
    typed: dict[str, Any] = {name: datetime.fromisoformat(stored[name]) if stored[name] else None for name in times}
    typed["kind"] = NoticeKind(stored["kind"])
    typed["recipient"] = NamedAddress(**stored["recipient"])
    typed["people"] = tuple(NamedAddress(**one) for one in stored["people"])
    return Notice(**{**stored, **typed})


def _facts(news: News) -> dict[str, Any]:
    booking, former = news.booking, news.former
    location = booking.location
    has_moved = former is not None and (former.start_at, former.end_at) != (booking.start_at, booking.end_at)
    is_told = has_moved and news.kind is NoticeKind.RESCHEDULED
    return {
        "event_name": shorten(one_line(booking.event_name), LONGEST_NAME),
        "start_at": booking.start_at,
        "end_at": booking.end_at,
        "former_start_at": former.start_at if former and is_told else None,
        "former_end_at": former.end_at if former and is_told else None,
        "host_name": _name(booking.host),
        "host_email": normalise_email(booking.host.email),
        "location": shorten(one_line(location.value) or PLACES.get(location.kind or "", ""), LONGEST_TEXT)
        if location
        else "",
        "join_url": one_line(location.join_url) if location else "",
        "canceled_by": booking.canceled_by if booking.canceled_by in {"host", "invitee"} else "",
        "cancel_reason": shorten(for_display(booking.cancel_reason or ""), LONGEST_TEXT),
        "is_only_host_new": news.kind is NoticeKind.RESCHEDULED and _is_only_host_new(booking, former),
    }


def _is_only_host_new(booking: Booking, former: Recorded | None) -> bool:
    if former is None or (former.start_at, former.end_at) != (booking.start_at, booking.end_at):
        return False
    return former.schedule_fingerprint != schedule_fingerprint(booking)


def _host(booking: Booking) -> tuple[NamedAddress, str] | None:
    email = normalise_email(booking.host.email)
    zone = one_line(booking.host.time_zone) or one_line(booking.time_zone)
    return (NamedAddress(email, _name(booking.host)), zone) if email else None


def _invited(booking: Booking) -> list[tuple[NamedAddress, str]]:
    """Return the concerned invitees whom mail can reach, with their time zones; two with one address are one."""
    found: dict[str, tuple[NamedAddress, str]] = {}
    for invitee in booking.concerned_invitees:
        if email := normalise_email(invitee.email):
            zone = one_line(invitee.time_zone) or one_line(booking.time_zone)
            found.setdefault(email, (NamedAddress(email, _name(invitee)), zone))
    return list(found.values())


def _name(person: Person | Invitee) -> str:
    name = one_line(person.name) or one_line(f"{person.first_name or ''} {person.last_name or ''}")
    return cut(name, LONGEST_NAME)


def _instant_text(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return value.astimezone(UTC).isoformat()

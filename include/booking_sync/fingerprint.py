"""Short digests that say whether a booking changed, and the marker by which its activity is known.

Two fingerprints, because HubSpot is treated differently: a changed schedule makes a new activity (R1), changed content
updates the one there is (A7). What the activity does not show (tracking, guests, counters, who cancelled) is in
neither, so that it causes no write (W2).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b, sha256

from booking_sync.model import Booking, Invitee, Location, Person, normalise_email
from booking_sync.outcome import usual_outcome
from booking_sync.states import ActivityOutcome

_CANONICAL = json.JSONEncoder(separators=(",", ":"))
"""ASCII without spaces; made once, because ``json.dumps`` makes one for each call that wants anything special."""

MOST_GENERATIONS = 100
"""How many markers beyond the recorded one are tried before a marker counts as somebody else's."""


def schedule_fingerprint(booking: Booking) -> str:
    """Return 16 hex characters over start, end and host: the things whose change is a reschedule (R1)."""
    return _digest([_instant(booking.start_at), _instant(booking.end_at), _host_identity(booking.host)])


def content_fingerprint(booking: Booking) -> str:
    """Return 16 hex characters over everything else that the activity shows (A7).

    The order in which the service lists people means nothing, so they are sorted; that of answers is the form's (Q1).
    """
    location = booking.location or Location()
    return _digest(
        [
            booking.event_name,
            booking.description,
            [location.kind, location.value, location.join_url],
            _person(booking.host),
            sorted(map(_person, booking.co_hosts), key=json.dumps),
            [_invitee(i) for i in sorted(booking.concerned_invitees, key=lambda i: i.id)],
            booking.time_zone,
        ]
    )


def guests_fingerprint(booking: Booking) -> str:
    """Return 16 hex characters over the guests, "" without any: they only matter where a setting says so (C7)."""
    guests = sorted({email for guest in booking.guests if (email := normalise_email(guest))})
    return _digest(guests) if guests else ""


def revision(booking: Booking, outcome: ActivityOutcome) -> str:
    """Return "{version}-{12 hex}": equal for two states of a booking only where the activity looks the same.

    Written with every change of the activity, so that after a lost answer reading it back tells whether the write was
    carried out.
    """
    state = [booking.status.value, schedule_fingerprint(booking), content_fingerprint(booking)]
    if outcome is not usual_outcome(booking):
        state.append(outcome.value)
    return f"{booking.version}-{_digest(state, size=6)}"


def shows_the_same(one: str | None, other: str | None) -> bool:
    """Say whether two revisions show the same; the version may have grown without any difference to be seen."""
    return (one or "").rpartition("-")[2] == (other or "").rpartition("-")[2]


def version_of(revision_shown: str | None) -> int:
    """Return the version of a revision, 0 where it is none."""
    version = (revision_shown or "").partition("-")[0]
    return int(version) if version.isdecimal() else 0


def activity_key(workspace_id: str, booking_id: str, generation: int) -> str:
    """Return the marker of one activity: "cal_" and 40 hex characters.

    ``generation`` counts the activities that a booking has had: it grows with every recreation (R1). The same booking
    and generation give the same marker whoever computes it, so an activity whose creation was never answered is found
    again by its marker, even when our database was lost. The parts are encoded as a JSON list, so no two different
    triples give the same text; hashed, because ids may hold any character and have any length.
    """
    identity = _CANONICAL.encode([workspace_id, booking_id, generation])
    return f"cal_{sha256(identity.encode('ascii')).hexdigest()[:40]}"


def generation_of(workspace_id: str, booking_id: str, key: str, *, most: int) -> int | None:
    """Return which of a booking's activities carries this marker, tried up to ``most``; None where none does."""
    generations = range(1, most + 1)
    return next((n for n in generations if activity_key(workspace_id, booking_id, n) == key), None)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _host_identity(host: Person) -> list[str | None]:
    """Return what tells one host from another: the id, else the address, else the name."""
    if host.id:
        return ["id", host.id]
    if email := normalise_email(host.email):
        return ["email", email]
    return ["name", " ".join((host.name or "").split()) or None]


def _person(person: Person) -> list[str | None]:
    return [person.name, person.first_name, person.last_name, person.email]


def _invitee(invitee: Invitee) -> list[object]:
    answers = [[a.question_id, a.question, a.answer] for a in invitee.answers]
    person = [invitee.name, invitee.first_name, invitee.last_name, invitee.email]
    return [invitee.id, *person, invitee.time_zone, answers]


def _digest(value: Sequence[object], *, size: int = 8) -> str:
    """Return ``size`` bytes in hex over the canonical JSON: ASCII, no spaces, lists only (their order is fixed)."""
    return blake2b(_CANONICAL.encode(value).encode("ascii"), digest_size=size).hexdigest()

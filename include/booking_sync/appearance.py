"""What an activity shows of a booking, in short: enough to say later what a change changes. Pure.

Kept encrypted beside the mapping and with each change. It holds nothing of an invitee: who comes, what they answered,
where to meet (which can be their address or number) and the texts are digests, which only say whether they differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b

from booking_sync.fingerprint import guests_fingerprint
from booking_sync.model import Booking, Location, normalise_email
from booking_sync.plain_text import cut, one_line
from booking_sync.states import ActivityOutcome, Operation
from booking_sync.title import title_of
from booking_sync.utc_minute import utc_minute

LONGEST_NAME = 200
"""Most characters of an event's or a host's name: it is there to be recognised."""

_DIGEST_BYTES = 6


class ShownField(StrEnum):
    """What can differ between two appearances, in the order in which it is told."""

    TITLE = "title"
    START = "start"
    END = "end"
    HOST = "host"
    OUTCOME = "outcome"
    INVITEES = "invitees"
    ANSWERS = "answers"
    PLACE = "place"
    DESCRIPTION = "description"
    GUESTS = "guests"


TIMES = frozenset({ShownField.START, ShownField.END})
DIGESTS = (
    ShownField.INVITEES,
    ShownField.ANSWERS,
    ShownField.PLACE,
    ShownField.DESCRIPTION,
    ShownField.GUESTS,
)
"""Fields of which only a digest is kept: a difference has no values."""

WRITTEN_BY = {
    Operation.CANCEL: frozenset({ShownField.TITLE, ShownField.OUTCOME}),
    Operation.MARK: frozenset({ShownField.OUTCOME}),
}
"""What an operation writes, where that is not everything (X1, A8)."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What is remembered of how an activity looks. Names are None where nothing but the times was recorded."""

    start_at: datetime
    end_at: datetime
    event_name: str | None = field(default=None, repr=False)
    host: str | None = field(default=None, repr=False)
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that a change writes; "" where there was, or is, none, or where no value is kept (``DIGESTS``)."""

    name: ShownField
    old: str = field(repr=False)
    new: str = field(repr=False)


def appearance_of(booking: Booking) -> Appearance:
    """Return what the booking's activity shows once it is written."""
    location, host = booking.location or Location(), booking.host
    people = [[one.id, one.name, one.first_name, one.last_name, one.email] for one in booking.concerned_invitees]
    answers = [[one.id, [[a.question_id, a.answer] for a in one.answers]] for one in booking.concerned_invitees]
    name = one_line(host.name) or one_line(f"{host.first_name or ''} {host.last_name or ''}")
    return Appearance(
        start_at=booking.start_at,
        end_at=booking.end_at,
        event_name=cut(one_line(booking.event_name), LONGEST_NAME),
        host=cut(name or normalise_email(host.email) or "", LONGEST_NAME),
        digests=(
            _digest(sorted(people, key=json.dumps)),
            _digest(sorted(answers, key=json.dumps)),
            _digest([location.kind, location.value, location.join_url]),
            _digest(booking.description),
            guests_fingerprint(booking),
        ),
    )


def dump_appearance(appearance: Appearance) -> str:
    """Return the text in which an appearance is kept."""
    times = [appearance.start_at.isoformat(), appearance.end_at.isoformat()]
    return json.dumps([*times, appearance.event_name, appearance.host, list(appearance.digests)], ensure_ascii=False)


def load_appearance(text: str) -> Appearance:
    """Return what :func:`dump_appearance` wrote."""
    start, end, event_name, host, digests = json.loads(text)
    return Appearance(datetime.fromisoformat(start), datetime.fromisoformat(end), event_name, host, tuple(digests))


def differences(
    operation: Operation,
    before: Appearance | None,
    after: Appearance | None,
    *,
    outcome_before: ActivityOutcome | None,
    outcome: ActivityOutcome | None,
) -> tuple[Difference, ...]:
    """Return what a change changes; for a new activity everything that it shows, with nothing before."""
    if after is None:
        return ()
    written = WRITTEN_BY.get(operation, frozenset(ShownField))
    found = _compared(before, after, outcome_before, outcome)
    return tuple(one for one in found if one.name in written)


def _compared(
    before: Appearance | None,
    after: Appearance,
    outcome_before: ActivityOutcome | None,
    outcome: ActivityOutcome | None,
) -> Iterator[Difference]:
    old, new = _values(before, outcome_before), _values(after, outcome)
    for name, value in new.items():
        if name not in old or old[name] != value:
            yield Difference(name, old.get(name, ""), value)
    if before is None:
        return
    for name, digest_before, digest in zip(DIGESTS, before.digests, after.digests, strict=False):
        if digest_before != digest:
            yield Difference(name, "", "")


def _values(appearance: Appearance | None, outcome: ActivityOutcome | None) -> dict[ShownField, str]:
    """Return the values of an appearance in words; what is not known is absent."""
    if appearance is None:
        return {}
    is_canceled = outcome is ActivityOutcome.CANCELED
    values: dict[ShownField, str] = {}
    if appearance.event_name is not None:
        values[ShownField.TITLE] = title_of(appearance.event_name, is_canceled=is_canceled)
    values |= {ShownField.START: moment(appearance.start_at), ShownField.END: moment(appearance.end_at)}
    if appearance.host is not None:
        values[ShownField.HOST] = appearance.host
    if outcome is not None:
        values[ShownField.OUTCOME] = outcome.value
    return values


def moment(at: datetime) -> str:
    """Spell an instant, with its zone; seconds only where there are any."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC" if utc.second or utc.microsecond else utc_minute(utc)


def _digest(value: object) -> str:
    return blake2b(json.dumps(value).encode("ascii"), digest_size=_DIGEST_BYTES).hexdigest()

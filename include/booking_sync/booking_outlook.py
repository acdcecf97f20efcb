"""What a run now would do with one booking: the real decision, on what Calendar.com says or what was kept last.

Nothing is written or stored. Calendar.com is asked within the limits of the client that the services hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from booking_sync.booking_payload import load_booking, parse_booking
from booking_sync.consider import chain_of, decide_with, reschedules_among
from booking_sync.decision import Circumstances, NoChange, Recorded
from booking_sync.errors import BookingSyncError
from booking_sync.integration_settings import read_settings
from booking_sync.model import Booking, Reject
from booking_sync.plan import plan_change
from booking_sync.services import Services
from booking_sync.states import Operation
from booking_sync.store import changes, mappings
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration

MOST_LINKS = 5
"""How many reads a chain of reschedules may take while somebody waits."""


class Source(StrEnum):
    """Where the booking comes from that is decided about."""

    CALENDAR = "calendar"
    KEPT = "kept"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run would do, and why. ``problem``: why Calendar.com could not be asked. ``line``: as a plan prints it."""

    verdict: Operation | NoChange | None
    reason: str
    source: Source
    booking: Booking | None = field(default=None, repr=False)
    problem: str | None = None
    why_idle: str | None = None
    line: str | None = None
    is_rejected: bool = False


@dataclass(slots=True)
class _Read:
    """Bookings by id as far as they make sense, and why one does not."""

    bookings: dict[str, Booking] = field(default_factory=dict)
    reject: Reject | None = None
    problem: str | None = None


def outlook_of(services: Services, integration: Integration, booking_id: str) -> Outlook:
    """Say what a run would do with a booking that it reads now; a service that does not answer is told, not raised."""
    with reading(services.engine) as connection:
        open_change = changes.open_changes(connection, integration.id, [booking_id]).get(booking_id)
    read = _read(services, integration, booking_id)
    kept = _kept(services, open_change)
    fresh = read.bookings.get(booking_id)
    booking = kept if kept and (fresh is None or kept.version > fresh.version) else fresh
    why_idle = integration.why_idle
    if booking is None:
        verdict, reason = (None, _why_nothing(read))
        return Outlook(verdict, reason, Source.NOWHERE, None, read.problem, why_idle, None, read.reject is not None)
    read.bookings[booking_id] = booking
    verdict, reason, line = _decided(services, integration, booking, read, open_change)
    source = Source.CALENDAR if booking is fresh else Source.KEPT
    return Outlook(verdict, reason, source, booking, read.problem, why_idle, line)


def _decided(
    services: Services, integration: Integration, booking: Booking, read: _Read, open_change: StoredChange | None
) -> tuple[Operation | NoChange, str, str | None]:
    if open_change is not None and open_change.must_finish:
        return NoChange.WAITING, "an earlier request is cleared up first; then the booking is looked at again", None
    reschedules = reschedules_among(read.bookings.values())
    related = {*read.bookings, *chain_of(booking.id, reschedules.predecessors), booking.rescheduled_to_id or booking.id}
    with reading(services.engine) as connection:
        recorded = mappings.load_recorded(connection, integration.id, related)
    circumstances = _circumstances(services, integration, recorded.get(booking.id))
    known = read.bookings.keys() | recorded.keys()
    decision = decide_with(booking, reschedules, recorded, known, circumstances)
    if isinstance(decision.verdict, NoChange):
        return decision.verdict, decision.reason, None
    line = plan_change(booking, recorded.get(booking.id), decision).line
    if open_change is not None and open_change.refused_at is not None:
        return NoChange.WAITING, f"its plan waits for somebody's approval; it would {decision.verdict} it", line
    return decision.verdict, decision.reason, line


def _circumstances(services: Services, integration: Integration, recorded: Recorded | None) -> Circumstances:
    now, since = services.clock(), integration.completed_until
    ended = recorded.end_at if recorded is not None else None
    is_due = since is not None and ended is not None and since < ended <= now
    return Circumstances(read_settings(integration.settings), now, is_due)


def _read(services: Services, integration: Integration, booking_id: str) -> _Read:
    """Read the booking, and those that it was rescheduled from and to, from Calendar.com."""
    read = _Read()
    wanted = {booking_id}
    try:
        for _ in range(MOST_LINKS):
            for payload in services.calendar.bookings_by_id(integration.workspace_id, sorted(wanted)):
                parsed = parse_booking(payload)
                if isinstance(parsed, Booking):
                    read.bookings[parsed.id] = parsed
                elif parsed.booking_id == booking_id:
                    read.reject = parsed
            wanted = _missing(services, integration, read.bookings, wanted)
            if not wanted:
                break
    except BookingSyncError as error:
        read.problem = str(error)
    return read


def _missing(
    services: Services, integration: Integration, bookings: Mapping[str, Booking], asked: set[str]
) -> set[str]:
    """Return the ends of the chain that are neither read nor recorded."""
    named = {end for one in bookings.values() for end in (one.rescheduled_from_id, one.rescheduled_to_id) if end}
    unread = named - bookings.keys() - asked
    with reading(services.engine) as connection:
        return unread - mappings.load_recorded(connection, integration.id, unread).keys()


def _kept(services: Services, open_change: StoredChange | None) -> Booking | None:
    if open_change is None or open_change.payload is None:
        return None
    return load_booking(services.vault.decrypt(open_change.payload))


def _why_nothing(read: _Read) -> str:
    if read.reject is not None:
        return read.reject.reason
    if read.problem is not None:
        return "Calendar.com cannot be asked, and nothing of the booking is kept"
    return "Calendar.com returns no booking of this id; what is in HubSpot is left as it is (X5)"

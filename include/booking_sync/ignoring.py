"""Ignoring a booking that cannot be passed on, as it is and until it changes, and taking it up again.

Nothing is lost by that: the booking is counted and listed as ignored, and each newer version of it counts as any other.
What a change has begun in HubSpot is never ignored, because nothing else knows how to finish it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from booking_sync.booking_payload import parse_booking, payload_fingerprint
from booking_sync.errors import InvalidRequest
from booking_sync.model import Booking
from booking_sync.page_run import page_run
from booking_sync.services import Services
from booking_sync.states import ChangeState, Intervention, KeptKind
from booking_sync.store import change_progress, changes, ignored, integrations, kept
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading, writing
from booking_sync.store.ignored import Ignored
from booking_sync.store.interventions import add_interventions

LONGEST_REASON = 500
TAKEN_UP = "somebody wants it to be looked at again"


@dataclass(frozen=True, slots=True)
class _AsItIs:
    """What is ignored: a version, or the fingerprint of what makes no sense; neither where it is not returned."""

    version: int | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether something of a booking waits; ``why_not``: why that cannot be ignored, None where it can.

    ``is_refused``: it belongs to a plan that waits for approval, so that trying it again changes nothing.
    """

    is_waiting: bool
    why_not: str | None = None
    is_refused: bool = False


def waiting_of(services: Services, integration_id: str, booking_id: str) -> Waiting:
    """Say what a person can do about a booking."""
    with reading(services.engine) as connection:
        stored = changes.open_changes(connection, integration_id, [booking_id]).get(booking_id)
        is_rejected = bool(kept.rejected_among(connection, integration_id, [booking_id]))
    if stored is not None:
        is_refused = stored.refused_at is not None
        return Waiting(is_waiting=True, why_not=why_not_to_be_ignored(stored), is_refused=is_refused)
    return Waiting(is_waiting=is_rejected)


def ignore(services: Services, integration_id: str, booking_id: str, *, person: str, reason: str) -> None:
    """Leave a booking as it is until it changes.

    Raises:
        InvalidRequest: there is no reason, or it cannot be ignored; the message says why.
        BookingSyncError: Calendar.com has to be asked what it is that makes no sense, and does not answer.
    """
    why = reason.strip()[:LONGEST_REASON]
    if not why:
        raise InvalidRequest("Say why: the reason is kept, and shown to everybody who looks at the booking.")
    with reading(services.engine) as connection:
        is_rejected = bool(kept.rejected_among(connection, integration_id, [booking_id]))
        has_change = booking_id in changes.open_changes(connection, integration_id, [booking_id])
    if not is_rejected and not has_change:
        raise InvalidRequest("Nothing of this booking waits any more, so there is nothing to ignore.")
    rejected = _rejected_as_it_is(services, integration_id, booking_id) if is_rejected and not has_change else None
    at = services.clock()
    with writing(services.engine) as connection:
        as_it_is = rejected or _close(connection, services, integration_id, booking_id)
        kept.let_go(connection, integration_id, booking_id)
        version, fingerprint = as_it_is.version, as_it_is.fingerprint
        one = Ignored(integration_id, booking_id, version, fingerprint, person[:250], at, why)
        ignored.save_ignored(connection, one)
        add_interventions(
            connection, integration_id, [booking_id], Intervention.IGNORE, person=person, at=at, reason=why
        )


def take_up(services: Services, integration_id: str, booking_id: str, *, person: str) -> None:
    """Let a booking count again: the next run reads it, and decides as if nobody had ignored it.

    Raises:
        InvalidRequest: it is not ignored.
    """
    with page_run(services, "take up", person=person) as run, writing(services.engine) as connection:
        if not ignored.forget_ignored(connection, integration_id, [booking_id]):
            raise InvalidRequest("This booking is not ignored any more.")
        at = services.clock()
        kept.keep(connection, run.id, integration_id, KeptKind.WAITING, [(booking_id, TAKEN_UP)], at=at)
        add_interventions(connection, integration_id, [booking_id], Intervention.TAKE_UP, person=person, at=at)


def why_not_to_be_ignored(stored: StoredChange) -> str | None:
    """Say why an open change cannot be ignored, in a sentence; None where it can."""
    if stored.must_finish:
        return "Something has been begun in HubSpot for this booking: the next run finishes it first."
    if stored.state is not ChangeState.KEPT:
        return "A run is working on this booking at the moment. Try again when it is over."
    if stored.refused_at is not None:
        return "It belongs to a plan that waits for approval: approve or reject that plan."
    return None


def _close(connection: Connection, services: Services, integration_id: str, booking_id: str) -> _AsItIs:
    stored = changes.open_changes(connection, integration_id, [booking_id]).get(booking_id)
    if stored is None:
        raise InvalidRequest("Nothing of this booking waits any more, so there is nothing to ignore.")
    why_not = why_not_to_be_ignored(stored)
    if why_not is not None or not change_progress.give_up(connection, stored.id, at=services.clock()):
        raise InvalidRequest(why_not or "A run has begun to work on this booking. Try again when it is over.")
    return _AsItIs(version=stored.booking_version)


def _rejected_as_it_is(services: Services, integration_id: str, booking_id: str) -> _AsItIs:
    """Ask Calendar.com what makes no sense; where it does not return it by id, whatever comes later counts."""
    with reading(services.engine) as connection:
        workspace_id = integrations.load_integration(connection, integration_id).workspace_id
    payload = next(iter(services.calendar.bookings_by_id(workspace_id, [booking_id])), None)
    if payload is None:
        return _AsItIs()
    if isinstance(parse_booking(payload), Booking):
        raise InvalidRequest("The booking can be understood by now: the next run passes it on.")
    return _AsItIs(fingerprint=payload_fingerprint(payload))

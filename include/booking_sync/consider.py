"""Bringing the decision about a booking what it rests on: its mapping row, its reschedules, its open change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from booking_sync.decision import Circumstances, Decision, Recorded, decide
from booking_sync.model import Booking, BookingStatus
from booking_sync.states import Operation, RecordedState
from booking_sync.store import changes, mappings, staging
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading
from booking_sync.work import Work


@dataclass(frozen=True, slots=True)
class Considered:
    """A booking, what was decided about it, and what that rests on. ``payload`` is the booking encrypted."""

    booking: Booking
    payload: bytes
    decision: Decision
    recorded: Recorded | None
    open_change: StoredChange | None
    chain: Sequence[str]
    """The bookings that it was rescheduled from, nearest first."""

    @property
    def takes_over(self) -> bool:
        """Whether its first activity comes now, perhaps in the place of an earlier one of its chain."""
        replaced = self.decision.replaces
        is_own = replaced is not None and replaced.booking_id == self.booking.id
        comes_anew = self.decision.verdict in (Operation.CREATE, Operation.RECREATE) or replaced is not None
        return comes_anew and not is_own


@dataclass(frozen=True, slots=True)
class Reschedules:
    """The reschedules by new id among what a run has read, looked at from both ends (R2)."""

    predecessors: Mapping[str, str]
    """Booking id → id of the booking that it was rescheduled from."""
    successors: Mapping[str, str]
    """Booking id → id of the standing booking that takes over from it."""


def load_reschedules(work: Work, booking_ids: Sequence[str]) -> Reschedules:
    """Read the reschedules by new id that concern some of the bookings which the run has read."""
    run_id, integration_id = work.run.id, work.integration.id
    with reading(work.services.engine) as connection:
        earlier = staging.predecessor_links(connection, run_id, integration_id, booking_ids)
        standing = staging.claims(connection, run_id, integration_id, booking_ids)
    of_standing = {id_: link.booking_id for id_, link in earlier.items() if not link.is_canceled} | standing
    claimed = _claimed(of_standing)
    return Reschedules({id_: link.booking_id for id_, link in earlier.items()}, claimed)


def reschedules_among(bookings: Iterable[Booking]) -> Reschedules:
    """Look at the reschedules by new id among bookings that are at hand."""
    links = {one.id: one for one in bookings if one.rescheduled_from_id and one.rescheduled_from_id != one.id}
    standing = {id_: one for id_, one in links.items() if one.status is not BookingStatus.CANCELED}
    return Reschedules(
        {id_: str(one.rescheduled_from_id) for id_, one in links.items()},
        _claimed({id_: str(one.rescheduled_from_id) for id_, one in standing.items()}),
    )


def decide_with(
    booking: Booking,
    reschedules: Reschedules,
    recorded: Mapping[str, Recorded],
    known: AbstractSet[str],
    circumstances: Circumstances,
) -> Decision:
    """Decide about a booking; ``recorded`` and ``known`` cover those that it was rescheduled from and to."""
    return decide(
        booking,
        recorded.get(booking.id),
        predecessor=_standing(chain_of(booking.id, reschedules.predecessors), recorded),
        successor_id=_successor_of(booking, reschedules, known),
        circumstances=circumstances,
    )


def consider(work: Work, booking_ids: Sequence[str], due: AbstractSet[str]) -> list[Considered]:
    """Decide about bookings that the run has staged; those in ``due`` have ended since the last run (A8)."""
    reschedules = load_reschedules(work, booking_ids)
    with reading(work.services.engine) as connection:
        staged = staging.load_staged(connection, work.services.vault, work.run.id, work.integration.id, booking_ids)
        open_changes = changes.open_changes(connection, work.integration.id, booking_ids)
        chain = {booking.id: chain_of(booking.id, reschedules.predecessors) for booking, _ in staged}
        successors = [b.rescheduled_to_id for b, _ in staged if b.rescheduled_to_id]
        related = {*booking_ids, *successors, *(link for some in chain.values() for link in some)}
        recorded = mappings.load_recorded(connection, work.integration.id, related)
        known = staging.staged_among(connection, work.run.id, work.integration.id, successors) | set(recorded)
    return [
        Considered(
            booking,
            payload,
            decide_with(
                booking,
                reschedules,
                recorded,
                known,
                Circumstances(work.settings, work.run.opened_at, booking.id in due),
            ),
            recorded.get(booking.id),
            open_changes.get(booking.id),
            chain[booking.id],
        )
        for booking, payload in staged
    ]


def _successor_of(booking: Booking, reschedules: Reschedules, known: AbstractSet[str]) -> str | None:
    """Return the booking that takes over from this one: by its own word, or by this one's if it is known at all."""
    if booking.id in reschedules.successors:
        return reschedules.successors[booking.id]
    named = booking.rescheduled_to_id
    return named if named in known and named != booking.id else None


def chain_of(booking_id: str, links: Mapping[str, str]) -> list[str]:
    """Return the bookings that this one was rescheduled from, nearest first; a circle ends where it closes."""
    chain: list[str] = []
    here = booking_id
    while (here := links.get(here, "")) and here not in chain and here != booking_id:
        chain.append(here)
    return chain


def _claimed(links: Mapping[str, str]) -> dict[str, str]:
    """Return booking id → id of the booking that takes over from it; in a circle nobody takes over from anybody."""
    return {
        predecessor_id: booking_id
        for booking_id, predecessor_id in links.items()
        if booking_id not in chain_of(predecessor_id, links)
    }


def _standing(chain: Iterable[str], recorded: Mapping[str, Recorded]) -> Recorded | None:
    """Return the nearest predecessor whose activity still stands."""
    for booking_id in chain:
        row = recorded.get(booking_id)
        if row is not None and row.state is not RecordedState.REPLACED and row.activity_id is not None:
            return row
    return None

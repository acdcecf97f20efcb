"""What a plan is made of: changes, each a frozen value that can be told in a line, and compared by what it does.

Carrying them out is :mod:`booking_sync.apply`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from booking_sync.decision import Decision, Recorded
from booking_sync.fingerprint import activity_key, revision, schedule_fingerprint
from booking_sync.model import Booking
from booking_sync.outcome import usual_outcome
from booking_sync.request import CHECKSUM_LENGTH
from booking_sync.states import ActivityOutcome, Operation, Step

FIRST_STEP = {
    Operation.CREATE: Step.CREATE,
    Operation.RECREATE: Step.CREATE,
    Operation.CANCEL: Step.WRITE,
    Operation.UPDATE: Step.ASSOCIATE,
    Operation.MARK: Step.WRITE,
}
"""Recreate makes the new activity first, so that a crash leaves two for a moment and never none (R4)."""

SIGNS = {
    Operation.CREATE: "+",
    Operation.RECREATE: "±",
    Operation.CANCEL: "×",
    Operation.UPDATE: "~",
    Operation.MARK: "✓",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One intended change: what, for which version of which booking, and why.

    ``generation`` counts the activities that this booking has had; with the ids it makes ``activity_key``, the marker.
    ``old_activity_id`` is to be archived in the end; ``old_booking_id`` is the booking whose place is taken (R2).
    ``old_activity_key`` is the marker that an activity carries which is taken over from another booking (R6).
    ``has_new_host`` says of an activity that is moved that its owner is no longer the right one (R6).
    """

    booking_id: str
    booking_version: int
    booking_created_at: datetime
    operation: Operation
    step: Step
    reason: str
    revision: str
    generation: int
    activity_key: str
    activity_id: str | None
    old_activity_id: str | None
    old_booking_id: str | None
    activity_outcome: ActivityOutcome
    old_activity_key: str | None = None
    has_new_host: bool = False
    booking_updated_at: datetime | None = None

    @property
    def line(self) -> str:
        """The change as one line of a printed plan, without personal data."""
        at = (
            f" (activity {self.old_activity_id or self.activity_id})"
            if self.old_activity_id or self.activity_id
            else ""
        )
        sign = SIGNS[self.operation]
        return f"{sign} {self.operation:<8} {self.booking_id} v{self.booking_version}{at}: {self.reason}"


class Effect(Protocol):
    """What a change does, without when it was planned: a change, or a row of the change table."""

    @property
    def booking_id(self) -> str:
        """The booking concerned."""

    @property
    def booking_version(self) -> int:
        """Its version."""

    @property
    def operation(self) -> Operation:
        """What is done."""

    @property
    def revision(self) -> str:
        """What the activity shows afterwards."""

    @property
    def old_activity_id(self) -> str | None:
        """The activity that is archived."""


@dataclass(slots=True)
class EffectSum:
    """What any number of changes do, summed up: equal for the same changes, in whatever order they come.

    The sum of their digests, so that a million of them need no memory and no order.
    """

    size: int = 0
    total: int = 0

    def add(self, effect: Effect) -> None:
        """Add what one change does."""
        content = json.dumps(effect_of(effect)).encode()
        self.size += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(content).digest())) % 2**256

    def __add__(self, other: EffectSum) -> EffectSum:
        return EffectSum(self.size + other.size, (self.total + other.total) % 2**256)

    @property
    def checksum(self) -> str:
        """A digest that a person can name."""
        return digest_of([self.size, self.total])


def checksum_of(effects: Iterable[Effect]) -> str:
    """Return a digest of what changes do, in whatever order they come."""
    whole = EffectSum()
    for effect in effects:
        whole.add(effect)
    return whole.checksum


def digest_of(content: Sequence[object]) -> str:
    """Return a digest of what a person may have to approve."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:CHECKSUM_LENGTH]


def effect_of(one: Effect) -> tuple[str, int, str, str, str]:
    """Return what a change does as a value: equal where the same is done to the same version of the same booking."""
    return (one.booking_id, one.booking_version, one.operation, one.revision, one.old_activity_id or "")


def plan_change(booking: Booking, recorded: Recorded | None, decision: Decision) -> Change:
    """Turn a decision that changes something into the change that carries it out."""
    operation = Operation(decision.verdict)
    makes_activity = FIRST_STEP[operation] is Step.CREATE
    replaced = decision.replaces
    generation = (recorded.generation if recorded else 0) + (1 if makes_activity or recorded is None else 0)
    outcome = decision.outcome or usual_outcome(booking)
    standing = replaced or recorded
    taken_over = replaced if replaced and not makes_activity and replaced.booking_id != booking.id else None
    return Change(
        booking_id=booking.id,
        booking_version=booking.version,
        booking_created_at=booking.created_at,
        operation=operation,
        step=FIRST_STEP[operation],
        reason=decision.reason,
        revision=revision(booking, outcome),
        generation=generation,
        activity_key=activity_key(booking.workspace_id, booking.id, generation),
        activity_id=None if makes_activity or standing is None else standing.activity_id,
        old_activity_id=replaced.activity_id if makes_activity and replaced else None,
        old_booking_id=replaced.booking_id if replaced and replaced.booking_id != booking.id else None,
        activity_outcome=outcome,
        old_activity_key=activity_key(booking.workspace_id, taken_over.booking_id, taken_over.generation)
        if taken_over
        else None,
        booking_updated_at=booking.updated_at,
        has_new_host=not makes_activity and replaced is not None and not _has_same_host(booking, replaced),
    )


def _has_same_host(booking: Booking, recorded: Recorded) -> bool:
    """Say whether only the times differ from what is recorded: at the old times the schedule is the recorded one."""
    if recorded.start_at is None or recorded.end_at is None:
        return False
    at_old_times = replace(booking, start_at=recorded.start_at, end_at=recorded.end_at)
    return schedule_fingerprint(at_old_times) == recorded.schedule_fingerprint

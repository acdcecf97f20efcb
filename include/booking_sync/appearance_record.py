"""Keeping with a change what its activity shows before and after, encrypted, and reading it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from booking_sync.appearance import (
    Appearance,
    Difference,
    appearance_of,
    differences,
    dump_appearance,
    load_appearance,
)
from booking_sync.decision import Recorded
from booking_sync.model import Booking
from booking_sync.states import ActivityOutcome, Operation, RecordedState
from booking_sync.store.encryption import Vault


@dataclass(frozen=True, slots=True)
class KeptAppearance:
    """What a change keeps of its activity's looks: encrypted before and after, and the outcome before."""

    after: bytes | None = field(default=None, repr=False)
    before: bytes | None = field(default=None, repr=False)
    outcome_before: ActivityOutcome | None = None


class WithAppearance(Protocol):
    """A change as far as its looks go."""

    @property
    def operation(self) -> Operation:
        """What is done."""

    @property
    def activity_outcome(self) -> ActivityOutcome | None:
        """The outcome afterwards."""

    @property
    def outcome_before(self) -> ActivityOutcome | None:
        """The outcome before."""

    @property
    def appearance(self) -> bytes | None:
        """What the activity shows afterwards, encrypted."""

    @property
    def appearance_before(self) -> bytes | None:
        """What it shows before, encrypted."""


def keep_appearance(vault: Vault, booking: Booking, standing: Recorded | None) -> KeptAppearance:
    """Encrypt what the booking's activity is to show, beside what ``standing``, the activity in place, shows.

    What was recorded before appearances were kept is at least known by its times.
    """
    after = vault.encrypt(dump_appearance(appearance_of(booking)))
    if standing is None or standing.state is RecordedState.REPLACED:
        return KeptAppearance(after)
    before = standing.appearance
    if before is None and standing.start_at is not None and standing.end_at is not None:
        before = vault.encrypt(dump_appearance(Appearance(standing.start_at, standing.end_at)))
    return KeptAppearance(after, before, standing.shown_outcome)


def kept_differences(vault: Vault, change: WithAppearance) -> tuple[Difference, ...]:
    """Return what a change changes, field by field; nothing where nothing was kept."""
    return differences(
        change.operation,
        _load(vault, change.appearance_before),
        _load(vault, change.appearance),
        outcome_before=change.outcome_before,
        outcome=change.activity_outcome,
    )


def _load(vault: Vault, kept: bytes | None) -> Appearance | None:
    return None if kept is None else load_appearance(vault.decrypt(kept))

"""From what was read to the plan: compare, decide, write the plan down.

The comparison and the decision are pure (:mod:`booking_sync.diff`, :mod:`booking_sync.decision`); this module only
brings them what they need, chunk by chunk, and keeps what they say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from booking_sync.decision import Decision, NoChange, Recorded, decide
from booking_sync.diff import diff
from booking_sync.model import Booking
from booking_sync.plan import Change, Plan, make_plan, plan_change
from booking_sync.states import IN_FLIGHT_STATES, ChangeState, KeptKind, Operation, RecordedState, Step
from booking_sync.store import changes, kept, mappings, staging
from booking_sync.store.changes import NewChange, StoredChange
from booking_sync.store.database import reading, writing
from booking_sync.work import Work

CHUNK = 2_000
"""Bookings that are compared at once; memory holds one chunk."""

RESTING = "HubSpot has not answered yet whether the old activity is archived"


@dataclass(slots=True)
class Planned:
    """What one run found for one integration: the plan, and how many bookings need nothing, by reason."""

    changes: list[Change] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def plan(self) -> Plan:
        """The changes as a plan."""
        return make_plan(self.changes)


@dataclass(frozen=True, slots=True)
class _Considered:
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
        return self.decision.verdict in (Operation.CREATE, Operation.RECREATE) and not is_own


def make_and_save_plan(work: Work) -> Planned:
    """Decide about everything that the run has staged, and write the plan down.

    The plan of a dry run is written down as a preview, which nothing ever applies, and overtakes nothing.
    """
    state = ChangeState.PREVIEWED if work.run.is_dry_run else ChangeState.PLANNED
    planned = Planned()
    with reading(work.services.engine) as connection:
        links = staging.predecessor_links(connection, work.run.id, work.integration.id)
        for keys in staging.staged_keys(connection, work.run.id, work.integration.id, CHUNK):
            recorded = mappings.recorded_keys(connection, work.integration.id, list(keys["booking_id"]))
            difference = diff(keys, recorded)
            planned.counts["unchanged"] += len(difference.unchanged)
            versions = dict(zip(keys["booking_id"], keys["version"], strict=True))
            newer = {booking_id: int(versions[booking_id]) for booking_id in difference.newer}
            considered = _consider(work, difference.to_decide, links)
            _save_chunk(work, considered, difference.unchanged, newer, state, planned)
    with writing(work.services.engine) as connection:
        staging.clear_staged(connection, work.run.id, work.integration.id)
    return planned


def _consider(work: Work, booking_ids: Sequence[str], links: Mapping[str, str]) -> list[_Considered]:
    with reading(work.services.engine) as connection:
        staged = staging.load_staged(connection, work.services.vault, work.run.id, work.integration.id, booking_ids)
        open_changes = changes.open_changes(connection, work.integration.id, booking_ids)
        chain = {booking.id: _chain(booking.id, links) for booking, _ in staged}
        successors = [b.rescheduled_to_id for b, _ in staged if b.rescheduled_to_id]
        related = {*booking_ids, *successors, *(link for some in chain.values() for link in some)}
        recorded = mappings.load_recorded(connection, work.integration.id, related)
        known = staging.staged_among(connection, work.run.id, work.integration.id, successors) | set(recorded)
    claimed = _claimed(links)
    return [
        _Considered(
            booking,
            payload,
            decide(
                booking,
                recorded.get(booking.id),
                predecessor=_standing(chain[booking.id], recorded),
                successor_id=claimed.get(
                    booking.id, booking.rescheduled_to_id if booking.rescheduled_to_id in known - {booking.id} else None
                ),
            ),
            recorded.get(booking.id),
            open_changes.get(booking.id),
            chain[booking.id],
        )
        for booking, payload in staged
    ]


def _chain(booking_id: str, links: Mapping[str, str]) -> list[str]:
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
        if booking_id not in _chain(predecessor_id, links)
    }


def _standing(chain: Iterable[str], recorded: Mapping[str, Recorded]) -> Recorded | None:
    """Return the nearest predecessor whose activity still stands."""
    for booking_id in chain:
        row = recorded.get(booking_id)
        if row is not None and row.state is not RecordedState.REPLACED and row.activity_id is not None:
            return row
    return None


def _save_chunk(
    work: Work,
    considered: Sequence[_Considered],
    unchanged: Sequence[str],
    newer: Mapping[str, int],
    state: ChangeState,
    planned: Planned,
) -> None:
    """Write one chunk of the plan down, in one transaction."""
    integration_id = work.integration.id
    with work.recording() as (connection, at):
        predecessors = [link for one in considered if one.takes_over for link in one.chain]
        open_ones = changes.open_changes(connection, integration_id, predecessors)
        busy = {booking_id for booking_id, stored in open_ones.items() if _must_finish(stored)}
        verdicts = [(one, _verdict(work, one, busy)) for one in considered]
        new = [_new_change(work, one) for one, verdict in verdicts if verdict == "change"]
        planned.changes += [one.change for one in new]
        planned.counts.update(verdict for _, verdict in verdicts)
        standing_still = changes.open_changes(connection, integration_id, unchanged)
        unfinished = [s for s in standing_still.values() if _must_finish(s)]
        resting = [(s.booking_id, RESTING) for s in unfinished if not _is_handed_over(work, s)]
        taken_over = len(unfinished) - len(resting)
        planned.counts.update({"taken_over": taken_over, "waiting": len(resting), "unchanged": -len(unfinished)})
        if state is ChangeState.PLANNED:
            kept.release(connection, integration_id, [*unchanged, *(one.booking.id for one in considered)])
            overtaken = [
                one.open_change.id
                for one, verdict in verdicts
                if one.open_change is not None and verdict in ("change", NoChange.UNCHANGED, NoChange.SUPERSEDED)
            ]
            overtaken += [s.id for s in standing_still.values() if not _must_finish(s)]
            changes.supersede(connection, overtaken, at=at)
            mappings.raise_versions(connection, integration_id, {**newer, **_newer_without_change(verdicts)})
            waiting = [(c.booking.id, c.decision.reason) for c, verdict in verdicts if _is_to_be_read_again(c, verdict)]
            kept.keep(connection, work.run.id, integration_id, KeptKind.WAITING, [*waiting, *resting], at=at)
        changes.insert_changes(connection, work.run.id, integration_id, new, state=state, at=at)


def _verdict(work: Work, one: _Considered, busy: AbstractSet[str]) -> str:
    """Say what becomes of one booking: a change of its own, one taken over from an earlier run, or nothing."""
    decided = one.decision.verdict
    if one.open_change is not None and _must_finish(one.open_change):
        return "taken_over" if _is_handed_over(work, one.open_change) else NoChange.WAITING
    if one.open_change is not None and _is_handed_over(work, one.open_change):
        has_moved_on = one.open_change.booking_version != one.booking.version
        if not has_moved_on:
            return "taken_over"
    if isinstance(decided, NoChange):
        return decided
    is_behind_another = one.takes_over and not busy.isdisjoint(one.chain)
    return NoChange.WAITING if is_behind_another else "change"


def _is_to_be_read_again(one: _Considered, verdict: str) -> bool:
    """Say whether the booking has news for the next run: it waits, or an earlier change of it is finished first."""
    is_behind_its_own = one.open_change is not None and _must_finish(one.open_change)
    is_news = one.decision.verdict is not NoChange.UNCHANGED
    return verdict == NoChange.WAITING or (verdict == "taken_over" and is_behind_its_own and is_news)


def _newer_without_change(verdicts: Iterable[tuple[_Considered, str]]) -> dict[str, int]:
    """Return the versions that the mapping has to learn of although the activity stays as it is (W3)."""
    settled = (NoChange.UNCHANGED, NoChange.SUPERSEDED)
    return {one.booking.id: one.booking.version for one, verdict in verdicts if one.recorded and verdict in settled}


def _must_finish(stored: StoredChange) -> bool:
    """Say whether a change has to end before anything else may happen to its booking.

    One whose new activity stands has an old one to archive, which nothing but the change knows of.
    """
    has_old_left = stored.old_activity_id is not None and stored.step is not Step.CREATE
    return stored.state in IN_FLIGHT_STATES or has_old_left


def _is_handed_over(work: Work, stored: StoredChange) -> bool:
    """Say whether settling has given the change its next step in this run."""
    return stored.worker_run_id == work.run.id and stored.state is ChangeState.PLANNED


def _new_change(work: Work, one: _Considered) -> NewChange:
    change = plan_change(one.booking, one.recorded, one.decision)
    before = one.open_change
    if before is None or before.booking_version != change.booking_version:
        return NewChange(work.services.new_id(), change, one.payload)
    told = before.error_code or before.previous_error_code
    return NewChange(work.services.new_id(), change, one.payload, before.attempt_count, told)

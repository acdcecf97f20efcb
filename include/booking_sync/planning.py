"""From what was read to the plan: compare, decide, write the plan down.

The comparison and the decision are pure (:mod:`booking_sync.diff`, :mod:`booking_sync.decision`); this module goes
through what was read chunk by chunk, and keeps what they say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TypeGuard

import numpy as np
from sqlalchemy import Connection

from booking_sync.appearance_record import keep_appearance
from booking_sync.consider import Considered, consider
from booking_sync.decision import NoChange
from booking_sync.diff import Keys, diff
from booking_sync.due import due_booking_ids
from booking_sync.guard import GuardNotice
from booking_sync.guarding import guard_plan, look_for_markers
from booking_sync.integration_settings import GuestPolicy
from booking_sync.key_row import KeyRow
from booking_sync.plan import effect_of, plan_change
from booking_sync.states import ChangeState, KeptKind, RunState, Untouched
from booking_sync.store import (
    changes,
    ignored,
    kept,
    mappings,
    open_bookings,
    planned_changes,
    runs,
    staging,
    untouched,
)
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading
from booking_sync.store.planned_changes import NewChange
from booking_sync.store.untouched import LeftAlone
from booking_sync.work import Work

CHUNK = 2_000
"""Bookings that are compared at once; memory holds one chunk."""

UNFINISHED = "an earlier change of it, or a booking that it was rescheduled from, has to be cleared up first"


class Verdict(StrEnum):
    """What becomes of a booking in this run; the names are those of the run's counts."""

    CHANGE = "change"
    TAKEN_OVER = "taken_over"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    WAITING = "waiting"
    EXCLUDED = "excluded"
    IGNORED = "ignored"


OVERTAKES = frozenset({Verdict.CHANGE, Verdict.UNCHANGED, Verdict.SUPERSEDED, Verdict.EXCLUDED, Verdict.IGNORED})
"""Verdicts with which an open change of the booking has become pointless."""

_LEAVES_ALONE = frozenset(Verdict(one) for one in Untouched)


def make_and_save_plan(work: Work, notices: Sequence[GuardNotice] = ()) -> Counter[str]:
    """Decide about everything that the run has staged, and write the plan down, as far as the guard lets it through.

    Returns how many bookings came to which verdict.

    The plan of a dry run is written down as a preview, which nothing ever applies, and overtakes nothing.
    ``notices`` are what the guard has said before there was a plan.
    """
    counts: Counter[str] = Counter(dict.fromkeys(Verdict, 0))
    due = due_booking_ids(work)
    with reading(work.services.engine) as connection:
        at = work.run.opened_at
        for keys in staging.staged_keys(connection, work.run.id, work.integration.id, CHUNK, at=at):
            _plan_chunk(work, connection, keys, due, counts)
    markers = look_for_markers(work)
    with work.recording() as (connection, at):
        staging.clear_staged(connection, work.run.id, work.integration.id)
        guard_plan(work, connection, at, markers, notices)
        runs.advance(connection, work.run.id, work.integration.id, RunState.PLANNED, counts)
    return counts


def _plan_chunk(
    work: Work, connection: Connection, keys: Sequence[KeyRow], due: AbstractSet[str], counts: Counter[str]
) -> None:
    """Compare one chunk. A booking with an open change is decided about even where nothing differs."""
    ids = [str(row[0]) for row in keys]
    recorded = mappings.recorded_keys(connection, work.run.id, work.integration.id, ids[0], ids[-1])
    guests_count = work.settings.guests is not GuestPolicy.IGNORE
    difference = diff(Keys.of(keys), Keys.of(recorded), guests_count=guests_count)
    busy = due | open_bookings.open_between(connection, work.integration.id, ids[0], ids[-1])
    is_unchanged = dict(zip(ids, difference.is_unchanged.tolist(), strict=True))
    unchanged = [booking_id for booking_id, is_same in is_unchanged.items() if is_same and booking_id not in busy]
    grown = [number for number in np.flatnonzero(difference.is_newer).tolist() if ids[number] not in busy]
    newer = {ids[number]: int(keys[number][1]) for number in grown}
    to_decide = [booking_id for booking_id, is_same in is_unchanged.items() if not is_same or booking_id in busy]
    considered = consider(work, to_decide, due)
    with work.recording() as (writer, at):
        if not counts.total():
            _forget_earlier_try(work, writer)
        passed_over = ignored.versions(writer, work.integration.id)
        verdicts = [
            (one, _unless_ignored(one, verdict, passed_over)) for one, verdict in _verdicts(work, writer, considered)
        ]
        counts.update(verdict for _, verdict in verdicts)
        counts[Verdict.UNCHANGED] += len(unchanged)
        new = [_new_change(work, one) for one, verdict in verdicts if verdict is Verdict.CHANGE]
        if not work.run.is_dry_run:
            _make_way(work, writer, verdicts, at)
            news = [one.booking.id for one, _ in verdicts if _is_news(one, passed_over)]
            news += [id_ for id_, version in newer.items() if version > passed_over.get(id_, version)]
            ignored.end(writer, work.integration.id, news, at=at)
            kept.release(writer, work.integration.id, unchanged, run_id=work.run.id)
            mappings.raise_versions(writer, work.integration.id, {**newer, **_newer_without_change(verdicts)}, at)
        state = ChangeState.PREVIEWED if work.run.is_dry_run else ChangeState.PLANNED
        planned_changes.insert_changes(writer, work.run.id, work.integration.id, new, state=state, at=at)
        untouched.record(writer, work.run.id, work.integration.id, _left_alone(keys, unchanged, verdicts))


def _forget_earlier_try(work: Work, connection: Connection) -> None:
    """Take back what the step wrote for people to look at, when it was tried before; a planned change is met again."""
    untouched.forget_understood(connection, work.run.id, work.integration.id)
    if work.run.is_dry_run:
        planned_changes.forget_previews(connection, work.run.id, work.integration.id)


def _left_alone(
    keys: Sequence[KeyRow], unchanged: Sequence[str], verdicts: Sequence[tuple[Considered, Verdict]]
) -> list[LeftAlone]:
    """Return what gets no change, for the people who look at the plan."""
    versions = {str(row[0]): int(row[1]) for row in keys}
    same = [LeftAlone(booking_id, versions[booking_id], Untouched.UNCHANGED) for booking_id in unchanged]
    return same + [
        LeftAlone(one.booking.id, one.booking.version, Untouched(verdict), _why_superseded(one, verdict))
        for one, verdict in verdicts
        if verdict in _LEAVES_ALONE
    ]


def _why_superseded(one: Considered, verdict: Verdict) -> str | None:
    """Say what came before a booking; every other verdict says it all."""
    if verdict is not Verdict.SUPERSEDED:
        return None
    if one.open_change is not None and _is_outdated(one):
        newer = one.open_change.booking_version
        return f"version {one.booking.version} is older than version {newer}, for which a change is open"
    return one.decision.reason


def _verdicts(work: Work, connection: Connection, considered: Sequence[Considered]) -> list[tuple[Considered, Verdict]]:
    predecessors = [link for one in considered if one.takes_over for link in one.chain]
    open_changes = changes.open_changes(connection, work.integration.id, predecessors)
    unfinished = {booking_id for booking_id, stored in open_changes.items() if stored.must_finish}
    unclear = unfinished | kept.rejected_among(connection, work.integration.id, predecessors)
    return [(one, _verdict(work, one, unclear)) for one in considered]


def _make_way(work: Work, connection: Connection, verdicts: Sequence[tuple[Considered, Verdict]], at: datetime) -> None:
    """Close what has been overtaken, and keep what has to wait."""
    integration_id = work.integration.id
    overtaken = [
        one.open_change.id
        for one, verdict in verdicts
        if one.open_change is not None and verdict in OVERTAKES and not _is_outdated(one)
    ]
    planned_changes.supersede(connection, overtaken, at=at)
    still_refused = [
        one.open_change.id for one, verdict in verdicts if one.open_change and _stays_refused(one, verdict)
    ]
    planned_changes.hand_over(connection, still_refused, run_id=work.run.id)
    waiting = {one.booking.id: _why_waiting(one) for one, verdict in verdicts if _is_to_be_read_again(one, verdict)}
    settled = [one.booking.id for one, _ in verdicts if one.booking.id not in waiting]
    kept.release(connection, integration_id, settled, run_id=work.run.id)
    kept.keep(connection, work.run.id, integration_id, KeptKind.WAITING, list(waiting.items()), at=at)


def _verdict(work: Work, one: Considered, unclear: AbstractSet[str]) -> Verdict:
    """Say what becomes of one booking: a change of its own, one taken over from an earlier run, or nothing.

    ``unclear`` are predecessors that have a change to finish, or cannot be understood: only they can tell which
    activity a booking that takes over is to replace (R2).
    """
    stored = one.open_change
    if stored is not None:
        is_handed_over = stored.worker_run_id == work.run.id and stored.state is ChangeState.PLANNED
        if stored.must_finish:
            return Verdict.TAKEN_OVER if is_handed_over else Verdict.WAITING
        if _is_outdated(one):
            return Verdict.SUPERSEDED
        if is_handed_over and stored.booking_version == one.booking.version:
            return Verdict.TAKEN_OVER
    if isinstance(one.decision.verdict, NoChange):
        return Verdict(one.decision.verdict)
    if one.takes_over and not unclear.isdisjoint(one.chain):
        return Verdict.WAITING
    is_as_before = _is_refused(stored) and _has_same_effect(one, stored) and not work.run.is_dry_run
    return Verdict.TAKEN_OVER if is_as_before else Verdict.CHANGE


def _unless_ignored(one: Considered, verdict: Verdict, passed_over: Mapping[str, int]) -> Verdict:
    """Leave out what a person has said to ignore, as long as the booking does not change.

    What a change has begun in HubSpot is always finished.
    """
    is_begun = one.open_change is not None and one.open_change.must_finish
    is_meant = one.booking.id in passed_over and not _is_news(one, passed_over)
    return Verdict.IGNORED if is_meant and verdict in _MAY_BE_IGNORED and not is_begun else verdict


_MAY_BE_IGNORED = frozenset({Verdict.CHANGE, Verdict.TAKEN_OVER, Verdict.WAITING})


def _is_news(one: Considered, passed_over: Mapping[str, int]) -> bool:
    """Say whether a booking that was ignored has changed since."""
    return one.booking.id in passed_over and one.booking.version > passed_over[one.booking.id]


def _is_refused(stored: StoredChange | None) -> TypeGuard[StoredChange]:
    """Say whether a change waits for the approval of its plan (W5); it keeps its row while it stays the same."""
    return stored is not None and stored.refused_at is not None and stored.state is ChangeState.KEPT


def _stays_refused(one: Considered, verdict: Verdict) -> bool:
    return verdict is Verdict.TAKEN_OVER and _is_refused(one.open_change) and not one.open_change.must_finish


def _has_same_effect(one: Considered, stored: StoredChange) -> bool:
    return effect_of(plan_change(one.booking, one.recorded, one.decision)) == effect_of(stored)


def _is_outdated(one: Considered) -> bool:
    """Say whether a change is open for newer news than was read here: another run has been faster (W3)."""
    return one.open_change is not None and one.open_change.booking_version > one.booking.version


def _is_to_be_read_again(one: Considered, verdict: Verdict) -> bool:
    """Say whether the booking has news for the next run: it waits, or an earlier change of it is finished first."""
    is_behind_its_own = one.open_change is not None and one.open_change.must_finish
    is_news = one.decision.verdict is not NoChange.UNCHANGED
    return verdict is Verdict.WAITING or (verdict is Verdict.TAKEN_OVER and is_behind_its_own and is_news)


def _why_waiting(one: Considered) -> str:
    return one.decision.reason if one.decision.verdict is NoChange.WAITING else UNFINISHED


def _newer_without_change(verdicts: Sequence[tuple[Considered, Verdict]]) -> dict[str, int]:
    """Return the versions that the mapping has to learn of although the activity stays as it is (W3)."""
    return {
        one.booking.id: one.booking.version
        for one, verdict in verdicts
        if one.recorded is not None and verdict in (Verdict.UNCHANGED, Verdict.SUPERSEDED) and not _is_outdated(one)
    }


def _new_change(work: Work, one: Considered) -> NewChange:
    """Make the change; what was refused stays refused, what was approved stays approved while it does the same (W5)."""
    looks = keep_appearance(work.services.vault, one.booking, one.decision.replaces or one.recorded)
    planned = NewChange(
        work.services.new_id(),
        plan_change(one.booking, one.recorded, one.decision),
        one.payload,
        appearance=looks.after,
        appearance_before=looks.before,
        outcome_before=looks.outcome_before,
    )
    before = one.open_change
    if before is None:
        return planned
    planned = replace(planned, refused_at=before.refused_at)
    if before.booking_version != planned.change.booking_version:
        return planned
    return replace(
        planned,
        attempt_count=before.attempt_count,
        unanswered_count=before.unanswered_count,
        previous_error_code=before.error_code or before.previous_error_code,
        approval_id=before.approval_id if effect_of(planned.change) == effect_of(before) else None,
    )

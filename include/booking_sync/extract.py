"""Reading the bookings that a run covers: its window, what earlier runs kept, and the ends of reschedule chains.

Everything is validated, staged page by page, and rejected with a reason where it cannot be understood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from booking_sync.booking_payload import parse_booking
from booking_sync.model import Booking, Reject
from booking_sync.shared_feed import SharedFeed
from booking_sync.states import KeptKind, RunState
from booking_sync.store import changes, kept, runs, staging
from booking_sync.store.database import reading, writing
from booking_sync.window import Window
from booking_sync.work import Work

LONGEST_CHAIN = 25
"""How many reschedules by new id are followed; a longer chain, or a circle, ends here and is decided as far as read."""

ABANDONED_AFTER = timedelta(days=1)
ABANDONED = "the run stopped before its plan was made; a later run covers the window again"


def kept_booking_ids(work: Work) -> set[str]:
    """Return the bookings that earlier runs kept; ask before anything is settled, so that none slips through."""
    with reading(work.services.engine) as connection:
        open_ids = changes.open_booking_ids(connection, work.integration.id)
        return open_ids | kept.kept_ids(connection, work.integration.id)


@dataclass(frozen=True, slots=True)
class Extracted:
    """How many bookings were read, each once, and how many of them could not be understood.

    ``in_window`` counts what Calendar.com returned for the window, without what was read by id.
    """

    read: int
    rejected: int
    in_window: int


def extract(
    work: Work,
    window: Window | None,
    booking_ids: Iterable[str],
    kept_ids: Iterable[str],
    feed: SharedFeed | None = None,
) -> Extracted:
    """Stage what the run covers; ``feed`` is what was read of the window for several workspaces at once.

    Raises:
        IntegrationUnavailable: the read is refused or incomplete; what was staged must not be planned on.
    """
    _start_anew(work)
    rejected: set[str] = set()
    in_window = 0
    if window is not None and not window.is_empty:
        for page in _pages(work, window, feed):
            in_window += len(page)
            rejected |= _stage_page(work, page)
    rejected |= _read_by_id(work, (set(booking_ids) | set(kept_ids)) - rejected)
    _restage_kept(work, set(kept_ids))
    rejected |= _complete_chains(work)
    with reading(work.services.engine) as connection:
        staged = staging.count_staged(connection, work.run.id, work.integration.id)
        # One that changed while it was read may have come in a broken state and in a good one.
        rejected -= staging.staged_among(connection, work.run.id, work.integration.id, sorted(rejected))
    return Extracted(staged + len(rejected), len(rejected), in_window)


def _pages(work: Work, window: Window, feed: SharedFeed | None) -> Iterator[list[dict[str, Any]]]:
    workspace_id = work.integration.workspace_id
    if feed is not None and feed.covers(window):
        return feed.pages(workspace_id, window)
    return work.services.calendar.bookings_changed(workspace_id, window.start, window.end)


def _start_anew(work: Work) -> None:
    """Forget what a first try of this task has read: it may have died anywhere.

    What runs have read that never came to a plan is wiped too, after a day: it is personal data that nobody needs.
    Such a run is given up, so that it cannot take the empty table for an empty window.
    """
    with writing(work.services.engine) as connection:
        staging.clear_staged(connection, work.run.id, work.integration.id)
        kept.forget_mentioned(connection, work.run.id, work.integration.id)
        if work.run.is_dry_run:
            return
        abandoned = staging.clear_abandoned(connection, work.integration.id, work.services.clock() - ABANDONED_AFTER)
        for run_id in abandoned:
            runs.set_integration_run(connection, run_id, work.integration.id, RunState.FAILED, reason=ABANDONED)


def _stage_page(work: Work, page: Iterable[dict[str, Any]]) -> set[str]:
    """Stage a page and return what was rejected: ids, or a digest of the content where the id cannot be read."""
    understood: list[Booking] = []
    rejects: list[tuple[str | None, str]] = []
    names: set[str] = set()
    for payload in page:
        parsed = parse_booking(payload)
        if isinstance(parsed, Reject):
            rejects.append((parsed.booking_id, parsed.reason))
            names.add(parsed.booking_id or hashlib.sha256(repr(payload).encode()).hexdigest())
        elif parsed.workspace_id != work.integration.workspace_id:
            rejects.append((parsed.id, "workspace_id: belongs to another workspace than the one that was asked"))
            names.add(parsed.id)
        else:
            understood.append(parsed)
    with work.recording() as (connection, at):  # a long read prolongs the lease page by page
        run_id, integration_id = work.run.id, work.integration.id
        staging.stage(connection, work.services.vault, run_id, integration_id, understood)
        note = kept.mention if work.run.is_dry_run else kept.keep
        note(connection, run_id, integration_id, KeptKind.REJECTED, rejects, at=at)
    return names


def _read_by_id(work: Work, ids: set[str]) -> set[str]:
    with reading(work.services.engine) as connection:
        known = staging.staged_among(connection, work.run.id, work.integration.id, sorted(ids))
    missing = sorted(ids - known)
    if not missing:
        return set()
    return _stage_page(work, work.services.calendar.bookings_by_id(work.integration.workspace_id, missing))


def _restage_kept(work: Work, ids: set[str]) -> None:
    """Go on with what kept changes hold, where Calendar.com returns nothing newer: absence says nothing (X5)."""
    if not ids:
        return
    with work.recording() as (connection, _):
        kept_changes = changes.open_changes(connection, work.integration.id, sorted(ids)).values()
        bookings = [work.booking_of(stored) for stored in kept_changes]
        run_id, integration_id = work.run.id, work.integration.id
        staging.stage(connection, work.services.vault, run_id, integration_id, bookings, is_fresh=False)


def _complete_chains(work: Work) -> set[str]:
    """Follow reschedules by new id until both ends are read or recorded (R2, R3); return what was rejected."""
    asked: set[str] = set()
    rejected: set[str] = set()
    for _ in range(LONGEST_CHAIN):
        with reading(work.services.engine) as connection:
            missing = staging.missing_ids(connection, work.run.id, work.integration.id) - asked
        if not missing:
            break
        asked |= missing
        rejected |= _read_by_id(work, missing)
    return rejected

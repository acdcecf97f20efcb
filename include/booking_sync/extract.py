"""Reading the bookings that a run covers: its window, what earlier runs kept, and the ends of reschedule chains.

Everything is validated, staged page by page, and rejected with a reason where it cannot be understood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from booking_sync.booking_payload import parse_booking, payload_fingerprint
from booking_sync.model import Booking, Reject
from booking_sync.shared_feed import SharedFeed
from booking_sync.states import KeptKind, RunState, Untouched
from booking_sync.store import changes, ignored, kept, open_bookings, runs, staging
from booking_sync.store.database import reading, writing
from booking_sync.store.statements import chunks
from booking_sync.store.untouched import LeftAlone
from booking_sync.window import Window
from booking_sync.work import Work

LONGEST_CHAIN = 25
"""How many reschedules by new id are followed; a longer chain, or a circle, ends here and is decided as far as read."""

AT_ONCE = 1_000
"""How many bookings are asked for by id before they are staged; memory holds as many."""

ABANDONED_AFTER = timedelta(days=1)
ABANDONED = "the run stopped before its plan was made; a later run covers the window again"


def kept_booking_ids(work: Work) -> Iterable[Sequence[str]]:
    """Return the bookings that earlier runs kept, some at a time and each once.

    Ask before anything is settled, so that none slips through: what is under way is remembered here and now, all the
    rest is read when it is needed.
    """
    with reading(work.services.engine) as connection:
        under_way = open_bookings.in_flight_booking_ids(connection, work.integration.id)
    return chain([under_way] if under_way else [], _kept_later(work, frozenset(under_way)))


def _kept_later(work: Work, already: AbstractSet[str]) -> Iterator[Sequence[str]]:
    for some in _in_pages(work, open_bookings.open_booking_ids):
        yield [booking_id for booking_id in some if booking_id not in already]
    for some in _in_pages(work, kept.kept_ids_after):
        with reading(work.services.engine) as connection:
            met = already | open_bookings.open_among(connection, work.integration.id, some)
        yield [booking_id for booking_id in some if booking_id not in met]


def _in_pages(work: Work, read: Callable[[Connection, str, str, int], list[str]]) -> Iterator[list[str]]:
    last = ""
    while True:
        with reading(work.services.engine) as connection:
            some = read(connection, work.integration.id, last, AT_ONCE)
        if not some:
            return
        yield some
        last = some[-1]


@dataclass(frozen=True, slots=True)
class Extracted:
    """How many bookings were read, each once, and how many of them could not be understood.

    ``ignored`` are those that could not either, and that a person has said to ignore as they are. ``in_window`` counts
    what Calendar.com returned for the window, without what was read by id; ``named``, how many of the bookings that the
    request names came at all.
    """

    read: int
    rejected: int
    in_window: int
    named: int
    ignored: Sequence[LeftAlone] = ()


@dataclass(slots=True)
class PassedOver:
    """What a person has said to ignore as it is: fingerprint by booking id. ``seen`` came as they were."""

    fingerprints: dict[str, str]
    seen: set[str] = field(default_factory=set)

    def takes(self, booking_id: str | None, payload: object) -> bool:
        """Say whether a booking that makes no sense is to be ignored, and note that it was met."""
        if booking_id is None or self.fingerprints.get(booking_id) != payload_fingerprint(payload):
            return False
        self.seen.add(booking_id)
        return True


def extract(
    work: Work,
    window: Window | None,
    booking_ids: Collection[str],
    kept_ids: Iterable[Sequence[str]],
    feed: SharedFeed | None = None,
) -> Extracted:
    """Stage what the run covers; ``feed`` is what was read of the window for several workspaces at once.

    ``kept_ids`` are gone through once, some at a time.

    Raises:
        IntegrationUnavailable: the read is refused or incomplete; what was staged must not be planned on.
    """
    _start_anew(work)
    passed_over = _ignored_fingerprints(work)
    rejected: set[str] = set()
    in_window = 0
    if window is not None and not window.is_empty:
        for page in _pages(work, window, feed):
            in_window += len(page)
            rejected |= _stage_page(work, page, passed_over)
    rejected |= _read_by_id(work, set(booking_ids) - rejected, passed_over)
    for some in kept_ids:
        rejected |= _read_by_id(work, set(some) - rejected, passed_over)
        _restage_kept(work, some)
    rejected |= _complete_chains(work, passed_over)
    names = set(work.run.request.get("booking_ids", ()))  # an audit has none
    with reading(work.services.engine) as connection:
        named = staging.staged_among(connection, work.run.id, work.integration.id, sorted(names)) | (names & rejected)
        staged = staging.count_staged(connection, work.run.id, work.integration.id)
        # One that changed while it was read may have come in a broken state and in a good one.
        rejected -= staging.staged_among(connection, work.run.id, work.integration.id, sorted(rejected))
    left_out = rejected & passed_over.seen
    ignored_as_they_are = [LeftAlone(booking_id, None, Untouched.IGNORED) for booking_id in sorted(left_out)]
    return Extracted(staged + len(rejected), len(rejected - left_out), in_window, len(named), ignored_as_they_are)


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


def _ignored_fingerprints(work: Work) -> PassedOver:
    with reading(work.services.engine) as connection:
        return PassedOver(ignored.fingerprints(connection, work.integration.id))


def _stage_page(work: Work, page: Iterable[dict[str, Any]], passed_over: PassedOver) -> set[str]:
    """Stage a page and return what was rejected: ids, or a digest of the content where the id cannot be read."""
    understood: list[Booking] = []
    rejects: list[tuple[str | None, str]] = []
    names: set[str] = set()
    for payload in page:
        parsed = parse_booking(payload)
        if isinstance(parsed, Reject):
            if not passed_over.takes(parsed.booking_id, payload):
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
        if not work.run.is_dry_run:
            came = {*(id_ for id_, _ in rejects if id_), *(booking.id for booking in understood)}
            ignored.end(connection, integration_id, sorted(came & passed_over.fingerprints.keys()), at=at)
    return names


def _read_by_id(work: Work, ids: AbstractSet[str], passed_over: PassedOver) -> set[str]:
    rejected: set[str] = set()
    for some in chunks(sorted(ids), AT_ONCE):
        with reading(work.services.engine) as connection:
            known = staging.staged_among(connection, work.run.id, work.integration.id, some)
        missing = [booking_id for booking_id in some if booking_id not in known]
        if missing:
            page = work.services.calendar.bookings_by_id(work.integration.workspace_id, missing)
            rejected |= _stage_page(work, page, passed_over)
    return rejected


def _restage_kept(work: Work, ids: Sequence[str]) -> None:
    """Go on with what kept changes hold, where Calendar.com returns nothing newer: absence says nothing (X5)."""
    if not ids:
        return
    with work.recording() as (connection, _):
        kept_changes = changes.open_changes(connection, work.integration.id, ids).values()
        bookings = [work.booking_of(stored) for stored in kept_changes]
        run_id, integration_id = work.run.id, work.integration.id
        staging.stage(connection, work.services.vault, run_id, integration_id, bookings, is_fresh=False)


def _complete_chains(work: Work, passed_over: PassedOver) -> set[str]:
    """Follow reschedules by new id until both ends are read or recorded (R2, R3); return what was rejected.

    What Calendar.com does not return is asked for once, and remembered.
    """
    absent: set[str] = set()
    rejected: set[str] = set()
    for _ in range(LONGEST_CHAIN):
        has_asked = False
        with reading(work.services.engine) as connection:
            for some in staging.missing_ids(connection, work.run.id, work.integration.id):
                if wanted := some - absent:
                    has_asked = True
                    rejected |= _read_by_id(work, wanted, passed_over)
                    absent |= wanted - staging.staged_among(
                        connection, work.run.id, work.integration.id, sorted(wanted)
                    )
        if not has_asked:
            break
    return rejected

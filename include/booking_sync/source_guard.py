"""Not believing a window that suddenly returns far less than before, until a person says that it is right (W5)."""

from __future__ import annotations

from datetime import timedelta

from booking_sync.approval import Refused, refuse, use_approval
from booking_sync.errors import SuspiciousRead
from booking_sync.guard import WEEK, GuardNotice, Refusal, WindowRead, is_comparable, is_long, refuse_source
from booking_sync.plan import digest_of
from booking_sync.states import RefusedKind
from booking_sync.store import runs
from booking_sync.store.database import reading
from booking_sync.store.runs import IntegrationRun
from booking_sync.window import Window
from booking_sync.work import Work

WEEKS_BACK = 5
"""How far back an earlier window is looked for."""


def check_source(work: Work, part: IntegrationRun) -> list[GuardNotice]:
    """Compare what the window returned with an earlier one, and return what there is to say.

    Raises:
        SuspiciousRead: it returned far less; the window must not be recorded.
    """
    if part.window is None or part.window.is_empty or "in_window" not in part.counts:
        return []
    now = WindowRead(part.window, part.counts["in_window"], work.run.opened_at)
    refusal = refuse_source(now, _earlier(work, now), work.services.settings.guard_limits)
    if refusal is None:
        return []
    if work.run.is_dry_run:
        return [GuardNotice(f"would be refused: {refusal.sentence}", is_news=False)]
    return _approved_or_refused(work, now, refusal)


def _earlier(work: Work, now: WindowRead) -> WindowRead | None:
    """Return the last recorded window that this one can be compared with."""
    if not is_long(now.window):
        return None  # nothing can be compared with it, so the many windows of every quarter of an hour are not read
    length = now.window.end - now.window.start
    starts = Window(now.window.start - WEEKS_BACK * WEEK, now.window.start + length + timedelta(microseconds=1))
    with reading(work.services.engine) as connection:
        recorded = runs.recorded_reads(connection, work.integration.id, starts)
    return next((one for one in recorded if is_comparable(one, now)), None)


def _approved_or_refused(work: Work, now: WindowRead, refusal: Refusal) -> list[GuardNotice]:
    start, end = now.window.start.isoformat(), now.window.end.isoformat()
    checksum = digest_of([work.integration.id, start, end, now.count])
    conf = {"window_start": start, "window_end": end, "approve_plan": checksum}
    figures = {"in_window": now.count}
    with work.recording() as (connection, at):
        approval = use_approval(work, connection, RefusedKind.SOURCE, checksum, at)
        if approval is not None and approval.plan is not None:
            return [approval.notice]
        refused = Refused(RefusedKind.SOURCE, checksum, [refusal], figures, now.count, conf)
        notice = refuse(work, connection, refused, at)
    raise SuspiciousRead(notice.sentence)

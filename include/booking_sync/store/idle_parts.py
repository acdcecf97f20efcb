"""Integrations for which a run has nothing to do: found and recorded together, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select, union, update

from booking_sync.drift import DriftKind
from booking_sync.states import OPEN_NOTICES, RunState
from booking_sync.store.notice_tables import notice
from booking_sync.store.read_tables import kept_booking, staged_booking
from booking_sync.store.statements import chunks
from booking_sync.store.tables import (
    IS_OPEN,
    change,
    drift,
    integration,
    integration_run,
    mapping,
)


def unfinished(connection: Connection, run_id: str, shard: int | None, *, since: datetime, until: datetime) -> set[str]:
    """Return the integrations of a shard that have something to do whatever Calendar.com returns.

    Changes or bookings that were kept, mails that wait, requests that were not answered after ``since`` or duplicates
    that were archived after it, what a run has read and not planned on, and meetings that end before ``until`` and may
    have to be marked as completed (A8).
    """
    of_shard = select(integration_run.c.integration_id).where(integration_run.c.run_id == run_id)
    if shard is not None:
        of_shard = of_shard.where(integration_run.c.shard == shard)
    is_unanswered = (change.c.unanswered_count > 0) & (change.c.sent_at >= since)
    was_duplicate = (drift.c.found_at >= since) & (drift.c.kind == DriftKind.DUPLICATE) & drift.c.mended
    has_ended = exists().where(
        mapping.c.integration_id == integration.c.id,
        mapping.c.end_at > integration.c.completed_until,
        mapping.c.end_at <= until,
    )
    reasons: Sequence[Select[str]] = (
        select(change.c.integration_id).where(IS_OPEN, change.c.integration_id.in_(of_shard)),
        select(change.c.integration_id).where(is_unanswered, change.c.integration_id.in_(of_shard)),
        select(kept_booking.c.integration_id).where(
            kept_booking.c.is_open, kept_booking.c.integration_id.in_(of_shard)
        ),
        select(notice.c.integration_id).where(notice.c.state.in_(OPEN_NOTICES), notice.c.integration_id.in_(of_shard)),
        select(drift.c.integration_id).where(was_duplicate, drift.c.integration_id.in_(of_shard)),
        select(staged_booking.c.integration_id).where(staged_booking.c.integration_id.in_(of_shard)),
        select(integration.c.id).where(
            integration.c.completed_until.is_not(None), integration.c.id.in_(of_shard), has_ended
        ),
    )
    return set(connection.execute(union(*reasons)).scalars())


def mark_idle(connection: Connection, run_id: str, integration_ids: Sequence[str]) -> None:
    """Record that there is nothing to do for integrations in a run."""
    for some in chunks(integration_ids):
        mine = (integration_run.c.run_id == run_id, integration_run.c.integration_id.in_(some))
        still_open = integration_run.c.state == RunState.OPEN
        connection.execute(update(integration_run).where(*mine, still_open).values(state=RunState.IDLE))


def count_idle(connection: Connection, run_id: str) -> int:
    """Return for how many integrations a run had nothing to do."""
    mine = (integration_run.c.run_id == run_id, integration_run.c.state == RunState.IDLE)
    return connection.execute(select(func.count()).select_from(integration_run).where(*mine)).scalar_one()


def record_idle(connection: Connection, run_id: str, *, completed_until: datetime | None) -> None:
    """Move the watermarks of those integrations on, as for any window that was dealt with.

    ``completed_until``: meetings that ended before it have been dealt with too (A8); None where the run does not go on
    with time.
    """
    window_end = select(integration_run.c.window_end).where(*_is_idle(run_id)).correlate(integration).scalar_subquery()
    has_no_gap = exists().where(
        *_is_idle(run_id),
        integration_run.c.window_start <= integration.c.watermark,
        integration_run.c.window_end > integration.c.watermark,
    )
    connection.execute(update(integration).where(has_no_gap).values(watermark=window_end))
    if completed_until is not None:
        is_earlier = integration.c.completed_until < completed_until
        was_idle = exists().where(*_is_idle(run_id))
        connection.execute(update(integration).where(is_earlier, was_idle).values(completed_until=completed_until))


def _is_idle(run_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        integration_run.c.run_id == run_id,
        integration_run.c.integration_id == integration.c.id,
        integration_run.c.state == RunState.IDLE,
    )

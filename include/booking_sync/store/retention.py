"""Deleting what is older than anybody needs it, a slice at a time; what a run still relies on stays.

Never deleted: mapping rows, open changes, bookings that are kept or ignored, plans that can still be approved, settings
and their history, what people did to integrations. Of the history, what is about a mapped activity stays: it says that
we made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, exists, select, tuple_

from booking_sync.states import HELD_BACK_STATES, OPEN_STATES, AuditOutcome
from booking_sync.store.alert_tables import alert
from booking_sync.store.intervention_tables import intervention
from booking_sync.store.notice_tables import notice
from booking_sync.store.read_tables import kept_booking, untouched_booking
from booking_sync.store.tables import audit, change, drift, mapping, mapping_history, refused_plan, run


@dataclass(frozen=True, slots=True)
class Pruned:
    """One slice: how many rows are gone, and where the next one begins; None where there is none."""

    count: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Trail:
    """A table that is only added to, so that its ids grow with time. ``criteria``: what may go, besides being old."""

    table: Table
    at: Column[Any]
    criteria: tuple[ColumnElement[bool], ...]

    def prune(self, connection: Connection, before: datetime, after: int, most: int) -> Pruned:
        """Look at the next rows by id, and delete those of them that may go."""
        ids = self.table.c.id
        statement = select(ids, self.at).where(ids > after).order_by(ids).limit(most)
        rows = connection.execute(statement).all()
        if not rows:
            return Pruned(0, None)
        last_id, last_at = rows[-1]
        is_old = (ids > after, ids <= last_id, self.at < before)
        count = connection.execute(delete(self.table).where(*is_old, *self.criteria)).rowcount
        return Pruned(count, last_id if last_at < before else None)


TRAILS: Sequence[Trail] = (
    Trail(
        audit,
        audit.c.at,
        (
            audit.c.outcome != AuditOutcome.SENT,
            ~exists().where(change.c.id == audit.c.change_id, change.c.state.in_(OPEN_STATES)),
        ),
    ),
    Trail(
        mapping_history,
        mapping_history.c.at,
        (
            ~exists().where(
                mapping.c.integration_id == mapping_history.c.integration_id,
                mapping.c.activity_id == mapping_history.c.activity_id,
            ),
        ),
    ),
    Trail(kept_booking, kept_booking.c.kept_at, (~kept_booking.c.is_open,)),
    Trail(drift, drift.c.found_at, ()),
    Trail(intervention, intervention.c.at, ()),
    Trail(
        refused_plan,
        refused_plan.c.refused_at,
        (
            refused_plan.c.state.not_in(HELD_BACK_STATES),
            ~exists().where(change.c.approval_id == refused_plan.c.id, change.c.state.in_(OPEN_STATES)),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """A table whose rows have an end, and go when every one of these moments is long past. The first has an index."""

    table: Table
    moments: tuple[Column[Any], ...]

    def prune_some(self, connection: Connection, before: datetime, most: int) -> int:
        """Delete some of the rows that were over before then; return how many."""
        ids = self.table.c.id
        old = select(ids).where(*(moment < before for moment in self.moments)).limit(most)
        return connection.execute(delete(self.table).where(ids.in_(old))).rowcount


ENDED: Sequence[Ended] = (
    Ended(change, (change.c.closed_at,)),
    # People's calendars count on the numbers in their mails for as long as a meeting may still be moved.
    Ended(notice, (notice.c.finished_at, notice.c.meeting_ends_at)),
    Ended(alert, (alert.c.cleared_at,)),
)


def prune_untouched(connection: Connection, before: datetime, most: int) -> int:
    """Delete some of what runs that were opened before then have left as it is; return how many rows."""
    keys = tuple(untouched_booking.primary_key.columns)
    old = select(*keys).join(run, run.c.id == untouched_booking.c.run_id).where(run.c.opened_at < before)
    return connection.execute(delete(untouched_booking).where(tuple_(*keys).in_(old.limit(most)))).rowcount


def prune_runs(connection: Connection, before: datetime, most: int) -> int:
    """Delete some of the runs that were opened before then and that nothing refers to any more; return how many."""
    old = select(run.c.id).where(
        run.c.opened_at < before,
        run.c.closed_at.is_not(None),
        ~exists().where(change.c.run_id == run.c.id),
        ~exists().where(change.c.worker_run_id == run.c.id),
        ~exists().where(audit.c.run_id == run.c.id),
        ~exists().where(kept_booking.c.run_id == run.c.id),
        ~exists().where(untouched_booking.c.run_id == run.c.id),
    )
    return connection.execute(delete(run).where(run.c.id.in_(old.limit(most)))).rowcount

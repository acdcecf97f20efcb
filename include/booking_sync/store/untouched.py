"""The bookings that a run has read and left as they are, with the reason: written with the plan, read by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, select, tuple_
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from booking_sync.states import RecordedState, Untouched
from booking_sync.store.intervention_tables import ignored_booking
from booking_sync.store.plan_items import Wanted
from booking_sync.store.read_tables import untouched_booking
from booking_sync.store.statements import containing, insert_or_update
from booking_sync.store.tables import mapping

_KEYS = ("run_id", "integration_id", "booking_id")
_IN_ORDER = (untouched_booking.c.integration_id, untouched_booking.c.booking_id)
_NOT_UNDERSTOOD = -1
"""Stands for no version, which compares with nothing."""


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A booking that gets no change. ``version`` is None where it could not even be understood."""

    booking_id: str
    version: int | None
    verdict: Untouched
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UntouchedItem:
    """The same as people are shown it: with the activity that is mapped now, and who says to ignore this version."""

    integration_id: str
    booking_id: str
    booking_version: int | None
    verdict: Untouched
    reason: str | None
    activity_id: str | None
    ignored_by: str | None
    ignored_because: str | None


def record(connection: Connection, run_id: str, integration_id: str, bookings: Sequence[LeftAlone]) -> None:
    """Write down what got no change; one that is there already is replaced."""
    if not bookings:
        return
    statement = insert_or_update(connection, untouched_booking)
    replaced = {name: statement.excluded[name] for name in ("booking_version", "verdict", "reason")}
    rows = [
        {
            "run_id": run_id,
            "integration_id": integration_id,
            "booking_id": one.booking_id,
            "booking_version": one.version,
            "verdict": one.verdict.value,
            "reason": one.reason,
        }
        for one in bookings
    ]
    connection.execute(statement.on_conflict_do_update(index_elements=_KEYS, set_=replaced), rows)


def forget_understood(connection: Connection, run_id: str, integration_id: str) -> None:
    """Take back what an earlier try of the plan has said; what could not be understood was noted with the read."""
    statement = delete(untouched_booking).where(
        untouched_booking.c.run_id == run_id,
        untouched_booking.c.integration_id == integration_id,
        untouched_booking.c.booking_version.is_not(None),
    )
    connection.execute(statement)


def count_by_verdict(connection: Connection, run_id: str) -> dict[Untouched, int]:
    """Return how many bookings a run has left alone, by why."""
    verdict = untouched_booking.c.verdict
    statement = select(verdict, func.count().label("size")).where(untouched_booking.c.run_id == run_id)
    return {Untouched(row.verdict): row.size for row in connection.execute(statement.group_by(verdict))}


def count_untouched(connection: Connection, run_id: str, wanted: Wanted) -> int:
    """Return how many of them are asked for."""
    found = _asked_for(run_id, wanted).with_only_columns(func.count())
    return connection.execute(found).scalar_one()


def untouched_page(
    connection: Connection, run_id: str, wanted: Wanted, *, start: int, most: int
) -> list[UntouchedItem]:
    """Return one page of them, by booking id."""
    return _items(connection, _asked_for(run_id, wanted).order_by(*_IN_ORDER).offset(start).limit(most))


def untouched_after(
    connection: Connection, run_id: str, wanted: Wanted, last: UntouchedItem | None, most: int
) -> list[UntouchedItem]:
    """Return those that follow one, so that any number can be gone through without holding a transaction."""
    statement = _asked_for(run_id, wanted)
    if last is not None:
        statement = statement.where(tuple_(*_IN_ORDER) > (last.integration_id, last.booking_id))
    return _items(connection, statement.order_by(*_IN_ORDER).limit(most))


def _asked_for(run_id: str, wanted: Wanted) -> Select[Any]:
    """Select what is asked for; the mapping is only looked at where somebody may have searched for an activity."""
    statement = select(untouched_booking).where(untouched_booking.c.run_id == run_id)
    if wanted.integration_id:
        statement = statement.where(untouched_booking.c.integration_id == wanted.integration_id)
    if wanted.sought:
        statement = statement.outerjoin(mapping, _is_mapped(untouched_booking.c))
        columns = (untouched_booking.c.booking_id, untouched_booking.c.verdict, untouched_booking.c.reason)
        statement = statement.where(*containing(wanted.sought, *columns, mapping.c.activity_id))
    return statement


def _items(connection: Connection, asked_for: Select[Any]) -> list[UntouchedItem]:
    """Read a page, and only for its rows what else there is to say."""
    page = asked_for.subquery()
    columns = [page.c[name] for name in ("integration_id", "booking_id", "booking_version", "verdict", "reason")]
    because = ignored_booking.c.reason.label("ignored_because")
    statement = (
        select(*columns, mapping.c.activity_id, ignored_booking.c.ignored_by, because)
        .outerjoin(mapping, _is_mapped(page.c))
        .outerjoin(ignored_booking, _is_ignored_now(page.c))
        .order_by(page.c.integration_id, page.c.booking_id)
    )
    rows = connection.execute(statement).mappings()
    return [UntouchedItem(**{**row, "verdict": Untouched(row["verdict"])}) for row in rows]


def _is_mapped(columns: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    return and_(*_same_booking(mapping, columns), mapping.c.state != RecordedState.REPLACED)


def _is_ignored_now(columns: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """Say whether a person still says to ignore the version that the run has read."""
    is_same_version = func.coalesce(ignored_booking.c.booking_version, _NOT_UNDERSTOOD) == func.coalesce(
        columns.booking_version, _NOT_UNDERSTOOD
    )
    return and_(*_same_booking(ignored_booking, columns), columns.verdict == Untouched.IGNORED, is_same_version)


def _same_booking(table: Table, columns: ReadOnlyColumnCollection[str, Any]) -> tuple[ColumnElement[bool], ...]:
    return (table.c.integration_id == columns.integration_id, table.c.booking_id == columns.booking_id)

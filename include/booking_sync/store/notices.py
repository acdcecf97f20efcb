"""Notices as an outbox: written with the record of what they tell, sent afterwards, each at most once (M1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from booking_sync.states import OPEN_NOTICES, NoticeKind, NoticeState
from booking_sync.store.notice_tables import notice
from booking_sync.store.statements import chunks, insert_or_update


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A mail that is to be sent. ``payload`` is the encrypted notice."""

    id: str
    booking_id: str
    booking_version: int
    change_id: str
    kind: NoticeKind
    role: str
    email_hash: str
    calendar_uid: str
    sequence: int
    meeting_ends_at: datetime
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What people's calendars know of a booking's meeting: its identity there, and the highest number used."""

    uid: str
    sequence: int


def insert_notices(connection: Connection, integration_id: str, new: Sequence[NewNotice], *, at: datetime) -> int:
    """Put notices into the outbox, and return how many; those that were ever there stay as they are."""
    if not new:
        return 0
    open_one = {"integration_id": integration_id, "state": NoticeState.WAITING, "attempt_count": 0, "noted_at": at}
    statement = insert_or_update(connection, notice).on_conflict_do_nothing()
    return sum(connection.execute(statement.values(open_one | asdict(one))).rowcount for one in new)


def told_of(connection: Connection, integration_id: str, booking_ids: Iterable[str]) -> dict[str, Told]:
    """Return what was told last of each of these bookings that anything was told of."""
    found: dict[str, Told] = {}
    columns = (notice.c.booking_id, notice.c.calendar_uid, func.max(notice.c.sequence).label("highest"))
    for some in chunks(sorted(set(booking_ids))):
        statement = (
            select(*columns)
            .where(notice.c.integration_id == integration_id, notice.c.booking_id.in_(some))
            .group_by(notice.c.booking_id, notice.c.calendar_uid)
            .order_by("highest")
        )
        found.update({row.booking_id: Told(row.calendar_uid, row.highest) for row in connection.execute(statement)})
    return found


def overtake(connection: Connection, integration_id: str, booking_ids: Iterable[str], *, at: datetime) -> None:
    """Give up what waits to be told of bookings: it is no longer true."""
    for some in chunks(sorted(set(booking_ids))):
        _end_waiting(connection, integration_id, NoticeState.OVERTAKEN, at, notice.c.booking_id.in_(some))


def overtake_all(connection: Connection, integration_id: str, *, at: datetime) -> int:
    """Give up everything that waits."""
    return _end_waiting(connection, integration_id, NoticeState.OVERTAKEN, at)


def expire(connection: Connection, integration_id: str, *, noted_before: datetime, at: datetime) -> int:
    """Give up what is too late: the meeting has ended, or the mail server has not taken it for too long."""
    is_late = (notice.c.meeting_ends_at <= at) | (notice.c.noted_at < noted_before)
    return _end_waiting(connection, integration_id, NoticeState.EXPIRED, at, is_late)


def settle_interrupted(connection: Connection, integration_id: str, *, at: datetime) -> int:
    """End notices over which a worker died: nobody knows whether they are out. Only under the lease."""
    statement = update(notice).where(notice.c.integration_id == integration_id, notice.c.state == NoticeState.SENDING)
    return connection.execute(statement.values(_ended(NoticeState.UNKNOWN, at, "WORKER_DIED"))).rowcount


def waiting_ids(connection: Connection, integration_id: str, *, most: int) -> list[str]:
    """Return the notices that wait, those first that were noted first; those of one change together."""
    statement = (
        select(notice.c.id)
        .where(notice.c.integration_id == integration_id, notice.c.state == NoticeState.WAITING)
        .order_by(notice.c.noted_at, notice.c.booking_id, notice.c.id)
        .limit(most)
    )
    return list(connection.execute(statement).scalars())


def count_waiting(connection: Connection, integration_id: str) -> int:
    """Return how many notices wait."""
    mine = (notice.c.integration_id == integration_id, notice.c.state == NoticeState.WAITING)
    return connection.execute(select(func.count()).select_from(notice).where(*mine)).scalar_one()


def claim(connection: Connection, notice_id: str) -> bytes | None:
    """Write down that a notice is being handed to the mail server, and return its payload; None: it waits no more."""
    statement = update(notice).where(notice.c.id == notice_id, notice.c.state == NoticeState.WAITING)
    values = {"state": NoticeState.SENDING, "attempt_count": notice.c.attempt_count + 1}
    return connection.execute(statement.values(values).returning(notice.c.payload)).scalar()


def put_back(connection: Connection, notice_id: str, error_code: str) -> None:
    """Let a notice wait again that the mail server has certainly not taken."""
    statement = update(notice).where(notice.c.id == notice_id, notice.c.state == NoticeState.SENDING)
    connection.execute(statement.values(state=NoticeState.WAITING, error_code=error_code))


def end(
    connection: Connection, notice_id: str, state: NoticeState, *, at: datetime, error_code: str | None = None
) -> None:
    """Record what became of a notice, and wipe what it held."""
    connection.execute(update(notice).where(notice.c.id == notice_id).values(_ended(state, at, error_code)))


def wipe_old(connection: Connection, *, noted_before: datetime, at: datetime) -> None:
    """Give up, and wipe, what no run has come to, in any integration."""
    is_old = notice.c.state.in_(OPEN_NOTICES) & (notice.c.noted_at < noted_before)
    connection.execute(update(notice).where(is_old).values(_given_up(NoticeState.EXPIRED, at)))


def payloads(connection: Connection) -> list[tuple[str, bytes]]:
    """Return id and payload of every notice that has one."""
    rows = connection.execute(select(notice.c.id, notice.c.payload).where(notice.c.payload.is_not(None)))
    return [(row.id, row.payload) for row in rows]


def erase(connection: Connection, naming: Collection[str], hashed: str, *, at: datetime) -> int:
    """Give up the notices that name a person, take the address out of all, and return how many rows were changed."""
    addressed = connection.execute(select(notice.c.id).where(notice.c.email_hash == hashed)).scalars()
    found = {*naming, *addressed}
    for some in chunks(sorted(naming)):
        connection.execute(update(notice).where(notice.c.id.in_(some)).values(_given_up(NoticeState.OVERTAKEN, at)))
    connection.execute(update(notice).where(notice.c.email_hash == hashed).values(email_hash=None))
    return len(found)


def _end_waiting(
    connection: Connection, integration_id: str, state: NoticeState, at: datetime, *which: ColumnElement[bool]
) -> int:
    statement = update(notice).where(
        notice.c.integration_id == integration_id, notice.c.state == NoticeState.WAITING, *which
    )
    return connection.execute(statement.values(_ended(state, at, None))).rowcount


def _ended(state: NoticeState, at: datetime, error_code: str | None) -> dict[str, Any]:
    return {"state": state, "finished_at": at, "error_code": error_code, "payload": None}


def _given_up(state: NoticeState, at: datetime) -> dict[str, Any]:
    """End an open notice; over one that was being sent a worker has died, so nobody knows."""
    was_sending = case((notice.c.state == NoticeState.SENDING, NoticeState.UNKNOWN), else_=state)
    return _ended(state, at, None) | {"state": was_sending}

"""One clock for all workers: the database's."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from booking_sync.store.database import reading


def database_now(connection: Connection) -> datetime:
    """Return the database's time: workers on several machines need one clock; SQLite's is this machine's."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)
    return datetime.now(UTC)


def database_clock(engine: Engine) -> Callable[[], datetime]:
    """Return a clock that was set by the database's, once, and that nobody sets while a worker uses it.

    A worker whose own clock is wrong would record windows that nobody has read, and take a request that another worker
    has just sent for one that has rested.
    """
    with reading(engine) as connection:
        zero = database_now(connection) - timedelta(seconds=time.monotonic())
    return lambda: zero + timedelta(seconds=time.monotonic())

"""Forgetting what is older than the retention, in small transactions that hold nobody up."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from booking_sync.log_line import log_line
from booking_sync.store import retention
from booking_sync.store.database import writing

logger = logging.getLogger(__name__)

AT_ONCE = 2_000
"""Rows that one transaction looks at."""

LONGEST = timedelta(minutes=10)
"""How long one call goes on; what is left is deleted by the next one."""


def prune(engine: Engine, clock: Callable[[], datetime], days: float) -> dict[str, int]:
    """Delete what is older than so many days; return how many rows of each table.

    Raises:
        StoreFailed: the database did not take it; what was deleted before stays deleted.
    """
    now = clock()
    pruned: Counter[str] = Counter()
    for table, count in _slices(engine, now - timedelta(days=days)):
        pruned[table] += count
        if clock() - now > LONGEST:
            logger.info(log_line("retention has more to delete, the next call goes on"))
            break
    deleted = {table: count for table, count in pruned.items() if count}
    logger.info(log_line("retention", days=f"{days:g}", **deleted))
    return deleted


def _slices(engine: Engine, before: datetime) -> Iterator[tuple[str, int]]:
    for trail in retention.TRAILS:
        after: int | None = 0
        while after is not None:
            with writing(engine) as connection:
                slice_ = trail.prune(connection, before, after, AT_ONCE)
            after = slice_.after
            yield trail.table.name, slice_.count
    for ended in retention.ENDED:
        yield from _until_none_is_left(engine, ended.table.name, before, ended.prune_some)
    yield from _until_none_is_left(engine, "untouched_booking", before, retention.prune_untouched)
    yield from _until_none_is_left(engine, "run", before, retention.prune_runs)


def _until_none_is_left(
    engine: Engine, table: str, before: datetime, prune_some: Callable[[Connection, datetime, int], int]
) -> Iterator[tuple[str, int]]:
    count = AT_ONCE
    while count == AT_ONCE:
        with writing(engine) as connection:
            count = prune_some(connection, before, AT_ONCE)
        yield table, count

"""What the pages work with: our database, opened once per process, and the clock."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Engine

from booking_sync.store.database import open_database
from booking_sync_airflow.database import database_url


def engine() -> Engine:
    """Return our database.

    Raises:
        ConfigurationError: it cannot be opened; the message says what to do.
    """
    return _opened(database_url())


@cache
def _opened(url: str) -> Engine:
    return open_database(url)

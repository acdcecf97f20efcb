"""What a database that fails says, in our words: may it go well a moment later, and else, what has somebody to do?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from booking_sync.errors import StoreFailed

_CONFLICTS = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL docs, appendix A: serialization failure, deadlock, lock not available."""

_OF_SQLITE = {
    "SQLITE_BUSY": ("it is locked by another program", True),
    "SQLITE_LOCKED": ("it is locked by another program", True),
    "SQLITE_READONLY": ("its file, or the folder of it, cannot be written", False),
    "SQLITE_FULL": ("the disk is full", False),
    "SQLITE_IOERR": ("its disk fails; SQLite needs a disk of this machine, not one on the network", False),
}
"""By the beginning of SQLite's error name: what is wrong, and whether it may pass by itself."""


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Turn failures of the database into StoreFailed; our own mistakes, such as wrong SQL, stay what they are."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreFailed("all connections to it are in use", is_transient=True) from error
    except DBAPIError as error:
        if not (isinstance(error, OperationalError) or error.connection_invalidated):
            raise
        why, is_transient = _diagnosis(error)
        raise StoreFailed(why, is_transient=is_transient) from error


def _diagnosis(error: DBAPIError) -> tuple[str, bool]:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "")
        return next((told for start, told in _OF_SQLITE.items() if name.startswith(start)), (name or "SQLite", False))
    if getattr(cause, "pgcode", None) in _CONFLICTS:
        return "two transactions were in each other's way", True
    if error.connection_invalidated:
        return "the connection to it was lost", True
    return type(cause).__name__, False

"""Bringing a mapping database with data to this code's schema: whole or not at all, and not under a worker's feet."""

from __future__ import annotations

from sqlalchemy import Engine

from booking_sync.errors import ConfigurationError
from booking_sync.store import schema
from booking_sync.store.database import one_at_a_time, writing
from booking_sync.store.lease import present_holders


def upgrade_database(engine: Engine) -> str | None:
    """Upgrade, and return the revision that it had before; None for an empty database.

    One that has this schema already is left as it is. What is interrupted has changed nothing.

    Raises:
        ConfigurationError: runs are under way; they would go on with the old schema in mind.
        SchemaOutOfDate: the schema is newer than this code.
        StoreFailed: the database did not take it.
    """
    with writing(engine) as connection:
        one_at_a_time(connection)
        before = schema.current_revision(connection)
        if before == schema.head_revision():
            return before
        if before is not None:
            schema.refuse_newer(before)
            at_work = present_holders(connection)
            if at_work:
                raise ConfigurationError(f"Stop the runs first: {'; '.join(at_work)}.")
        schema.upgrade(connection)
    return before

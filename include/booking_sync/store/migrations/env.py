"""How alembic runs our migrations: on a connection that is handed in, in the caller's transaction."""

from __future__ import annotations

from alembic import context

from booking_sync.store.all_tables import metadata
from booking_sync.store.schema import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()

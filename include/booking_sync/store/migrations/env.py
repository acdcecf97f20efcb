"""How alembic runs our migrations: on a connection that is handed in, in the caller's transaction."""

from __future__ import annotations

from alembic import context

from booking_sync.store import (  # noqa: F401 - they add their tables to the metadata
    access_tables,
    alert_tables,
    intervention_tables,
    notice_tables,
    owner_table,
    rate_table,
    read_tables,
)
from booking_sync.store.schema import VERSION_TABLE
from booking_sync.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()

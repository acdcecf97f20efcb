"""Every table of the mapping database in one place, for what concerns the database as a whole."""

from __future__ import annotations

from booking_sync.store import (  # noqa: F401 - they add their tables to the metadata
    access_tables,
    alert_tables,
    intervention_tables,
    notice_tables,
    owner_table,
    rate_table,
    read_tables,
)
from booking_sync.store.tables import metadata

__all__ = ["metadata"]

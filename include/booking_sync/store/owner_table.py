"""The table of portals' owners, as they were last read."""

from __future__ import annotations

from sqlalchemy import JSON, Column, String, Table

from booking_sync.store.columns import UtcDateTime
from booking_sync.store.tables import metadata

portal_owners = Table(
    "portal_owners",
    metadata,
    Column("portal_id", String(64), primary_key=True),
    Column("owner_ids", JSON, nullable=False, comment="by keyed hash of the address; no addresses"),
    Column("read_at", UtcDateTime, nullable=False),
)

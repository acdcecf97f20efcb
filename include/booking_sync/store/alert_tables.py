"""The table of what operators are alerted to, as SQLAlchemy Core."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from booking_sync.store.columns import UtcDateTime
from booking_sync.store.tables import metadata

_IS_OPEN = text("cleared_at IS NULL")

alert = Table(
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(300), nullable=False, comment="the integration or checksum concerned; empty: all"),
    Column("sentence", Text, nullable=False, comment="without personal data"),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("claimed_at", UtcDateTime, comment="since when a worker is about to tell it"),
    Column("told_at", UtcDateTime),
    Column("cleared_at", UtcDateTime, comment="when it was over; the same again is another alert"),
    Index("uq_alert_open", "kind", "subject", unique=True, postgresql_where=_IS_OPEN, sqlite_where=_IS_OPEN),
)

"""The tables of what people do about single bookings: what is to be ignored, and who did what when."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from booking_sync.store.columns import UtcDateTime
from booking_sync.store.tables import metadata

ignored_booking = Table(
    "ignored_booking",
    metadata,
    Column("integration_id", ForeignKey("integration.id", ondelete="CASCADE"), primary_key=True),
    Column("booking_id", String(200), primary_key=True),
    Column("booking_version", BigInteger, comment="newer ones count again; null: it could not be understood"),
    Column(
        "fingerprint", String(64), comment="of the content that could not be understood; other content counts again"
    ),
    Column("ignored_by", String(250), nullable=False),
    Column("ignored_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
)

intervention = Table(
    "intervention",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("integration_id", String(300), nullable=False),
    Column("booking_id", String(200), comment="null: everything that waited"),
    Column("action", String(32), nullable=False),
    Column("person", String(250), nullable=False, comment="empty: the integration itself"),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", Text),
    Index("ix_intervention_booking", "integration_id", "booking_id"),
)

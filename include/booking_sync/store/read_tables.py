"""The tables of what runs have read: bookings until their plan is made, and bookings that have to be read again."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from booking_sync.store.columns import UtcDateTime
from booking_sync.store.tables import metadata

HAS_PREDECESSOR = text("rescheduled_from_id IS NOT NULL")
"""What the index over reschedules by new id covers; a query uses it only where it says so in the same words."""

staged_booking = Table(
    "staged_booking",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("integration_id", String(300), primary_key=True),
    Column("booking_id", String(200), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("status", String(32), nullable=False),
    Column("schedule_fingerprint", String(64), nullable=False),
    Column("content_fingerprint", String(64), nullable=False),
    Column("guests_fingerprint", String(64)),
    Column(
        "no_show_at", UtcDateTime, comment="the start of a meeting with an invitee who is marked as not having come"
    ),
    Column("rescheduled_from_id", String(200)),
    Column("rescheduled_to_id", String(200)),
    Column("created_at", UtcDateTime, comment="of the booking; null in rows of older versions"),
    Column("payload", LargeBinary, nullable=False),
    Index(
        "ix_staged_booking_predecessor",
        "run_id",
        "integration_id",
        "rescheduled_from_id",
        postgresql_where=HAS_PREDECESSOR,
        sqlite_where=HAS_PREDECESSOR,
    ),
)

IS_KEPT = text("is_open")
"""The same for the index over bookings that every run reads again."""

kept_booking = Table(
    "kept_booking",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(64), nullable=False, index=True),
    Column("integration_id", String(300), nullable=False),
    Column("booking_id", String(200), comment="null where not even the id could be read"),
    Column("kind", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("is_open", Boolean, nullable=False, comment="every run reads it again while it is open"),
    Index("ix_kept_booking_booking", "integration_id", "booking_id"),
    Index(
        "ix_kept_booking_open",
        "integration_id",
        "booking_id",
        postgresql_where=IS_KEPT,
        sqlite_where=IS_KEPT,
    ),
)

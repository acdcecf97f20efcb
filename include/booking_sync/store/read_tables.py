"""The tables of what runs have read: bookings until their plan is made, those left as they are, those to read again."""

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

untouched_booking = Table(
    "untouched_booking",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("integration_id", String(300), primary_key=True),
    Column("booking_id", String(200), primary_key=True),
    Column("booking_version", BigInteger, comment="null where the booking could not be understood"),
    Column("verdict", String(32), nullable=False),
    Column("reason", Text, comment="null where the verdict says it; names bookings by their ids"),
    sqlite_with_rowid=False,  # the key is nearly the whole row, and a backfill may add a million
)
"""What a run has read and left as it is, for the people who look at its plan; nothing is ever decided by it."""

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

"""The table of notices: what people are to be told by mail, and what became of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from booking_sync.store.columns import UtcDateTime
from booking_sync.store.tables import metadata

IS_OPEN = text("state IN ('waiting', 'sending')")

notice = Table(
    "notice",
    metadata,
    Column("id", String(64), primary_key=True, comment="of booking, version, kind and person: one mail each"),
    Column("integration_id", ForeignKey("integration.id", ondelete="CASCADE"), nullable=False),
    Column("booking_id", String(200), nullable=False),
    Column("booking_version", BigInteger, nullable=False),
    Column("change_id", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("role", String(32), nullable=False, comment="host or invitee"),
    Column("email_hash", String(64), comment="null: erased"),
    Column("calendar_uid", String(200), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("state", String(32), nullable=False),
    Column("attempt_count", Integer, nullable=False, default=0),
    Column("error_code", String(200)),
    Column("noted_at", UtcDateTime, nullable=False),
    Column("meeting_ends_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("payload", LargeBinary, comment="encrypted; emptied when the mail is out, or will never be"),
    Index("ix_notice_open", "integration_id", "noted_at", postgresql_where=IS_OPEN, sqlite_where=IS_OPEN),
    Index("ix_notice_booking", "integration_id", "booking_id"),
    Index("ix_notice_email", "email_hash"),
    Index("ix_notice_finished", "finished_at"),
)

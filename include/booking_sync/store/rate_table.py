"""The table of the rate gate: what every worker that writes to a portal has to know of its limits."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, String, Table, Text

from booking_sync.store.columns import UtcDateTime
from booking_sync.store.tables import metadata

portal_rate = Table(
    "portal_rate",
    metadata,
    Column("portal_id", String(64), primary_key=True),
    Column("burst_limit", Integer, nullable=False, comment="requests a window, as HubSpot's answers say"),
    Column("burst_seconds", Float, nullable=False),
    Column("windows", JSON, nullable=False, comment="requests that count now, by policy; no personal data"),
    Column("stopped_until", UtcDateTime, comment="end of the day whose limit is used up"),
    Column("stop_reason", Text),
)

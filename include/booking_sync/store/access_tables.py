"""The tables of what people do: access to portals, consents that are under way, events and settings of integrations."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from booking_sync.store.columns import UtcDateTime
from booking_sync.store.tables import metadata

portal_access = Table(
    "portal_access",
    metadata,
    Column("portal_id", String(64), primary_key=True),
    Column("state", String(32), nullable=False),
    Column("state_reason", Text),
    Column("access_token", LargeBinary, comment="encrypted"),
    Column("refresh_token", LargeBinary, comment="encrypted"),
    Column("expires_at", UtcDateTime, nullable=False, comment="of the access token"),
    Column("generation", Integer, nullable=False, comment="grows with every new pair of tokens"),
    Column("scopes", JSON, nullable=False),
    Column("hubspot_user_id", String(64)),
    Column("granted_by", String(250), nullable=False, comment="who was logged in to Airflow"),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("refreshed_at", UtcDateTime),
)

consent = Table(
    "consent",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("browser_hash", String(64), nullable=False),
    Column("person", String(250), nullable=False),
    Column("workspace_id", String(200)),
    Column("expected_portal_id", String(64)),
    Column("redirect_uri", String(2000), nullable=False),
    Column("code_verifier", LargeBinary, comment="encrypted"),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

integration_event = Table(
    "integration_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("integration_id", String(300), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("person", String(250), nullable=False, comment="empty: the integration itself"),
    Column("event", String(32), nullable=False),
    Column("detail", Text),
)

settings_history = Table(
    "settings_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("integration_id", ForeignKey("integration.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("changed_by", String(250), nullable=False),
    Column("before", JSON, nullable=False, comment="what was changed, as it was"),
    Column("after", JSON, nullable=False),
)

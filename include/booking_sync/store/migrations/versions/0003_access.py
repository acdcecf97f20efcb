"""OAuth access to portals, consents under way, a person's pause, and the history of integrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "portal_access",
        sa.Column("portal_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("access_token", sa.LargeBinary(), nullable=True, comment="encrypted"),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True, comment="encrypted"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="of the access token"),
        sa.Column("generation", sa.Integer(), nullable=False, comment="grows with every new pair of tokens"),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("hubspot_user_id", sa.String(length=64), nullable=True),
        sa.Column("granted_by", sa.String(length=250), nullable=False, comment="who was logged in to Airflow"),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", name=op.f("pk_portal_access")),
    )
    op.create_table(
        "consent",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False),
        sa.Column("workspace_id", sa.String(length=200), nullable=True),
        sa.Column("expected_portal_id", sa.String(length=64), nullable=True),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("code_verifier", sa.LargeBinary(), nullable=True, comment="encrypted"),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_consent")),
    )
    op.create_table(
        "integration_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False, comment="empty: the integration itself"),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_event")),
    )
    with op.batch_alter_table("integration_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_integration_event_integration_id"), ["integration_id"], unique=False)
    with op.batch_alter_table("integration", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "paused_by", sa.String(length=250), nullable=True, comment="a person's pause, which only a person ends"
            )
        )
        batch_op.add_column(sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("pause_reason", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "alerted_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="when a run said what is wrong with it",
            )
        )

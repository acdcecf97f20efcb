"""Bookings that people have said to ignore, and what they did about single bookings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "ignored_booking",
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column(
            "booking_version",
            sa.BigInteger(),
            nullable=True,
            comment="newer ones count again; null: it could not be understood",
        ),
        sa.Column(
            "fingerprint",
            sa.String(length=64),
            nullable=True,
            comment="of the content that could not be understood; other content counts again",
        ),
        sa.Column("ignored_by", sa.String(length=250), nullable=False),
        sa.Column("ignored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integration.id"],
            name=op.f("fk_ignored_booking_integration_id_integration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("integration_id", "booking_id", name=op.f("pk_ignored_booking")),
    )
    op.create_table(
        "intervention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=True, comment="null: everything that waited"),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False, comment="empty: the integration itself"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intervention")),
    )
    with op.batch_alter_table("intervention", schema=None) as batch_op:
        batch_op.create_index("ix_intervention_booking", ["integration_id", "booking_id"], unique=False)

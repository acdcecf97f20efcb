"""Who changed the settings of an integration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "settings_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=250), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False, comment="what was changed, as it was"),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integration.id"],
            name=op.f("fk_settings_history_integration_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings_history")),
    )
    with op.batch_alter_table("settings_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_settings_history_integration_id"), ["integration_id"], unique=False)

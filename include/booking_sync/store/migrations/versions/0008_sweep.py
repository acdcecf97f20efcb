"""When an integration was swept last, and a quick way to requests that were never answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("integration", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "swept_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="what changed in HubSpot until then is known; null: nothing is",
            )
        )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index(
            "ix_change_unanswered",
            ["integration_id", "sent_at"],
            unique=False,
            postgresql_where=sa.text("unanswered_count > 0"),
            sqlite_where=sa.text("unanswered_count > 0"),
        )
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.create_index("ix_drift_found", ["integration_id", "found_at"], unique=False)

"""How contacts were come by, and quick ways to everything that is recorded of one booking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "contact_decisions",
                sa.JSON(none_as_null=True),
                nullable=True,
                comment="pairs of contact id and how it was come by; no addresses",
            )
        )
        batch_op.create_index("ix_change_booking", ["integration_id", "booking_id"], unique=False)
    with op.batch_alter_table("kept_booking", schema=None) as batch_op:
        batch_op.create_index("ix_kept_booking_booking", ["integration_id", "booking_id"], unique=False)
    with op.batch_alter_table("mapping_history", schema=None) as batch_op:
        batch_op.create_index("ix_mapping_history_activity", ["integration_id", "activity_id"], unique=False)
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.create_index("ix_drift_booking", ["integration_id", "booking_id"], unique=False)

"""What changes change, the checksum of each plan, and when each step of a run began and ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("mapping", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "appearance",
                sa.LargeBinary(),
                nullable=True,
                comment="encrypted; what the activity shows, but for its outcome",
            )
        )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "appearance",
                sa.LargeBinary(),
                nullable=True,
                comment="encrypted; what the activity is to show",
            )
        )
        batch_op.add_column(
            sa.Column(
                "appearance_before",
                sa.LargeBinary(),
                nullable=True,
                comment="encrypted; what it showed when the change was planned",
            )
        )
        batch_op.add_column(
            sa.Column(
                "outcome_before",
                sa.String(length=32),
                nullable=True,
                comment="the outcome that it showed then",
            )
        )
    with op.batch_alter_table("integration_run", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "plan_checksum",
                sa.String(length=64),
                nullable=True,
                comment="of what the run was to do, with what waits for an approval",
            )
        )
        batch_op.add_column(
            sa.Column(
                "step_times",
                sa.JSON(),
                nullable=True,
                comment="by step: when it began and ended here (ISO 8601, UTC)",
            )
        )

"""Since when Calendar.com has had what a change passes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "booking_updated_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="since when Calendar.com has had this version",
            )
        )

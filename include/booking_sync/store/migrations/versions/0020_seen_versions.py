"""The last version of a booking that needed no change, for its story."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("mapping") as mapping:
        mapping.add_column(
            sa.Column(
                "seen_version",
                sa.BigInteger(),
                nullable=True,
                comment="the last version that was read and needed no change",
            )
        )
        mapping.add_column(
            sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True, comment="when that was"),
        )

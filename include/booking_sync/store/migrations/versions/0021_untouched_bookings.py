"""The bookings that a run has read and left as they are, one by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "untouched_booking",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column(
            "booking_version",
            sa.BigInteger(),
            nullable=True,
            comment="null where the booking could not be understood",
        ),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="null where the verdict says it; names bookings by their ids"
        ),
        sa.PrimaryKeyConstraint("run_id", "integration_id", "booking_id", name=op.f("pk_untouched_booking")),
        sqlite_with_rowid=False,
    )

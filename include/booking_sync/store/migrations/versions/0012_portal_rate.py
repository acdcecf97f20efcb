"""The rate gate: what counts against each portal's limits now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "portal_rate",
        sa.Column("portal_id", sa.String(length=64), nullable=False),
        sa.Column("burst_limit", sa.Integer(), nullable=False, comment="requests a window, as HubSpot's answers say"),
        sa.Column("burst_seconds", sa.Float(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False, comment="requests that count now, by policy; no personal data"),
        sa.Column(
            "stopped_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="end of the day whose limit is used up",
        ),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", name=op.f("pk_portal_rate")),
    )

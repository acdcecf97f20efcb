"""The owners of portals as they were last read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "portal_owners",
        sa.Column("portal_id", sa.String(length=64), nullable=False),
        sa.Column("owner_ids", sa.JSON(), nullable=False, comment="by keyed hash of the address; no addresses"),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", name=op.f("pk_portal_owners")),
    )

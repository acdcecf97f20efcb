"""Contact properties of ours that portals are known to have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    names = sa.Column(
        "contact_properties",
        sa.JSON(none_as_null=True),
        nullable=True,
        comment="names of those of ours that are known to exist (Q2)",
    )
    with op.batch_alter_table("portal", schema=None) as batch_op:
        batch_op.add_column(names)

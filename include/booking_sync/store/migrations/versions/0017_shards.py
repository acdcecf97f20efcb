"""Which of a run's shards works on an integration, so that tasks hand a number on and not thousands of ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("integration_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shard", sa.Integer(), server_default=sa.text("0"), nullable=False))

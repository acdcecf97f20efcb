"""Two indexes for the figures of the Integrations page: the latest runs, and the changes of the last day."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index("ix_run_opened", ["opened_at"], unique=False)
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index("ix_change_closed", ["closed_at"], unique=False)

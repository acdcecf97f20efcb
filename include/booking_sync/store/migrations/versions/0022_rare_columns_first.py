"""Indexes that begin with the column that tells most: what a run does must not grow with what was ever passed on."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TURNED = (
    ("change", "ix_change_booking", "booking_id"),
    ("mapping_history", "ix_mapping_history_booking", "booking_id"),
    ("mapping_history", "ix_mapping_history_activity", "activity_id"),
)


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    for table, name, column in TURNED:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [column, "integration_id"], unique=False)

"""Indexes for runs of a million bookings, and what makes history independent of old changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

IS_PLANNED = sa.text("state = 'planned'")
IS_IN_FLIGHT = sa.text("state IN ('sending', 'unknown')")
HAS_PREDECESSOR = sa.text("rescheduled_from_id IS NOT NULL")


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    _index_changes()
    with op.batch_alter_table("staged_booking", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "created_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="of the booking; null in rows of older versions",
            )
        )
        batch_op.create_index(
            "ix_staged_booking_predecessor",
            ["run_id", "integration_id", "rescheduled_from_id"],
            unique=False,
            postgresql_where=HAS_PREDECESSOR,
            sqlite_where=HAS_PREDECESSOR,
        )
    with op.batch_alter_table("mapping_history", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "generation",
                sa.Integer(),
                nullable=True,
                comment="which of the booking's activities it was; null in rows of older versions",
            )
        )
    op.execute(
        "UPDATE mapping_history SET generation = "
        "(SELECT change.generation FROM change WHERE change.id = mapping_history.change_id)"
    )


def _index_changes() -> None:
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index("ix_change_run_id")
        batch_op.drop_index("ix_change_worker_run_id")
        batch_op.create_index("ix_change_run", ["run_id", "integration_id"], unique=False)
        batch_op.create_index("ix_change_worker", ["worker_run_id", "integration_id"], unique=False)
        batch_op.create_index(
            "ix_change_planned",
            ["worker_run_id", "integration_id", "operation", "step", "booking_created_at", "booking_id"],
            unique=False,
            postgresql_where=IS_PLANNED,
            sqlite_where=IS_PLANNED,
        )
        batch_op.create_index(
            "ix_change_in_flight",
            ["integration_id", "sent_at"],
            unique=False,
            postgresql_where=IS_IN_FLIGHT,
            sqlite_where=IS_IN_FLIGHT,
        )

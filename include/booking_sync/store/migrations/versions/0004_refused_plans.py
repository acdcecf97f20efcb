"""Refused plans, their approvals, and the changes that wait for one (W5)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "refused_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False, comment="how many changes it holds"),
        sa.Column("run_id", sa.String(length=64), nullable=False, comment="the run whose plan was refused first"),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=250), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "used_by_run_id",
            sa.String(length=64),
            nullable=True,
            comment="the run that the approval let through, once",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_plan")),
    )
    with op.batch_alter_table("refused_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refused_plan_checksum"), ["checksum"], unique=False)
        batch_op.create_index("ix_refused_plan_integration", ["integration_id", "kind", "state"], unique=False)
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "refused_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="since when it waits because its plan is refused (W5)",
            )
        )
        batch_op.add_column(
            sa.Column(
                "approval_id",
                sa.Integer(),
                nullable=True,
                comment="the refused_plan whose approval lets it through",
            )
        )
    with op.batch_alter_table("integration_run", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "guard",
                sa.JSON(none_as_null=True),
                nullable=True,
                comment="what the plan guard says: a sentence, and whether it is news",
            )
        )

"""Refused plans that people are asked about in Airflow: what was asked, and who said no."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("refused_plan", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "dag_id",
                sa.String(length=250),
                nullable=True,
                comment="the DAG that carries it out once it is approved",
            )
        )
        batch_op.add_column(
            sa.Column(
                "request",
                sa.JSON(none_as_null=True),
                nullable=True,
                comment="the form with which that DAG does",
            )
        )
        batch_op.add_column(
            sa.Column(
                "asked_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="when the question was put to people in Airflow",
            )
        )
        batch_op.add_column(
            sa.Column(
                "question_ended_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="when that question was answered, withdrawn or timed out",
            )
        )
        batch_op.add_column(sa.Column("rejected_by", sa.String(length=250), nullable=True))
        batch_op.add_column(sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True))

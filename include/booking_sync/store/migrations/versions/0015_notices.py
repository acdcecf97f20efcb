"""What people are to be told by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "notice",
        sa.Column(
            "id", sa.String(length=64), nullable=False, comment="of booking, version, kind and person: one mail each"
        ),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column("booking_version", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False, comment="host or invitee"),
        sa.Column("email_hash", sa.String(length=64), nullable=True, comment="null: erased"),
        sa.Column("calendar_uid", sa.String(length=200), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=200), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("meeting_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "payload",
            sa.LargeBinary(),
            nullable=True,
            comment="encrypted; emptied when the mail is out, or will never be",
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_notice_integration_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notice_open",
            ["integration_id", "noted_at"],
            unique=False,
            postgresql_where=IS_OPEN,
            sqlite_where=IS_OPEN,
        )
        batch_op.create_index("ix_notice_booking", ["integration_id", "booking_id"], unique=False)
        batch_op.create_index("ix_notice_email", ["email_hash"], unique=False)
        batch_op.create_index("ix_notice_finished", ["finished_at"], unique=False)

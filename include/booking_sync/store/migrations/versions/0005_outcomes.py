"""What activities show of how a meeting went, and which guests were passed on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UNTIL = "meetings that ended before it have been marked so, or never will be (A8)"
_NO_SHOW = "the start of a meeting with an invitee who is marked as not having come"
_WANTED = "what the activity is to show (A5, A8); null: what the booking's status says"
_OLD_KEY = "the marker of an activity that is taken over (R6)"
_NEW_HOST = "the owner of a moved activity is to be replaced (R6)"
_SHOWN = "what the activity shows (A8); null: what the state says"
_GUESTS = "null: guests were not passed on (C7)"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    with op.batch_alter_table("integration", schema=None) as batch_op:
        batch_op.add_column(sa.Column("completed_until", sa.DateTime(timezone=True), nullable=True, comment=_UNTIL))
    with op.batch_alter_table("staged_booking", schema=None) as batch_op:
        batch_op.add_column(sa.Column("guests_fingerprint", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("no_show_at", sa.DateTime(timezone=True), nullable=True, comment=_NO_SHOW))
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("activity_outcome", sa.String(length=32), nullable=True, comment=_WANTED))
        batch_op.add_column(sa.Column("old_activity_key", sa.String(length=64), nullable=True, comment=_OLD_KEY))
        batch_op.add_column(sa.Column("has_new_host", sa.Boolean(), nullable=True, comment=_NEW_HOST))
    with op.batch_alter_table("mapping", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outcome", sa.String(length=32), nullable=True, comment=_SHOWN))
        batch_op.add_column(sa.Column("guests_fingerprint", sa.String(length=64), nullable=True, comment=_GUESTS))
        batch_op.create_index("ix_mapping_end", ["integration_id", "end_at"], unique=False)

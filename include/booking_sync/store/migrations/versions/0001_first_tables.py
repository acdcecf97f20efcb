"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("requested_by", sa.String(length=250), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("change_id", sa.String(length=64), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column("booking_version", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("object_type", sa.String(length=32), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=True),
        sa.Column("email_hash", sa.String(length=64), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=200), nullable=True),
        sa.Column("correlation_id", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_booking", ["integration_id", "booking_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_change_id"), ["change_id"], unique=False)
        batch_op.create_index("ix_audit_email", ["integration_id", "email_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_run_id"), ["run_id"], unique=False)

    op.create_table(
        "contact_link",
        sa.Column("portal_id", sa.String(length=64), nullable=False),
        sa.Column("email_hash", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=64), nullable=True),
        sa.Column("is_ours", sa.Boolean(), nullable=False, comment="this integration created the contact"),
        sa.Column(
            "refusal", sa.String(length=200), nullable=True, comment="why HubSpot does not take this address (C6)"
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "email_hash", name=op.f("pk_contact_link")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False, comment="encrypted; keys the hashes of e-mail addresses"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "integration",
        sa.Column("id", sa.String(length=300), nullable=False),
        sa.Column("workspace_id", sa.String(length=200), nullable=False),
        sa.Column("workspace_name", sa.String(length=1000), nullable=False),
        sa.Column("portal_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "watermark",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="everything before it is recorded, without a gap",
        ),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration")),
        sa.UniqueConstraint("workspace_id", "portal_id", name=op.f("uq_integration_workspace_id_portal_id")),
    )
    op.create_table(
        "kept_booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column(
            "booking_id", sa.String(length=200), nullable=True, comment="null where not even the id could be read"
        ),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False, comment="every run reads it again while it is open"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_booking")),
    )
    with op.batch_alter_table("kept_booking", schema=None) as batch_op:
        batch_op.create_index(
            "ix_kept_booking_open",
            ["integration_id", "booking_id"],
            unique=False,
            postgresql_where=sa.text("is_open"),
            sqlite_where=sa.text("is_open"),
        )
        batch_op.create_index(batch_op.f("ix_kept_booking_run_id"), ["run_id"], unique=False)

    op.create_table(
        "lease",
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(length=300), nullable=True),
        sa.Column("host", sa.String(length=300), nullable=True),
        sa.Column("process_id", sa.Integer(), nullable=True),
        sa.Column("process_started_at", sa.Float(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", name=op.f("pk_lease")),
    )
    op.create_table(
        "mapping_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column("change_id", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("activity_id", sa.String(length=64), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_history")),
    )
    with op.batch_alter_table("mapping_history", schema=None) as batch_op:
        batch_op.create_index("ix_mapping_history_booking", ["integration_id", "booking_id"], unique=False)

    op.create_table(
        "portal",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=True),
        sa.Column("ui_domain", sa.String(length=200), nullable=True),
        sa.Column("time_zone", sa.String(length=100), nullable=True),
        sa.Column("has_unique_key", sa.Boolean(), nullable=True, comment="null: not probed yet"),
        sa.Column("provisioned_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("dag_run_id", sa.String(length=500), nullable=False),
        sa.Column("run_type", sa.String(length=50), nullable=False),
        sa.Column("requested_by", sa.String(length=250), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False, comment="what concerns the run as a whole"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("dag_id", "dag_run_id", name=op.f("uq_run_dag_id_dag_run_id")),
    )
    op.create_table(
        "staged_booking",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("schedule_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("rescheduled_from_id", sa.String(length=200), nullable=True),
        sa.Column("rescheduled_to_id", sa.String(length=200), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "integration_id", "booking_id", name=op.f("pk_staged_booking")),
    )
    op.create_table(
        "change",
        sa.Column("id", sa.String(length=64), nullable=False, comment="also the trace id of its requests"),
        sa.Column("run_id", sa.String(length=64), nullable=False, comment="the run that planned it"),
        sa.Column("worker_run_id", sa.String(length=64), nullable=False, comment="the run that works on it now"),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column("booking_version", sa.BigInteger(), nullable=False),
        sa.Column("booking_created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("activity_key", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column(
            "activity_id", sa.String(length=64), nullable=True, comment="the activity that stands, once it is known"
        ),
        sa.Column("old_activity_id", sa.String(length=64), nullable=True, comment="the activity to archive"),
        sa.Column(
            "old_booking_id",
            sa.String(length=200),
            nullable=True,
            comment="the booking that owned it, where another one (R2)",
        ),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("unanswered_count", sa.Integer(), nullable=False, comment="requests that came to nothing unanswered"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("error_code", sa.String(length=200), nullable=True),
        sa.Column(
            "previous_error_code",
            sa.String(length=200),
            nullable=True,
            comment="what the last run was told, so that only news is alarming",
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column(
            "contact_ids", sa.JSON(), nullable=True, comment="what the sent request associates, for reading it back"
        ),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_change_integration_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_worker_run_id"), ["worker_run_id"], unique=False)
        batch_op.create_index(
            "uq_change_open",
            ["integration_id", "booking_id"],
            unique=True,
            postgresql_where=sa.text("state IN ('planned', 'sending', 'unknown', 'kept')"),
            sqlite_where=sa.text("state IN ('planned', 'sending', 'unknown', 'kept')"),
        )

    op.create_table(
        "drift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column(
            "booking_id",
            sa.String(length=200),
            nullable=True,
            comment="null where the activity names no booking that we know",
        ),
        sa.Column("activity_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False, comment="without personal data"),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_drift_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift")),
    )
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drift_run_id"), ["run_id"], unique=False)

    op.create_table(
        "integration_run",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_mending", sa.Boolean(), nullable=False, comment="what failed will mend itself"),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_integration_run_integration_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_integration_run_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "integration_id", name=op.f("pk_integration_run")),
    )
    op.create_table(
        "mapping",
        sa.Column("integration_id", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("activity_id", sa.String(length=64), nullable=True),
        sa.Column("activity_key", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False, comment="how many activities this booking has had"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("schedule_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_ids", sa.JSON(), nullable=False),
        sa.Column("replaced_by", sa.String(length=200), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_mapping_integration_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("integration_id", "booking_id", name=op.f("pk_mapping")),
        sa.UniqueConstraint("integration_id", "activity_id", name=op.f("uq_mapping_integration_id_activity_id")),
    )

"""The tables of the mapping database, as SQLAlchemy Core.

Times are UTC; they come back aware from SQLite and PostgreSQL alike. Columns named ``payload`` hold personal data,
encrypted, and are emptied as soon as the change they belong to is over. Columns named ``appearance`` are encrypted too,
and stay: they hold nothing of an invitee (:mod:`booking_sync.appearance`).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from booking_sync.store.columns import NAMING, UtcDateTime

metadata = MetaData(naming_convention=NAMING)

IS_OPEN = text("state IN ('planned', 'sending', 'unknown', 'kept')")
"""What the index over open changes covers; a query uses that index only where it says so in the same words."""

IS_PLANNED = text("state = 'planned'")
"""The same for the index over changes that wait for their run."""

IS_IN_FLIGHT = text("state IN ('sending', 'unknown')")
"""The same for the index over changes whose last request has no known outcome."""

installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("salt", LargeBinary, nullable=False, comment="encrypted; keys the hashes of e-mail addresses"),
)

integration = Table(
    "integration",
    metadata,
    Column("id", String(300), primary_key=True),
    Column("workspace_id", String(200), nullable=False),
    Column("workspace_name", String(1000), nullable=False),
    Column("portal_id", String(64), nullable=False),
    Column("state", String(32), nullable=False),
    Column("state_reason", Text),
    Column("connected_at", UtcDateTime, nullable=False),
    Column("watermark", UtcDateTime, nullable=False, comment="everything before it is recorded, without a gap"),
    Column("settings", JSON, nullable=False),
    Column("paused_by", String(250), comment="a person's pause, which only a person ends"),
    Column("paused_at", UtcDateTime),
    Column("pause_reason", Text),
    Column("alerted_at", UtcDateTime, comment="when a run said what is wrong with it"),
    Column(
        "completed_until",
        UtcDateTime,
        comment="meetings that ended before it have been marked so, or never will be (A8)",
    ),
    Column("swept_at", UtcDateTime, comment="what changed in HubSpot until then is known; null: nothing is"),
    UniqueConstraint("workspace_id", "portal_id"),
)

portal = Table(
    "portal",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(1000)),
    Column("ui_domain", String(200)),
    Column("time_zone", String(100)),
    Column("has_unique_key", Boolean, comment="null: not probed yet"),
    Column("provisioned_at", UtcDateTime),
    Column(
        "contact_properties", JSON(none_as_null=True), comment="names of those of ours that are known to exist (Q2)"
    ),
)

lease = Table(
    "lease",
    metadata,
    Column("integration_id", String(300), primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("holder", String(300)),
    Column("host", String(300)),
    Column("process_id", Integer),
    Column("process_started_at", Float),
    Column("expires_at", UtcDateTime, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("dag_id", String(250), nullable=False),
    Column("dag_run_id", String(500), nullable=False),
    Column("run_type", String(50), nullable=False),
    Column("requested_by", String(250), nullable=False),
    Column("request", JSON, nullable=False),
    Column("is_dry_run", Boolean, nullable=False),
    Column("state", String(32), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("counts", JSON),
    Column("findings", JSON, nullable=False, comment="what concerns the run as a whole"),
    UniqueConstraint("dag_id", "dag_run_id"),
    Index("ix_run_opened", "opened_at"),
)

integration_run = Table(
    "integration_run",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("integration_id", ForeignKey("integration.id", ondelete="CASCADE"), primary_key=True),
    Column("shard", Integer, nullable=False, server_default=text("0")),
    Column("window_start", UtcDateTime),
    Column("window_end", UtcDateTime),
    Column("state", String(32), nullable=False),
    Column("reason", Text),
    Column("is_mending", Boolean, nullable=False, default=False, comment="what failed will mend itself"),
    Column("counts", JSON, nullable=False),
    Column("guard", JSON(none_as_null=True), comment="what the plan guard says: a sentence, and whether it is news"),
    Column("plan_checksum", String(64), comment="of what the run was to do, with what waits for an approval"),
    Column("step_times", JSON, comment="by step: when it began and ended here (ISO 8601, UTC)"),
)

change = Table(
    "change",
    metadata,
    Column("id", String(64), primary_key=True, comment="also the trace id of its requests"),
    Column("run_id", String(64), nullable=False, comment="the run that planned it"),
    Column("worker_run_id", String(64), nullable=False, comment="the run that works on it now"),
    Column("integration_id", ForeignKey("integration.id", ondelete="CASCADE"), nullable=False),
    Column("booking_id", String(200), nullable=False),
    Column("booking_version", BigInteger, nullable=False),
    Column("booking_created_at", UtcDateTime, nullable=False),
    Column("booking_updated_at", UtcDateTime, comment="since when Calendar.com has had this version"),
    Column("operation", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("step", String(32), nullable=False),
    Column("state", String(32), nullable=False),
    Column("revision", String(64), nullable=False),
    Column("activity_key", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("activity_id", String(64), comment="the activity that stands, once it is known"),
    Column("old_activity_id", String(64), comment="the activity to archive"),
    Column("old_booking_id", String(200), comment="the booking that owned it, where another one (R2)"),
    Column(
        "activity_outcome",
        String(32),
        comment="what the activity is to show (A5, A8); null: what the booking's status says",
    ),
    Column("old_activity_key", String(64), comment="the marker of an activity that is taken over (R6)"),
    Column("has_new_host", Boolean, comment="the owner of a moved activity is to be replaced (R6)"),
    Column("attempt_count", Integer, nullable=False, default=0),
    Column("unanswered_count", Integer, nullable=False, default=0, comment="requests that came to nothing unanswered"),
    Column("sent_at", UtcDateTime),
    Column("fence", BigInteger),
    Column("error_code", String(200)),
    Column("previous_error_code", String(200), comment="what the last run was told, so that only news is alarming"),
    Column("error", Text),
    Column("warnings", JSON, nullable=False),
    Column("contact_ids", JSON, comment="what the sent request associates, for reading it back"),
    Column(
        "contact_decisions",
        JSON(none_as_null=True),
        comment="pairs of contact id and how it was come by; no addresses",
    ),
    Column("refused_at", UtcDateTime, comment="since when it waits because its plan is refused (W5)"),
    Column("approval_id", Integer, comment="the refused_plan whose approval lets it through"),
    Column("outcome", String(32)),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("payload", LargeBinary),
    Column("appearance", LargeBinary, comment="encrypted; what the activity is to show"),
    Column("appearance_before", LargeBinary, comment="encrypted; what it showed when the change was planned"),
    Column("outcome_before", String(32), comment="the outcome that it showed then"),
    Index(
        "uq_change_open",
        "integration_id",
        "booking_id",
        unique=True,
        postgresql_where=IS_OPEN,
        sqlite_where=IS_OPEN,
    ),
    Index(
        "ix_change_planned",
        "worker_run_id",
        "integration_id",
        "operation",
        "step",
        "booking_created_at",
        "booking_id",
        postgresql_where=IS_PLANNED,
        sqlite_where=IS_PLANNED,
    ),
    Index(
        "ix_change_in_flight",
        "integration_id",
        "sent_at",
        postgresql_where=IS_IN_FLIGHT,
        sqlite_where=IS_IN_FLIGHT,
    ),
    Index("ix_change_run", "run_id", "integration_id"),
    Index("ix_change_worker", "worker_run_id", "integration_id"),
    Index("ix_change_closed", "closed_at"),
    Index("ix_change_booking", "booking_id", "integration_id"),  # begins with what is rare: see ADR 0023
    Index(
        "ix_change_unanswered",
        "integration_id",
        "sent_at",
        postgresql_where=text("unanswered_count > 0"),
        sqlite_where=text("unanswered_count > 0"),
    ),
)

refused_plan = Table(
    "refused_plan",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("integration_id", String(300), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("checksum", String(64), nullable=False, index=True),
    Column("state", String(32), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("size", Integer, nullable=False, comment="how many changes it holds"),
    Column("run_id", String(64), nullable=False, comment="the run whose plan was refused first"),
    Column("refused_at", UtcDateTime, nullable=False),
    Column("approved_by", String(250)),
    Column("approved_at", UtcDateTime),
    Column("used_by_run_id", String(64), comment="the run that the approval let through, once"),
    Column("dag_id", String(250), comment="the DAG that carries it out once it is approved"),
    Column("request", JSON(none_as_null=True), comment="the form with which that DAG does"),
    Column("asked_at", UtcDateTime, comment="when the question was put to people in Airflow"),
    Column("question_ended_at", UtcDateTime, comment="when that question was answered, withdrawn or timed out"),
    Column("rejected_by", String(250)),
    Column("rejected_at", UtcDateTime),
    Index("ix_refused_plan_integration", "integration_id", "kind", "state"),
)

mapping = Table(
    "mapping",
    metadata,
    Column("integration_id", ForeignKey("integration.id", ondelete="CASCADE"), primary_key=True),
    Column("booking_id", String(200), primary_key=True),
    Column("state", String(32), nullable=False),
    Column("activity_id", String(64)),
    Column("activity_key", String(64), nullable=False),
    Column("generation", Integer, nullable=False, comment="how many activities this booking has had"),
    Column("version", BigInteger, nullable=False),
    Column("schedule_fingerprint", String(64), nullable=False),
    Column("content_fingerprint", String(64), nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("contact_ids", JSON, nullable=False),
    Column("outcome", String(32), comment="what the activity shows (A8); null: what the state says"),
    Column("guests_fingerprint", String(64), comment="null: guests were not passed on (C7)"),
    Column("replaced_by", String(200)),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("appearance", LargeBinary, comment="encrypted; what the activity shows, but for its outcome"),
    Column("seen_version", BigInteger, comment="the last version that was read and needed no change"),
    Column("seen_at", UtcDateTime, comment="when that was"),
    UniqueConstraint("integration_id", "activity_id"),
    Index("ix_mapping_end", "integration_id", "end_at"),
)

mapping_history = Table(
    "mapping_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("integration_id", String(300), nullable=False),
    Column("booking_id", String(200), nullable=False),
    Column("change_id", String(64), nullable=False),
    Column("event", String(32), nullable=False),
    Column("activity_id", String(64)),
    Column("version", BigInteger, nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("generation", Integer, comment="which of the booking's activities it was; null in rows of older versions"),
    Index("ix_mapping_history_booking", "booking_id", "integration_id"),
    Index("ix_mapping_history_activity", "activity_id", "integration_id"),
)

contact_link = Table(
    "contact_link",
    metadata,
    Column("portal_id", String(64), primary_key=True),
    Column("email_hash", String(64), primary_key=True),
    Column("contact_id", String(64)),
    Column("is_ours", Boolean, nullable=False, comment="this integration created the contact"),
    Column("refusal", String(200), comment="why HubSpot does not take this address (C6)"),
    Column("recorded_at", UtcDateTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("run_id", String(64), nullable=False, index=True),
    Column("requested_by", String(250), nullable=False),
    Column("integration_id", String(300), nullable=False),
    Column("change_id", String(64), nullable=False, index=True),
    Column("booking_id", String(200), nullable=False),
    Column("booking_version", BigInteger, nullable=False),
    Column("action", String(32), nullable=False),
    Column("object_type", String(32), nullable=False),
    Column("object_id", String(64)),
    Column("email_hash", String(64)),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("outcome", String(32), nullable=False),
    Column("finished_at", UtcDateTime),
    Column("error_code", String(200)),
    Column("correlation_id", String(100)),
    Index("ix_audit_booking", "integration_id", "booking_id"),
    Index("ix_audit_email", "integration_id", "email_hash"),
)

drift = Table(
    "drift",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("integration_id", String(300), nullable=False),
    Column("booking_id", String(200), comment="null where the activity names no booking that we know"),
    Column("activity_id", String(64)),
    Column("kind", String(32), nullable=False),
    Column("sentence", Text, nullable=False, comment="without personal data"),
    Column("found_at", UtcDateTime, nullable=False),
    Column("mended", Boolean, nullable=False, default=False),
    Index("ix_drift_found", "integration_id", "found_at"),
    Index("ix_drift_booking", "integration_id", "booking_id"),
)

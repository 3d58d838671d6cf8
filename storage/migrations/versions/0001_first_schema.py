"""The first schema.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Spelled out here rather than imported: a revision must not change when the column types do.
_TEXT = sa.Text()
_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOT_DONE = sa.text("done_at IS NULL")
_OPEN_WITH_KEY = sa.text("status <> 'resolved' AND dedup_key IS NOT NULL")


def upgrade() -> None:
    _create_calls()
    _create_incidents()
    _create_notifications()
    _create_configuration()
    _create_coordination()
    _create_access()
    _create_journal()


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("hotline", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("provider_call_id", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("outcome", _TEXT, nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("degraded", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("caller_number", _TEXT, nullable=True),
        sa.Column("caller_name", _TEXT, nullable=True),
        sa.Column("withheld", sa.Boolean(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("answered_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", _TIME, nullable=True),
        sa.Column("body", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("provider", "provider_call_id", name=op.f("uq_calls_provider_provider_call_id")),
    )
    op.create_index(op.f("ix_calls_caller_number"), "calls", ["caller_number"])
    op.create_index(op.f("ix_calls_hotline_started_at"), "calls", ["hotline", "started_at"])
    op.create_index(op.f("ix_calls_outcome_started_at"), "calls", ["outcome", "started_at"])
    op.create_index(op.f("ix_calls_started_at_id"), "calls", ["started_at", "id"])
    op.create_index(op.f("ix_calls_status_started_at"), "calls", ["status", "started_at"])
    op.create_table(
        "call_timeline",
        sa.Column("call_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("text", _TEXT, nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_timeline_call_id_calls")),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_call_timeline")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("call_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("reference", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("source_url", _TEXT, nullable=True),
        sa.Column("object_key", _TEXT, nullable=True),
        sa.Column("length", sa.Integer(), nullable=True),
        sa.Column("sha256", _TEXT, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("stored_at", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_recordings_provider_reference")),
    )
    op.create_index(op.f("ix_recordings_call_id"), "recordings", ["call_id"])


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("dedup_key", _TEXT, nullable=True),
        sa.Column("integration", _TEXT, nullable=False),
        sa.Column("service", _TEXT, nullable=True),
        sa.Column("policy_key", _TEXT, nullable=True),
        sa.Column("policy", _JSON, nullable=True),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("priority", _TEXT, nullable=True),
        sa.Column("severity", _TEXT, nullable=True),
        sa.Column("responders", _JSON, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("next_due_at", _TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("suppressed_events", sa.Integer(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("first_seen", _TIME, nullable=False),
        sa.Column("last_seen", _TIME, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("acknowledged_at", _TIME, nullable=True),
        sa.Column("acknowledged_by", _TEXT, nullable=True),
        sa.Column("resolved_at", _TIME, nullable=True),
        sa.Column("resolved_by", _TEXT, nullable=True),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("call_id", _TEXT, nullable=True),
        sa.Column("payload", _JSON, nullable=False),
        sa.Column("parsing_failed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("number", name=op.f("uq_incidents_number")),
    )
    op.create_index(op.f("ix_incidents_call_id"), "incidents", ["call_id"])
    op.create_index(op.f("ix_incidents_integration_number"), "incidents", ["integration", "number"])
    op.create_index(op.f("ix_incidents_service_number"), "incidents", ["service", "number"])
    op.create_index(op.f("ix_incidents_status_number"), "incidents", ["status", "number"])
    op.create_index(op.f("ix_incidents_title"), "incidents", ["title"], postgresql_using="hash")
    op.create_index(
        "uq_incidents_open_dedup_key",
        "incidents",
        ["integration", "dedup_key"],
        unique=True,
        sqlite_where=_OPEN_WITH_KEY,
        postgresql_where=_OPEN_WITH_KEY,
    )
    op.create_table(
        "incident_timeline",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("incident_id", _TEXT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("text", _TEXT, nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_timeline_incident_id_incidents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_timeline")),
    )
    op.create_index(op.f("ix_incident_timeline_incident_id_id"), "incident_timeline", ["incident_id", "id"])
    op.create_table(
        "occurrences",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("incident_id", _TEXT, nullable=False),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_occurrences_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrences")),
    )
    op.create_index(op.f("ix_occurrences_incident_id_id"), "occurrences", ["incident_id", "id"])
    op.create_table(
        "event_ids",
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("incident_id", _TEXT, nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_ids")),
    )
    op.create_index(op.f("ix_event_ids_at"), "event_ids", ["at"])
    op.create_table(
        "counters",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("incident_id", _TEXT, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("channel", _TEXT, nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("rule", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=True),
        sa.Column("provider_id", _TEXT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", _TEXT, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("claimed_at", _TIME, nullable=True),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_notifications_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "incident_id", "round", "level", "position", "channel", "user", "address", name="uq_notifications_alert"
        ),
    )
    op.create_index(op.f("ix_notifications_provider_provider_id"), "notifications", ["provider", "provider_id"])
    op.create_table(
        "receipts",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("notification_id", _TEXT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_receipts_notification_id_notifications")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
    )
    op.create_index(op.f("ix_receipts_notification_id"), "receipts", ["notification_id"])


def _create_configuration() -> None:
    op.create_table(
        "resources",
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_resources")),
    )
    op.create_table(
        "overrides",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("schedule", _TEXT, nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")),
    )
    op.create_index(op.f("ix_overrides_schedule"), "overrides", ["schedule"])
    op.create_table(
        "directory_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_version")),
    )
    op.create_table(
        "test_modes",
        sa.Column("hotline", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("hotline", name=op.f("pk_test_modes")),
    )
    op.create_table(
        "hotline_states",
        sa.Column("hotline", _TEXT, nullable=False),
        sa.Column("pinned_account", _TEXT, nullable=True),
        sa.Column("pinned_number", _TEXT, nullable=True),
        sa.Column("last_call_at", _TIME, nullable=True),
        sa.Column("hangup_seen", sa.Boolean(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hotline", name=op.f("pk_hotline_states")),
    )


def _create_coordination() -> None:
    op.create_table(
        "commands",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("target", _TEXT, nullable=False),
        sa.Column("payload", _JSON, nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("not_before", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", _TEXT, nullable=True),
        sa.Column("done_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_commands_done_at"), "commands", ["done_at"])
    op.create_index(
        "ix_commands_pending", "commands", ["lane", "id"], sqlite_where=_NOT_DONE, postgresql_where=_NOT_DONE
    )
    op.create_index(
        "ix_commands_pending_target", "commands", ["target", "id"], sqlite_where=_NOT_DONE, postgresql_where=_NOT_DONE
    )
    op.create_table(
        "leases",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("holder", _TEXT, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )


def _create_access() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=True),
        sa.Column("hash", _TEXT, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_tokens_hash")),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "sign_ins",
        sa.Column("hash", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sign_ins")),
    )


def _create_journal() -> None:
    # On SQLite the journal has a file of its own.
    if op.get_bind().dialect.name == "sqlite":
        return
    op.create_table(
        "journal",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("integration", _TEXT, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("headers", _JSON, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_journal_received_at"), "journal", ["received_at"])


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_table("journal")
    for table in (
        "call_timeline",
        "calls",
        "recordings",
        "incident_timeline",
        "occurrences",
        "receipts",
        "notifications",
        "incidents",
        "event_ids",
        "counters",
        "resources",
        "overrides",
        "directory_version",
        "test_modes",
        "hotline_states",
        "commands",
        "leases",
        "api_tokens",
        "sessions",
        "sign_ins",
    ):
        op.drop_table(table)

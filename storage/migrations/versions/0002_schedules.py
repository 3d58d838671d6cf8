"""Notices, calendar feeds, foreign calendars, and phones that were proved.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Spelled out here rather than imported: a revision must not change when the column types do.
_TEXT = sa.Text()
_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _create_notices()
    _create_calendars()
    _create_phones()


def _create_notices() -> None:
    op.create_table(
        "shift_watches",
        sa.Column("schedule", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=True),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("looked_at", _TIME, nullable=False),
        sa.Column("next_at", _TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("schedule", name=op.f("pk_shift_watches")),
    )
    op.create_table(
        "notices",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("topic", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("about", _TEXT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("recipient", _TEXT, nullable=False),
        sa.Column("channel", _TEXT, nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("stale_at", _TIME, nullable=True),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=True),
        sa.Column("provider_id", _TEXT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", _TEXT, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("claimed_at", _TIME, nullable=True),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("mended_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("topic", "kind", "about", "at", "recipient", "channel", name="uq_notices_one_message"),
    )
    with op.batch_alter_table("notices") as batch:
        batch.create_index(batch.f("ix_notices_topic_created_at_id"), ["topic", "created_at", "id"])
        batch.create_index(batch.f("ix_notices_state"), ["state"])


def _create_calendars() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("scope", _TEXT, nullable=False),
        sa.Column("schedule", _TEXT, nullable=True),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.Column("last_read_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
    )
    with op.batch_alter_table("calendar_feeds") as batch:
        batch.create_index(batch.f("ix_calendar_feeds_user"), ["user"])
    op.create_table(
        "calendar_states",
        sa.Column("calendar", _TEXT, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("tried_at", _TIME, nullable=False),
        sa.Column("refreshed_at", _TIME, nullable=True),
        sa.Column("error", _TEXT, nullable=True),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("calendar", name=op.f("pk_calendar_states")),
    )
    op.create_table(
        "calendar_events",
        sa.Column("calendar", _TEXT, nullable=False),
        sa.Column("read_at", _TIME, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uid", _TEXT, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("starts", _TIME, nullable=False),
        sa.Column("ends", _TIME, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("day_after", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("calendar", "read_at", "position", name=op.f("pk_calendar_events")),
    )
    with op.batch_alter_table("calendar_events") as batch:
        batch.create_index(batch.f("ix_calendar_events_calendar_starts"), ["calendar", "starts"])


def _create_phones() -> None:
    op.create_table(
        "verified_phones",
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("number", _TEXT, nullable=False),
        sa.Column("how", _TEXT, nullable=False),
        sa.Column("verified_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("user", "number", name=op.f("pk_verified_phones")),
    )
    op.create_table(
        "phone_codes",
        sa.Column("number", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("hash", _TEXT, nullable=False),
        sa.Column("sent_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("hour_began_at", _TIME, nullable=False),
        sa.Column("sent_in_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_phone_codes")),
    )


def downgrade() -> None:
    for table in (
        "shift_watches",
        "notices",
        "calendar_feeds",
        "calendar_states",
        "calendar_events",
        "verified_phones",
        "phone_codes",
    ):
        op.drop_table(table)

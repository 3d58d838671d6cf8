"""The tables. Rows never load each other by themselves: what belongs together is read by one explicit statement.

Times are aware UTC. Documents (``body``, ``payload``, ``policy``, ``data``) are plain JSON; the columns beside them are
what lists filter, unique rules guard, or compare-and-set needs.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, MetaData, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.journal_tables import NAMING_CONVENTION
from storage.types import Json, SafeText, Sequence, UtcDateTime


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar = {
        str: SafeText,
        datetime: UtcDateTime,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class ResourceRow(Base):
    """One resource of the configuration, as in the configuration file."""

    __tablename__ = "resources"

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    version: Mapped[int]
    updated_at: Mapped[datetime]


class OverrideRow(Base):
    """A schedule override. Those with source ``api`` survive an apply; ``created_at`` decides which is newest."""

    __tablename__ = "overrides"

    id: Mapped[str] = mapped_column(primary_key=True)
    schedule: Mapped[str] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]
    source: Mapped[str]
    created_at: Mapped[datetime]


class DirectoryVersionRow(Base):
    """The single row (id 1) whose version rises with every change of the configuration."""

    __tablename__ = "directory_version"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]


class TestModeRow(Base):
    __tablename__ = "test_modes"
    __test__ = False  # pytest must not take the class for a test

    hotline: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    until: Mapped[datetime]


class HotlineStateRow(Base):
    """What the calls taught us about a hotline: which account and number it is pinned to, and what was seen."""

    __tablename__ = "hotline_states"

    hotline: Mapped[str] = mapped_column(primary_key=True)
    pinned_account: Mapped[str | None]
    pinned_number: Mapped[str | None]
    last_call_at: Mapped[datetime | None]
    hangup_seen: Mapped[bool] = mapped_column(default=False)
    verified: Mapped[bool] = mapped_column(default=False)


class CallRow(Base):
    """A call as the log shows it, written whole by the projection; a lower ``revision`` than the stored one is ignored.
    A deleted call leaves an empty row behind (``deleted_at``), so that a late projection cannot bring it back."""

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("provider", "provider_call_id"),
        Index(None, "started_at", "id"),
        Index(None, "hotline", "started_at"),
        Index(None, "status", "started_at"),
        Index(None, "outcome", "started_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    hotline: Mapped[str]
    provider: Mapped[str]
    provider_call_id: Mapped[str]
    status: Mapped[str]
    outcome: Mapped[str | None]
    test: Mapped[bool] = mapped_column(default=False)
    verified: Mapped[bool] = mapped_column(default=False)
    degraded: Mapped[bool] = mapped_column(default=False)
    archived: Mapped[bool] = mapped_column(default=False)
    caller_number: Mapped[str | None] = mapped_column(index=True)
    caller_name: Mapped[str | None]
    withheld: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    duration_seconds: Mapped[int | None]
    revision: Mapped[int]
    deleted_at: Mapped[datetime | None]
    #: attempts, answered_by, voicemail, warnings, verification …, as the API shows them
    body: Mapped[dict[str, Any]]


class CallTimelineRow(Base):
    """One step of a call; the projection replaces a call's steps as a whole."""

    __tablename__ = "call_timeline"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    text: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class RecordingRow(Base):
    """A recording of a call; it may be known before the call's own row is. ``source_url`` is sealed."""

    __tablename__ = "recordings"
    __table_args__ = (UniqueConstraint("provider", "reference"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    provider: Mapped[str]
    reference: Mapped[str]
    state: Mapped[str]
    seconds: Mapped[int | None]
    source_url: Mapped[str | None]
    object_key: Mapped[str | None]
    length: Mapped[int | None]
    sha256: Mapped[str | None]
    created_at: Mapped[datetime]
    stored_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


_OPEN_WITH_KEY = text("status <> 'resolved' AND dedup_key IS NOT NULL")


class IncidentRow(Base):
    """An incident. ``version`` rises with every change of what people or the engine decide (compare-and-set)."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "uq_incidents_open_dedup_key",
            "integration",
            "dedup_key",
            unique=True,
            sqlite_where=_OPEN_WITH_KEY,
            postgresql_where=_OPEN_WITH_KEY,
        ),
        Index(None, "status", "number"),
        Index(None, "integration", "number"),
        Index(None, "service", "number"),
        # A title may be longer than a B-tree entry; a hash index has no such bound and serves equality.
        Index(None, "title", postgresql_using="hash"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    title: Mapped[str]
    dedup_key: Mapped[str | None]
    integration: Mapped[str]
    service: Mapped[str | None]
    policy_key: Mapped[str | None]
    #: the escalation policy as it was when the incident opened
    policy: Mapped[dict[str, Any] | None]
    status: Mapped[str]
    priority: Mapped[str | None]
    severity: Mapped[str | None]
    #: users who were alerted, and those whom somebody added by hand
    responders: Mapped[list[Any]] = mapped_column(default=list)
    level: Mapped[int] = mapped_column(default=0)
    round: Mapped[int] = mapped_column(default=0)
    next_due_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    suppressed_events: Mapped[int] = mapped_column(default=0)
    occurrences: Mapped[int] = mapped_column(default=1)
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    created_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    muted: Mapped[bool] = mapped_column(default=False)
    call_id: Mapped[str | None] = mapped_column(index=True)
    payload: Mapped[dict[str, Any]]
    parsing_failed: Mapped[bool] = mapped_column(default=False)


class IncidentTimelineRow(Base):
    __tablename__ = "incident_timeline"
    __table_args__ = (Index(None, "incident_id", "id"),)

    id: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    text: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class OccurrenceRow(Base):
    """One event that was counted to an incident, the first one included."""

    __tablename__ = "occurrences"
    __table_args__ = (Index(None, "incident_id", "id"),)

    id: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    event_id: Mapped[str]
    at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    kind: Mapped[str]


class NotificationRow(Base):
    """One alert to one address. A row before anything is sent; ``position`` is the alert's place in its level."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint(
            "incident_id", "round", "level", "position", "channel", "user", "address", name="uq_notifications_alert"
        ),
        Index(None, "provider", "provider_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    level: Mapped[int]
    round: Mapped[int]
    position: Mapped[int]
    #: empty when the alert goes to a room or an address rather than a person; never null, a null would not be unique
    user: Mapped[str] = mapped_column(default="")
    channel: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    #: why this person, in words for the log
    reason: Mapped[str]
    #: by which rule of the policy
    rule: Mapped[str]
    state: Mapped[str]
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ReceiptRow(Base):
    """A provider's word on an alert that was sent."""

    __tablename__ = "receipts"

    id: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    notification_id: Mapped[str] = mapped_column(ForeignKey("notifications.id"), index=True)
    at: Mapped[datetime]
    status: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class EventIdRow(Base):
    """An event that has been processed, and the incident it went to; a repetition finds its id taken."""

    __tablename__ = "event_ids"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(index=True)


_NOT_DONE = text("done_at IS NULL")


class CommandRow(Base):
    """The outbox: what Temporal is still to be told. ``lane`` 0 is urgent, 1 bulk; one in flight per ``target``."""

    __tablename__ = "commands"
    __table_args__ = (
        Index("ix_commands_pending", "lane", "id", sqlite_where=_NOT_DONE, postgresql_where=_NOT_DONE),
        Index("ix_commands_pending_target", "target", "id", sqlite_where=_NOT_DONE, postgresql_where=_NOT_DONE),
        Index(None, "done_at"),
        # A number may not come back after trimming: a late mark_done would hit a new command.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    kind: Mapped[str]
    target: Mapped[str]
    payload: Mapped[dict[str, Any]]
    lane: Mapped[int]
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]


class LeaseRow(Base):
    """Who does a job that only one process may do. ``epoch`` rises whenever the holder changes."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    epoch: Mapped[int]
    expires_at: Mapped[datetime]


class ApiTokenRow(Base):
    """An API token; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    user: Mapped[str | None]
    hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SessionRow(Base):
    """A browser that is signed in; only the SHA-256 of its cookie is kept."""

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    expires_at: Mapped[datetime]


class SignInRow(Base):
    """A sign-in link that works once; only the SHA-256 of its token is kept."""

    __tablename__ = "sign_ins"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CounterRow(Base):
    """A number that only counts up (incident numbers)."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)

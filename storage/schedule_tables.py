"""The tables around schedules: notices about shifts, calendar feeds, foreign calendars, and phones that were proved.

The conventions are those of ``storage.tables``.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import Base


class ShiftWatchRow(Base):
    """Who was last announced as on call in a schedule, and up to when shifts were looked through. ``version`` rises
    with each look (compare-and-set), so that a change is announced once."""

    __tablename__ = "shift_watches"

    schedule: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str | None]
    since: Mapped[datetime]
    looked_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ScheduleNoticeRow(Base):
    """One message about a schedule to one recipient over one channel. A row before anything is sent.

    ``kind`` and ``about`` (a user, or the word for what is wrong) at the moment ``at`` say what it is about; with the
    recipient they are unique, so the same thing is never told twice. ``recipient`` is a user, a room or a webhook.
    """

    __tablename__ = "schedule_notices"
    __table_args__ = (
        UniqueConstraint(
            "schedule", "kind", "about", "at", "recipient", "channel", name="uq_schedule_notices_one_message"
        ),
        Index(None, "schedule", "created_at", "id"),
        Index(None, "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    schedule: Mapped[str]
    kind: Mapped[str]
    about: Mapped[str]
    at: Mapped[datetime]
    recipient: Mapped[str]
    channel: Mapped[str]
    #: what is said, frozen when the row is made: subject and text, or a webhook's document
    body: Mapped[dict[str, Any]]
    state: Mapped[str]
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class CalendarFeedRow(Base):
    """A subscription link to shifts. The link is signed with our keys; the row says what it shows and revokes it."""

    __tablename__ = "calendar_feeds"

    id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(index=True)
    scope: Mapped[str]
    schedule: Mapped[str | None]
    horizon_days: Mapped[int]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_read_at: Mapped[datetime | None]


class CalendarStateRow(Base):
    """How the last reading of a foreign calendar went. ``error`` is for people; the events of before stay."""

    __tablename__ = "calendar_states"

    calendar: Mapped[str] = mapped_column(primary_key=True)
    tried_at: Mapped[datetime]
    refreshed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class CalendarEventRow(Base):
    """One occurrence of an event of a foreign calendar; a reading replaces a calendar's events as a whole.

    All-day events have days instead of instants: they begin at midnight wherever they are looked at.
    """

    __tablename__ = "calendar_events"
    __table_args__ = (Index(None, "calendar", "starts"),)

    calendar: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uid: Mapped[str]
    title: Mapped[str]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    first_day: Mapped[date | None] = mapped_column(Date)
    #: the day after the last one
    day_after: Mapped[date | None] = mapped_column(Date)


class VerifiedPhoneRow(Base):
    """A phone at which its user has proved to be: by a code that was sent there, or by a key pressed in a call."""

    __tablename__ = "verified_phones"

    user: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True)
    how: Mapped[str]
    verified_at: Mapped[datetime]


class PhoneCodeRow(Base):
    """A code on its way to a phone; only its SHA-256 is kept."""

    __tablename__ = "phone_codes"

    user: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str]
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)

"""The tables around schedules: what was announced, calendar feeds, foreign calendars, and phones that were proved.

The conventions are those of ``storage.tables``.
"""

from datetime import date, datetime

from sqlalchemy import Date, Index, LargeBinary
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
    #: the next change that the last look saw coming: an earlier one is an edit made since
    next_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


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
    """How the last reading of a foreign calendar went. ``error`` is for people; the events of before stay.

    ``source`` tells apart what was read: the digest of an address, or the file that was handed in and is kept here.
    """

    __tablename__ = "calendar_states"

    calendar: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    tried_at: Mapped[datetime]
    #: the reading whose events are shown
    refreshed_at: Mapped[datetime | None]
    error: Mapped[str | None]
    file: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class CalendarEventRow(Base):
    """One occurrence of an event of a foreign calendar, by the reading that brought it: a reading replaces a calendar's
    events as a whole, but is written in pieces.

    All-day events have days: they begin at midnight wherever they are looked at.
    """

    __tablename__ = "calendar_events"
    __table_args__ = (Index(None, "calendar", "starts"),)

    calendar: Mapped[str] = mapped_column(primary_key=True)
    read_at: Mapped[datetime] = mapped_column(primary_key=True)
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
    """The last code that was sent to a number, and how many were sent within an hour of ``hour_began_at``. Only the
    code's SHA-256 is kept."""

    __tablename__ = "phone_codes"

    number: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    hash: Mapped[str]
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    hour_began_at: Mapped[datetime]
    sent_in_hour: Mapped[int]

"""Subscription links to shifts. A link's secret is its signature, so rows hold none: they say what a link shows, and
whether it was revoked."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar_feeds import Feed
from domain.ids import public_id
from storage.schedule_tables import CalendarFeedRow

#: calendars come by every few minutes; a row that is written each time would cost more than it tells
TOUCH_EVERY = timedelta(hours=1)


async def create(session: AsyncSession, feed: Feed, now: datetime) -> CalendarFeedRow:
    row = CalendarFeedRow(
        id=public_id("feed", secrets.token_bytes(16)),
        user=feed.user,
        scope=feed.scope,
        schedule=feed.schedule,
        horizon_days=feed.horizon_days,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def in_force(session: AsyncSession, feed_id: str) -> CalendarFeedRow | None:
    """The feed, or ``None`` when it is unknown or revoked."""
    return await session.scalar(
        select(CalendarFeedRow).where(CalendarFeedRow.id == feed_id, CalendarFeedRow.revoked_at.is_(None))
    )


async def of_user(session: AsyncSession, user: str | None) -> Sequence[CalendarFeedRow]:
    """The user's feeds, or with ``None`` everybody's; revoked ones too, the oldest first."""
    wanted = select(CalendarFeedRow).order_by(CalendarFeedRow.created_at, CalendarFeedRow.id)
    if user is not None:
        wanted = wanted.where(CalendarFeedRow.user == user)
    return (await session.scalars(wanted)).all()


async def revoke(session: AsyncSession, feed_id: str, user: str | None, now: datetime) -> bool:
    """``False`` when no such feed of the user (``None``: of anybody) is in force."""
    wanted = update(CalendarFeedRow).where(CalendarFeedRow.id == feed_id, CalendarFeedRow.revoked_at.is_(None))
    if user is not None:
        wanted = wanted.where(CalendarFeedRow.user == user)
    revoked = await session.scalar(wanted.values(revoked_at=now).returning(CalendarFeedRow.id))
    return revoked is not None


async def revoke_all(session: AsyncSession, user: str, now: datetime) -> None:
    """Whoever gets the same key later does not get the links with it."""
    theirs = update(CalendarFeedRow).where(CalendarFeedRow.user == user, CalendarFeedRow.revoked_at.is_(None))
    await session.execute(theirs.values(revoked_at=now))


async def touch(session: AsyncSession, feed_id: str, now: datetime) -> None:
    """Note that the feed was read, at most once an hour."""
    stale = or_(CalendarFeedRow.last_read_at.is_(None), CalendarFeedRow.last_read_at <= now - TOUCH_EVERY)
    await session.execute(update(CalendarFeedRow).where(CalendarFeedRow.id == feed_id, stale).values(last_read_at=now))

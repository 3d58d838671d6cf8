"""Foreign calendars: what their last reading brought, and how it went.

A reading may bring thousands of events, more than one short transaction can write. So it is written in pieces under the
time at which it was made, and is shown, as a whole, once the calendar's state names that time.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from domain.foreign_calendars import ForeignEvent
from storage.engine import Database
from storage.schedule_tables import CalendarEventRow, CalendarStateRow
from storage.sql import changes, insert

_BATCH = 200
#: the source of a calendar whose file was handed in
FILE = "file"


def source_of(url: str | None) -> str:
    """What tells one address from another without being it: an address may hold a secret."""
    return FILE if url is None else hashlib.sha256(url.encode()).hexdigest()


async def state(session: AsyncSession, calendar: str) -> CalendarStateRow | None:
    return await session.get(CalendarStateRow, calendar)


async def states(session: AsyncSession) -> Sequence[CalendarStateRow]:
    return (await session.scalars(select(CalendarStateRow))).all()


async def file_of(session: AsyncSession, calendar: str) -> bytes | None:
    """The file that was handed in for the calendar, if any."""
    wanted = select(CalendarStateRow).where(CalendarStateRow.calendar == calendar)
    row = await session.scalar(wanted.options(undefer(CalendarStateRow.file)))
    return row.file if row is not None else None


async def note_failure(session: AsyncSession, calendar: str, source: str, error: str, now: datetime) -> None:
    """Say what went wrong. The events of before stay."""
    statement = insert(session, CalendarStateRow).values(calendar=calendar, source=source, tried_at=now, error=error)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["calendar"], set_=changes(statement, "source", "tried_at", "error")
        )
    )


async def replace_events(
    database: Database,
    calendar: str,
    source: str,
    events: Sequence[ForeignEvent],
    read_at: datetime,
    note: str | None = None,
    file: bytes | None = None,
) -> None:
    """Show the events of a reading instead of those of before. ``note`` is what was left out. A ``file`` that was
    handed in is kept with them: what repeats is read from it again.

    ``read_at`` is the reading's own: no two of a calendar may share it. Of two at once the newer one stays.
    """
    for number, piece in enumerate(_pieces(events)):
        async with database.write() as session:
            await _add(session, calendar, read_at, number * _BATCH, piece)
    async with database.write() as session:
        await _show(session, calendar, source, read_at, note, file)
    while await _swept(database, calendar):
        pass


async def forget(database: Database, calendar: str) -> None:
    """The calendar is gone, or has neither address nor file any more."""
    async with database.write() as session:
        await session.execute(delete(CalendarStateRow).where(CalendarStateRow.calendar == calendar))
    while await _swept(database, calendar):
        pass


async def count_events(session: AsyncSession, calendar: str) -> int:
    counted = await session.scalar(
        select(func.count())
        .select_from(CalendarEventRow)
        .join(CalendarStateRow, _SHOWN)
        .where(CalendarEventRow.calendar == calendar)
    )
    return counted or 0


async def events_between(
    session: AsyncSession, calendars: Collection[str], start: datetime, end: datetime, limit: int
) -> list[tuple[str, ForeignEvent]]:
    """The calendars' events that touch the window, each with its calendar's key, by their start; at most ``limit``."""
    rows = await session.scalars(
        select(CalendarEventRow)
        .join(CalendarStateRow, _SHOWN)
        .where(CalendarEventRow.calendar.in_(calendars), CalendarEventRow.starts < end, CalendarEventRow.ends >= start)
        .order_by(CalendarEventRow.starts, CalendarEventRow.calendar, CalendarEventRow.position)
        .limit(limit)
    )
    return [(row.calendar, _event(row)) for row in rows]


_SHOWN = (CalendarStateRow.calendar == CalendarEventRow.calendar) & (
    CalendarStateRow.refreshed_at == CalendarEventRow.read_at
)


def _pieces(events: Sequence[ForeignEvent]) -> list[Sequence[ForeignEvent]]:
    return [events[first : first + _BATCH] for first in range(0, len(events), _BATCH)]


def _event(row: CalendarEventRow) -> ForeignEvent:
    return ForeignEvent(row.uid, row.title, row.starts, row.ends, row.first_day, row.day_after)


async def _add(
    session: AsyncSession, calendar: str, read_at: datetime, first: int, events: Sequence[ForeignEvent]
) -> None:
    rows = [
        {
            "calendar": calendar,
            "read_at": read_at,
            "position": position,
            "uid": event.uid,
            "title": event.title,
            "starts": event.starts,
            "ends": event.ends,
            "first_day": event.first_day,
            "day_after": event.day_after,
        }
        for position, event in enumerate(events, first)
    ]
    await session.execute(insert(session, CalendarEventRow), rows)


async def _show(
    session: AsyncSession, calendar: str, source: str, read_at: datetime, note: str | None, file: bytes | None
) -> None:
    statement = insert(session, CalendarStateRow).values(
        calendar=calendar, source=source, tried_at=read_at, refreshed_at=read_at, error=note, file=file
    )
    kept = ("file",) if file is not None else ()
    older = CalendarStateRow.refreshed_at.is_(None) | (CalendarStateRow.refreshed_at < read_at)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["calendar"],
            set_=changes(statement, "source", "tried_at", "refreshed_at", "error", *kept),
            where=older,
        )
    )


async def _swept(database: Database, calendar: str) -> bool:
    """Delete a piece of what is older than what is shown. ``False`` when nothing is left of it."""
    async with database.write() as session:
        row = await session.get(CalendarStateRow, calendar)
        old = select(CalendarEventRow.read_at, CalendarEventRow.position).where(CalendarEventRow.calendar == calendar)
        if row is not None and row.refreshed_at is not None:
            old = old.where(CalendarEventRow.read_at < row.refreshed_at)
        elif row is not None:
            return False
        found = (await session.execute(old.limit(_BATCH))).all()
        for read_at in {read_at for read_at, _ in found}:
            positions = [position for each, position in found if each == read_at]
            await session.execute(
                delete(CalendarEventRow).where(
                    CalendarEventRow.calendar == calendar,
                    CalendarEventRow.read_at == read_at,
                    CalendarEventRow.position.in_(positions),
                )
            )
        return bool(found)

"""Who was last announced as on call in each schedule: one row a schedule, changed by compare-and-set."""

from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shift_changes import Watch
from storage.schedule_tables import ShiftWatchRow
from storage.sql import insert

#: the version before the first row
NEVER = 0


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """``watch`` is ``None``, and the version :data:`NEVER`, for a schedule that was never looked at."""

    watch: Watch | None
    version: int


async def get(session: AsyncSession, schedule: str) -> StoredWatch:
    row = await session.get(ShiftWatchRow, schedule)
    if row is None:
        return StoredWatch(None, NEVER)
    return StoredWatch(Watch(row.user, row.since, row.looked_at, row.next_at), row.version)


async def put(session: AsyncSession, schedule: str, watch: Watch, expected_version: int) -> bool:
    """Remember a look. ``False``, and nothing is changed, when another look was remembered since that version."""
    values = {"user": watch.user, "since": watch.since, "looked_at": watch.looked_at, "next_at": watch.next_at}
    if expected_version == NEVER:
        statement = insert(session, ShiftWatchRow).values(**values, schedule=schedule, version=1)
        written = await session.scalar(statement.on_conflict_do_nothing().returning(ShiftWatchRow.version))
    else:
        written = await session.scalar(
            update(ShiftWatchRow)
            .where(ShiftWatchRow.schedule == schedule, ShiftWatchRow.version == expected_version)
            .values(**values, version=expected_version + 1)
            .returning(ShiftWatchRow.version)
        )
    return written is not None


async def forget(session: AsyncSession, schedule: str) -> None:
    await session.execute(delete(ShiftWatchRow).where(ShiftWatchRow.schedule == schedule))

"""The ids of events that were processed: an event that comes again, by replay or retry, finds its id taken."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.sql import insert
from storage.tables import EventIdRow


async def claim(session: AsyncSession, event_id: str, at: datetime) -> bool:
    """``True`` for exactly one transaction that commits: the event is its to process."""
    claimed = await session.scalar(
        insert(session, EventIdRow)
        .values(event_id=event_id, incident_id=None, at=at)
        .on_conflict_do_nothing()
        .returning(EventIdRow.event_id)
    )
    return claimed is not None


async def incident_of(session: AsyncSession, event_id: str) -> str | None:
    """Which incident the event went to; ``None`` when to none, or when it was never processed."""
    return await session.scalar(select(EventIdRow.incident_id).where(EventIdRow.event_id == event_id))

"""The ids of events that were processed: an event that comes again, by replay or retry, finds its id taken."""

from datetime import datetime

from sqlalchemy import select, update
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


async def set_incident(session: AsyncSession, event_id: str, incident_id: str) -> None:
    """Note which incident the event went to."""
    await session.execute(update(EventIdRow).where(EventIdRow.event_id == event_id).values(incident_id=incident_id))


async def incident_of(session: AsyncSession, event_id: str) -> str | None:
    return await session.scalar(select(EventIdRow.incident_id).where(EventIdRow.event_id == event_id))

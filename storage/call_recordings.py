"""What is known of each recording: where it came from, where its bytes are, and whether it can be played."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import calls
from storage.sql import changes, insert
from storage.tables import RecordingRow


class RecordingState(StrEnum):
    PENDING = "pending"
    STORED = "stored"
    NEEDS_CREDENTIALS = "needs_credentials"
    ABSENT = "absent"
    GONE = "gone"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """``provider`` and ``reference`` name the recording at the carrier; ``source_url`` is sealed by the caller."""

    id: str
    call_id: str
    kind: str
    provider: str
    reference: str
    state: RecordingState
    created_at: datetime
    seconds: int | None = None
    source_url: str | None = None
    object_key: str | None = None
    length: int | None = None
    sha256: str | None = None
    stored_at: datetime | None = None
    attempts: int = 0


async def upsert_recording(session: AsyncSession, record: RecordingRecord) -> bool:
    """Write the recording, whether or not its call is in the log yet. ``False``, and nothing is kept, when the call was
    deleted: then the caller deletes bytes that it has stored meanwhile."""
    if not await calls.keep(session, record.call_id):
        return False
    values: dict[str, Any] = asdict(record)
    statement = insert(session, RecordingRow).values(values)
    changed = changes(
        statement, *(name for name in values if name not in {"id", "provider", "reference", "created_at"})
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=[RecordingRow.provider, RecordingRow.reference], set_=changed)
    )
    return True


async def recording(session: AsyncSession, recording_id: str) -> RecordingRow | None:
    return await session.get(RecordingRow, recording_id)


async def recording_by_reference(session: AsyncSession, provider: str, reference: str) -> RecordingRow | None:
    return await session.scalar(
        select(RecordingRow).where(RecordingRow.provider == provider, RecordingRow.reference == reference)
    )


async def recordings_of(session: AsyncSession, *call_ids: str) -> Sequence[RecordingRow]:
    """The recordings of the calls, the oldest first."""
    rows = await session.scalars(
        select(RecordingRow)
        .where(RecordingRow.call_id.in_(call_ids))
        .order_by(RecordingRow.created_at, RecordingRow.id)
    )
    return rows.all()


async def set_recording_state(session: AsyncSession, recording_id: str, state: RecordingState) -> bool:
    """``False`` when there is no such recording (any more)."""
    changed = await session.scalar(
        update(RecordingRow).where(RecordingRow.id == recording_id).values(state=state).returning(RecordingRow.id)
    )
    return changed is not None

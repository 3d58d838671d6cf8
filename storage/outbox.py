"""The outbox: what Temporal is still to be told, written in the transaction that made it necessary."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import delete, exists, select, tuple_, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage.tables import CommandRow


class Lane(IntEnum):
    """New incidents and escalations go before bulk work."""

    URGENT = 0
    BULK = 1


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to tell. ``target`` (an incident's id, for example) orders: one command in flight per target."""

    kind: str
    target: str
    payload: dict[str, Any]
    created_at: datetime
    lane: Lane = Lane.URGENT


async def add(session: AsyncSession, *commands: Command) -> None:
    """Queue the commands, in this order, ready at once. Any number: a bulk action adds thousands."""
    if commands:
        await session.execute(
            plain_insert(CommandRow), [{**asdict(command), "not_before": command.created_at} for command in commands]
        )


async def next_batch(
    session: AsyncSession, now: datetime, *, limit: int, busy: Collection[str] = ()
) -> Sequence[CommandRow]:
    """Up to ``limit`` commands that may be sent now, urgent ones first, at most one per target: the target's first.

    ``busy`` are the targets whose command is in flight. A command that waits for its next try holds back its target's
    later ones, not other targets'.
    """
    earlier = aliased(CommandRow)
    waits_for_earlier = exists().where(
        earlier.target == CommandRow.target,
        earlier.done_at.is_(None),
        tuple_(earlier.lane, earlier.id) < tuple_(CommandRow.lane, CommandRow.id),
    )
    rows = await session.scalars(
        select(CommandRow)
        .where(CommandRow.done_at.is_(None), CommandRow.not_before <= now, ~waits_for_earlier)
        .where(CommandRow.target.not_in(busy))
        .order_by(CommandRow.lane, CommandRow.id)
        .limit(limit)
    )
    return rows.all()


async def mark_done(session: AsyncSession, command_ids: Collection[int], at: datetime) -> None:
    """The commands were accepted by Temporal (or are no longer needed)."""
    await session.execute(update(CommandRow).where(CommandRow.id.in_(command_ids)).values(done_at=at, last_error=None))


async def mark_failed(session: AsyncSession, command_id: int, error: str, retry_at: datetime) -> None:
    """Try the command again at ``retry_at``. Commands are never given up."""
    await session.execute(
        update(CommandRow)
        .where(CommandRow.id == command_id)
        .values(attempts=CommandRow.attempts + 1, last_error=error, not_before=retry_at)
    )


async def has_pending(session: AsyncSession, target: str) -> bool:
    """Whether Temporal is still to be told something about the target."""
    pending = exists().where(CommandRow.target == target, CommandRow.done_at.is_(None))
    return bool(await session.scalar(select(pending)))


async def trim_done(session: AsyncSession, before: datetime, *, limit: int) -> int:
    """Forget up to ``limit`` commands that were done before. Returns how many, so that a loop knows when to stop."""
    old = select(CommandRow.id).where(CommandRow.done_at < before).limit(limit)
    removed = await session.scalars(delete(CommandRow).where(CommandRow.id.in_(old)).returning(CommandRow.id))
    return len(removed.all())

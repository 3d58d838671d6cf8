"""Leases: a job that only one process may do at a time, with an epoch that fences out the one before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.sql import insert
from storage.tables import LeaseRow


class LeaseLost(Exception):
    """Another holder has the lease: what was begun under the old epoch must not be committed."""


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    holder: str
    epoch: int
    expires_at: datetime


async def acquire(session: AsyncSession, name: str, holder: str, *, now: datetime, ttl: timedelta) -> Lease | None:
    """Take the lease, or renew it. ``None`` while another holder's has not expired.

    ``holder`` names one start of one process, so that a process that was restarted counts as another holder. The epoch
    stays over renewals and rises with every change of hands.
    """
    statement = insert(session, LeaseRow).values(name=name, holder=holder, epoch=1, expires_at=now + ttl)
    mine = LeaseRow.holder == holder
    epoch: int | None = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[LeaseRow.name],
            set_={
                "holder": holder,
                "epoch": case((mine, LeaseRow.epoch), else_=LeaseRow.epoch + 1),
                "expires_at": now + ttl,
            },
            where=or_(mine, LeaseRow.expires_at <= now),
        ).returning(LeaseRow.epoch)
    )
    return None if epoch is None else Lease(name, holder, epoch, now + ttl)


async def release(session: AsyncSession, lease: Lease, now: datetime) -> None:
    """Let the next holder in at once; nothing happens when the lease went to somebody else meanwhile."""
    await session.execute(
        update(LeaseRow)
        .where(and_(LeaseRow.name == lease.name, LeaseRow.holder == lease.holder, LeaseRow.epoch == lease.epoch))
        .values(expires_at=now)
    )


async def check_epoch(session: AsyncSession, name: str, epoch: int) -> None:
    """Inside the transaction that does the job: raise :class:`LeaseLost` unless the epoch is still the current one. The
    lease's row stays locked, so that a change of hands waits for this transaction's end."""
    current = await session.scalar(select(LeaseRow.epoch).where(LeaseRow.name == name).with_for_update())
    if current != epoch:
        raise LeaseLost(f"The lease {name} went from epoch {epoch} to {current}.")

"""What is known of a hotline besides its configuration: test mode, the pin, and what its calls have shown."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.sql import insert
from storage.tables import HotlineStateRow, TestModeRow


async def start_test_mode(session: AsyncSession, hotline: str, user: str, until: datetime) -> None:
    """All calls of the hotline go to ``user`` until then. If two people switch it on, the last one wins."""
    statement = insert(session, TestModeRow).values(hotline=hotline, user=user, until=until)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[TestModeRow.hotline], set_={"user": user, "until": until})
    )


async def stop_test_mode(session: AsyncSession, hotline: str) -> None:
    await session.execute(delete(TestModeRow).where(TestModeRow.hotline == hotline))


async def active_test_modes(session: AsyncSession, now: datetime) -> Sequence[TestModeRow]:
    """The test modes that have not run out."""
    return (await session.scalars(select(TestModeRow).where(TestModeRow.until > now))).all()


async def note_call(session: AsyncSession, hotline: str, at: datetime, *, verified: bool) -> None:
    """A call came in: when, and whether its signature was checked. An older call never overwrites a newer one."""
    statement = insert(session, HotlineStateRow).values(
        hotline=hotline, last_call_at=at, hangup_seen=False, verified=verified
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[HotlineStateRow.hotline],
            set_={"last_call_at": at, "verified": verified},
            where=or_(HotlineStateRow.last_call_at.is_(None), HotlineStateRow.last_call_at <= at),
        )
    )


async def note_hangup(session: AsyncSession, hotline: str) -> None:
    """The carrier told us that a caller hung up: the hotline is set up for it."""
    statement = insert(session, HotlineStateRow).values(hotline=hotline, hangup_seen=True, verified=False)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[HotlineStateRow.hotline], set_={"hangup_seen": True})
    )


async def pin(session: AsyncSession, hotline: str, account: str, number: str) -> HotlineStateRow:
    """Pin the hotline to the first account and number seen, and return what it is pinned to, since now or before."""
    statement = insert(session, HotlineStateRow).values(
        hotline=hotline, pinned_account=account, pinned_number=number, hangup_seen=False, verified=False
    )
    state: HotlineStateRow | None = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[HotlineStateRow.hotline],
            set_={
                "pinned_account": func.coalesce(HotlineStateRow.pinned_account, account),
                "pinned_number": func.coalesce(HotlineStateRow.pinned_number, number),
            },
        )
        .returning(HotlineStateRow)
        .execution_options(populate_existing=True)
    )
    assert state is not None
    return state


async def unpin(session: AsyncSession, hotline: str) -> None:
    """The next call pins the hotline anew."""
    await session.execute(
        update(HotlineStateRow)
        .where(HotlineStateRow.hotline == hotline)
        .values(pinned_account=None, pinned_number=None)
    )


async def get(session: AsyncSession, hotline: str) -> HotlineStateRow | None:
    return await session.get(HotlineStateRow, hotline)


async def all_states(session: AsyncSession) -> Sequence[HotlineStateRow]:
    return (await session.scalars(select(HotlineStateRow))).all()

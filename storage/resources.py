"""Resources, overrides and the version of the configuration.

Bodies are JSON whose meaning is known to ``config/`` alone; secrets in them are sealed by the caller.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.sql import changes, insert
from storage.tables import DirectoryVersionRow, HotlineStateRow, OverrideRow, ResourceRow, TestModeRow

_ONLY_ROW = 1


async def directory_version(session: AsyncSession) -> int:
    """0 when nothing was ever configured."""
    return await session.scalar(select(DirectoryVersionRow.version)) or 0


async def lock_directory_version(session: AsyncSession) -> int:
    """The version, held until the transaction ends, so that changes of the configuration come one after the other."""
    statement = insert(session, DirectoryVersionRow).values(id=_ONLY_ROW, version=0)
    await session.execute(statement.on_conflict_do_nothing(index_elements=[DirectoryVersionRow.id]))
    version = await session.scalar(select(DirectoryVersionRow.version).with_for_update())
    assert version is not None
    return version


async def set_directory_version(session: AsyncSession, version: int) -> None:
    row = await session.get_one(DirectoryVersionRow, _ONLY_ROW)
    row.version = version


async def all_resources(session: AsyncSession) -> Sequence[ResourceRow]:
    return (await session.scalars(select(ResourceRow).order_by(ResourceRow.kind, ResourceRow.key))).all()


async def keys(session: AsyncSession, kind: str) -> Sequence[str]:
    """The keys of a kind, in order."""
    return (
        await session.scalars(select(ResourceRow.key).where(ResourceRow.kind == kind).order_by(ResourceRow.key))
    ).all()


async def all_overrides(session: AsyncSession) -> Sequence[OverrideRow]:
    return (await session.scalars(select(OverrideRow).order_by(OverrideRow.created_at, OverrideRow.id))).all()


async def write_resource(
    session: AsyncSession, kind: str, key: str, body: dict[str, Any], version: int, at: datetime
) -> None:
    """Create or replace."""
    statement = insert(session, ResourceRow).values(kind=kind, key=key, body=body, version=version, updated_at=at)
    changed = changes(statement, "body", "version", "updated_at")
    await session.execute(
        statement.on_conflict_do_update(index_elements=[ResourceRow.kind, ResourceRow.key], set_=changed)
    )


async def delete_resource(session: AsyncSession, kind: str, key: str) -> None:
    await session.execute(delete(ResourceRow).where(ResourceRow.kind == kind, ResourceRow.key == key))


async def add_override(
    session: AsyncSession, override_id: str, schedule: str, body: dict[str, Any], source: str, at: datetime
) -> None:
    session.add(OverrideRow(id=override_id, schedule=schedule, body=body, source=source, created_at=at))
    await session.flush()


async def delete_overrides(session: AsyncSession, *override_ids: str) -> None:
    await session.execute(delete(OverrideRow).where(OverrideRow.id.in_(override_ids)))


async def overrides_of_others(session: AsyncSession, override_ids: Collection[str], *, than_source: str) -> list[str]:
    """Those of the overrides that this source did not make."""
    wanted = (OverrideRow.id.in_(override_ids), OverrideRow.source != than_source)
    return list(await session.scalars(select(OverrideRow.id).where(*wanted)))


async def trim_overrides(session: AsyncSession, override_ids: Collection[str], *, keep_source: str) -> None:
    """Forget these overrides, except those of one source, as a change of the configuration: its version rises when any
    of them was still there. Must run in a ``write()`` transaction; holds the version until that ends."""
    version = await lock_directory_version(session)
    if gone := await overrides_of_others(session, override_ids, than_source=keep_source):
        await delete_overrides(session, *gone)
        await set_directory_version(session, version + 1)


async def delete_overrides_of(session: AsyncSession, schedule: str) -> None:
    await session.execute(delete(OverrideRow).where(OverrideRow.schedule == schedule))


async def delete_hotline_state(session: AsyncSession, hotline: str) -> None:
    """A hotline that is made again under the same key starts without a past."""
    await session.execute(delete(HotlineStateRow).where(HotlineStateRow.hotline == hotline))
    await session.execute(delete(TestModeRow).where(TestModeRow.hotline == hotline))

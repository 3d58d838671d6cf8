"""The call log. The projection writes a call whole; people archive and delete it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, literal, or_, select, tuple_, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.paging import BadCursor, Page, decode_cursor, page_of
from storage.sql import changes, insert
from storage.tables import CallRow, CallTimelineRow
from storage.types import UtcDateTime


@dataclass(frozen=True, slots=True)
class CallStep:
    """One line of a call's timeline, its reason included."""

    at: datetime
    kind: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Everything the log holds of a call. ``revision`` rises with every change the call's workflow makes."""

    id: str
    hotline: str
    provider: str
    provider_call_id: str
    status: str
    started_at: datetime
    revision: int
    outcome: str | None = None
    test: bool = False
    verified: bool = False
    degraded: bool = False
    caller_number: str | None = None
    caller_name: str | None = None
    withheld: bool = False
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    #: attempts, answered_by, voicemail, warnings, verification …, as the API shows them
    body: dict[str, Any] = field(default_factory=dict)
    timeline: tuple[CallStep, ...] = ()


@dataclass(frozen=True, slots=True)
class CallFilter:
    """``None`` leaves a field open. ``caller`` is a number or part of a name, and ``saved_numbers`` are those that are
    saved under such a name; ``since`` is inclusive, ``until`` not."""

    hotline: str | None = None
    status: str | None = None
    outcome: str | None = None
    caller: str | None = None
    saved_numbers: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    archived: bool | None = None
    test: bool | None = None


async def save_projection(session: AsyncSession, record: CallRecord) -> bool:
    """Write the call and replace its timeline. ``False``, and nothing changes, when a later revision is stored already
    or somebody deleted the call. The same revision again is written again: it says the same."""
    values = asdict(record)
    del values["timeline"]
    statement = insert(session, CallRow).values(**values, archived=False)
    stored = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[CallRow.id],
            set_=changes(statement, *(name for name in values if name != "id")),
            where=and_(CallRow.revision <= statement.excluded.revision, CallRow.deleted_at.is_(None)),
        ).returning(CallRow.id)
    )
    if stored is None:
        return False
    await session.execute(delete(CallTimelineRow).where(CallTimelineRow.call_id == record.id))
    if record.timeline:
        steps = [
            {"call_id": record.id, "position": position, **asdict(step)}
            for position, step in enumerate(record.timeline)
        ]
        await session.execute(plain_insert(CallTimelineRow), steps)
    return True


async def get(session: AsyncSession, call_id: str) -> CallRow | None:
    return await session.scalar(select(CallRow).where(CallRow.id == call_id, CallRow.deleted_at.is_(None)))


async def is_deleted(session: AsyncSession, call_id: str) -> bool:
    """Whether somebody deleted the call. ``False`` also for a call that was never written down."""
    return await session.scalar(select(CallRow.deleted_at).where(CallRow.id == call_id)) is not None


async def keep(session: AsyncSession, call_id: str) -> bool:
    """Whether nobody has deleted the call; then nobody does before this transaction ends."""
    deleted = await session.scalar(select(CallRow.deleted_at).where(CallRow.id == call_id).with_for_update())
    return deleted is None


async def timeline(session: AsyncSession, call_id: str) -> Sequence[CallTimelineRow]:
    rows = await session.scalars(
        select(CallTimelineRow).where(CallTimelineRow.call_id == call_id).order_by(CallTimelineRow.position)
    )
    return rows.all()


async def list_calls(
    session: AsyncSession, criteria: CallFilter, *, limit: int, cursor: str | None = None
) -> Page[CallRow]:
    """The newest calls first. Raises :class:`BadCursor`."""
    query = select(CallRow).where(CallRow.deleted_at.is_(None), *_conditions(criteria))
    if cursor is not None:
        started_at, call_id = decode_cursor(cursor, str, str)
        query = query.where(
            tuple_(CallRow.started_at, CallRow.id) < tuple_(literal(_moment(started_at), UtcDateTime), literal(call_id))
        )
    rows = await session.scalars(query.order_by(CallRow.started_at.desc(), CallRow.id.desc()).limit(limit + 1))
    return page_of(rows.all(), limit, lambda row: (row.started_at.isoformat(), row.id))


async def any_waiting(session: AsyncSession, *, started_after: datetime) -> bool:
    """Whether a caller who came after then may still wait for somebody to answer."""
    waiting = exists().where(
        CallRow.status == "in_progress", CallRow.started_at > started_after, CallRow.answered_at.is_(None)
    )
    return bool(await session.scalar(select(waiting)))


async def archive(session: AsyncSession, call_id: str) -> bool:
    """Take the call out of the everyday list. ``False`` when there is no such call."""
    return await _set_archived(session, call_id, True)


async def unarchive(session: AsyncSession, call_id: str) -> bool:
    """Put the call back into the everyday list. ``False`` when there is no such call."""
    return await _set_archived(session, call_id, False)


async def _set_archived(session: AsyncSession, call_id: str, archived: bool) -> bool:
    changed = await session.scalar(
        update(CallRow)
        .where(CallRow.id == call_id, CallRow.deleted_at.is_(None))
        .values(archived=archived)
        .returning(CallRow.id)
    )
    return changed is not None


async def name_caller(session: AsyncSession, number: str, name: str) -> None:
    """Name the caller of every call from this number."""
    await session.execute(
        update(CallRow).where(CallRow.caller_number == number, CallRow.deleted_at.is_(None)).values(caller_name=name)
    )


def _conditions(criteria: CallFilter) -> list[ColumnElement[bool]]:
    exact = {
        CallRow.hotline: criteria.hotline,
        CallRow.status: criteria.status,
        CallRow.outcome: criteria.outcome,
        CallRow.archived: criteria.archived,
        CallRow.test: criteria.test,
    }
    conditions: list[ColumnElement[bool]] = [column == value for column, value in exact.items() if value is not None]
    if criteria.caller is not None:
        name = func.lower(CallRow.caller_name).contains(criteria.caller.lower(), autoescape=True)
        conditions.append(or_(CallRow.caller_number.in_((criteria.caller, *criteria.saved_numbers)), name))
    if criteria.since is not None:
        conditions.append(CallRow.started_at >= criteria.since)
    if criteria.until is not None:
        conditions.append(CallRow.started_at < criteria.until)
    return conditions


def _moment(value: str | int) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise BadCursor("The cursor belongs to another list.") from None

"""Incidents: what is. Every change of status, level or responders is a compare-and-set on ``version``."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import insert as plain_insert
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.incidents import IncidentStatus
from storage.paging import Page, decode_cursor, page_of
from storage.sql import insert
from storage.tables import CounterRow, IncidentRow, IncidentTimelineRow, OccurrenceRow

_COUNTER = "incidents"


@dataclass(frozen=True, slots=True)
class NewIncident:
    """An incident about to be opened. ``policy`` is the domain's snapshot, ``dedup_key`` the domain's digest."""

    id: str
    title: str
    integration: str
    created_at: datetime
    payload: dict[str, Any]
    dedup_key: str | None = None
    service: str | None = None
    policy_key: str | None = None
    policy: dict[str, Any] | None = None
    status: IncidentStatus = IncidentStatus.TRIGGERED
    priority: str | None = None
    severity: str | None = None
    responders: list[Any] = field(default_factory=list)
    next_due_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    call_id: str | None = None
    parsing_failed: bool = False


@dataclass(frozen=True, slots=True)
class IncidentStep:
    """One line of an incident's timeline."""

    at: datetime
    kind: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """``None`` leaves a field open; ``title`` is the whole title, ``call`` a call's id."""

    status: str | None = None
    integration: str | None = None
    service: str | None = None
    title: str | None = None
    call: str | None = None


async def next_number(session: AsyncSession) -> int:
    """The next incident number. Two transactions never get the same one: the second waits for the first."""
    return (await take_numbers(session, 1))[0]


async def take_numbers(session: AsyncSession, count: int) -> range:
    """The next ``count`` incident numbers, as :func:`next_number` gives one."""
    statement = insert(session, CounterRow).values(name=_COUNTER, value=count)
    last: int | None = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[CounterRow.name], set_={"value": CounterRow.value + count}
        ).returning(CounterRow.value)
    )
    assert last is not None
    return range(last - count + 1, last + 1)


async def open_incident(session: AsyncSession, new: NewIncident) -> IncidentRow | None:
    """Store the incident with the next number. ``None`` when one with the same id, or an open one with the same
    integration and dedup key, exists: the database decides, not an earlier look."""
    inserted = await session.scalar(
        insert(session, IncidentRow)
        .values(
            **asdict(new),
            number=await next_number(session),
            level=0,
            round=0,
            version=1,
            suppressed_events=0,
            occurrences=1,
            first_seen=new.created_at,
            last_seen=new.created_at,
            muted=False,
        )
        .on_conflict_do_nothing()
        .returning(IncidentRow.id)
    )
    return None if inserted is None else await get(session, inserted)


async def get(session: AsyncSession, reference: str) -> IncidentRow | None:
    """The incident by id (``inc_…``) or by number."""
    if reference.isascii() and reference.isdigit():
        number = int(reference[:18])
        return await session.scalar(select(IncidentRow).where(IncidentRow.number == number))
    return await session.get(IncidentRow, reference)


async def lock(session: AsyncSession, reference: str) -> IncidentRow | None:
    """As :func:`get`, in a ``write()`` transaction: nobody else changes the incident before it ends."""
    row = await get(session, reference)
    if row is not None:
        await session.refresh(row, with_for_update=True)
    return row


async def of_calls(session: AsyncSession, call_ids: Collection[str]) -> Sequence[IncidentRow]:
    """The incidents of the calls, the oldest first."""
    rows = await session.scalars(
        select(IncidentRow).where(IncidentRow.call_id.in_(call_ids)).order_by(IncidentRow.number)
    )
    return rows.all()


async def list_incidents(
    session: AsyncSession, criteria: IncidentFilter, *, limit: int, cursor: str | None = None
) -> Page[IncidentRow]:
    """The newest incidents first. Raises :class:`storage.paging.BadCursor`."""
    exact = {
        IncidentRow.status: criteria.status,
        IncidentRow.integration: criteria.integration,
        IncidentRow.service: criteria.service,
        IncidentRow.title: criteria.title,
        IncidentRow.call_id: criteria.call,
    }
    query = select(IncidentRow).where(*(column == value for column, value in exact.items() if value is not None))
    if cursor is not None:
        (number,) = decode_cursor(cursor, int)
        query = query.where(IncidentRow.number < number)
    rows = await session.scalars(query.order_by(IncidentRow.number.desc()).limit(limit + 1))
    return page_of(rows.all(), limit, lambda row: (row.number,))


async def unresolved(
    session: AsyncSession, *, created_before: datetime, after_number: int, limit: int
) -> Sequence[IncidentRow]:
    """Open incidents by number, for whoever looks whether each still has its workflow."""
    rows = await session.scalars(
        select(IncidentRow)
        .where(IncidentRow.status != IncidentStatus.RESOLVED, IncidentRow.created_at < created_before)
        .where(IncidentRow.number > after_number)
        .order_by(IncidentRow.number)
        .limit(limit)
    )
    return rows.all()


async def change(session: AsyncSession, incident_id: str, expected_version: int, **values: Any) -> IncidentRow | None:
    """Set columns (priority, level, muted …) if the version is still the expected one, and raise it.
    ``None`` when somebody was faster: read again and decide again."""
    return await session.scalar(
        update(IncidentRow)
        .where(IncidentRow.id == incident_id, IncidentRow.version == expected_version)
        .values(**values, version=IncidentRow.version + 1)
        .returning(IncidentRow)
        .execution_options(populate_existing=True)
    )


async def append_timeline(session: AsyncSession, incident_id: str, *steps: IncidentStep) -> None:
    await session.execute(
        plain_insert(IncidentTimelineRow), [{"incident_id": incident_id, **asdict(step)} for step in steps]
    )


async def timeline(
    session: AsyncSession, incident_id: str, *, limit: int, cursor: str | None = None
) -> Page[IncidentTimelineRow]:
    """The incident's steps in the order in which they were written. Raises :class:`storage.paging.BadCursor`."""
    query = select(IncidentTimelineRow).where(IncidentTimelineRow.incident_id == incident_id)
    if cursor is not None:
        (last,) = decode_cursor(cursor, int)
        query = query.where(IncidentTimelineRow.id > last)
    rows = await session.scalars(query.order_by(IncidentTimelineRow.id).limit(limit + 1))
    return page_of(rows.all(), limit, lambda row: (row.id,))


async def occurrences(
    session: AsyncSession, incident_id: str, *, limit: int, cursor: str | None = None
) -> Page[OccurrenceRow]:
    """The events that were counted to the incident, the oldest first. Raises :class:`storage.paging.BadCursor`."""
    query = select(OccurrenceRow).where(OccurrenceRow.incident_id == incident_id)
    if cursor is not None:
        (last,) = decode_cursor(cursor, int)
        query = query.where(OccurrenceRow.id > last)
    rows = await session.scalars(query.order_by(OccurrenceRow.id).limit(limit + 1))
    return page_of(rows.all(), limit, lambda row: (row.id,))


def status_values(status: IncidentStatus, by: str | None, at: datetime) -> dict[str, Any]:
    """The columns of a change of status, with who and when."""
    match status:
        case IncidentStatus.ACKNOWLEDGED:
            return {"status": status, "acknowledged_at": at, "acknowledged_by": by}
        case IncidentStatus.RESOLVED:
            return {"status": status, "resolved_at": at, "resolved_by": by}
        case IncidentStatus.TRIGGERED:
            return {"status": status, "acknowledged_at": None, "acknowledged_by": None}
        case _:
            assert_never(status)

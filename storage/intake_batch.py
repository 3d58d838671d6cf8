"""Reads and writes a whole batch of events with a handful of statements, inside the caller's transaction."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, literal_column, or_, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.incidents import IncidentStatus
from storage import outbox
from storage.incidents import IncidentStep, NewIncident, take_numbers
from storage.outbox import Command
from storage.tables import Base, EventIdRow, IncidentRow, IncidentTimelineRow, OccurrenceRow

Pair = tuple[str, str]

#: spelled out, not bound: only then is the partial index known to fit
_RESOLVED: ColumnElement[str] = literal_column(f"'{IncidentStatus.RESOLVED}'")


@dataclass(slots=True)
class OpenIncident:
    """An incident that a batch may touch, as it will be when the batch is written. ``new`` when the batch opens it."""

    id: str
    integration: str
    title: str
    dedup_key: str | None
    call_id: str | None
    version: int
    suppressed_events: int
    occurrences: int
    last_seen: datetime
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    new: NewIncident | None = None


@dataclass(slots=True)
class Batch:
    """What a batch of events comes to. ``touched`` are stored as they are, new ones numbered in this order."""

    touched: dict[str, OpenIncident] = field(default_factory=dict)
    steps: list[tuple[str, IncidentStep]] = field(default_factory=list)
    occurrences: list[dict[str, Any]] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    #: event id, the incident it went to, and when it came
    event_ids: list[tuple[str, str | None, datetime]] = field(default_factory=list)


async def known_event_ids(session: AsyncSession, event_ids: Collection[str]) -> set[str]:
    """Those of the ids that were processed before."""
    return set(await session.scalars(select(EventIdRow.event_id).where(EventIdRow.event_id.in_(event_ids))))


async def lock_open_incidents(
    session: AsyncSession, keys: Collection[Pair], titles: Collection[Pair]
) -> Sequence[OpenIncident]:
    """The open incidents with one of these (integration, dedup key) or (integration, title), locked until the
    transaction ends: nobody resolves one while an event is being counted to it."""
    row = IncidentRow
    found: dict[str, OpenIncident] = {}
    for integration, its_keys in _grouped(keys).items():
        # SQLite does not use an index for pairs in a list, so the pairs are taken apart.
        in_keys = and_(row.integration == integration, row.dedup_key.is_not(None), row.dedup_key.in_(its_keys))
        found |= await _lock(session, in_keys)
    if titles:
        # One comparison for each title keeps the index of titles usable; resolves are few.
        in_titles = or_(*(and_(row.title == title, row.integration == integration) for integration, title in titles))
        found |= await _lock(session, in_titles)
    return list(found.values())


def _grouped(pairs: Collection[Pair]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for first, second in sorted(pairs):
        groups.setdefault(first, []).append(second)
    return groups


async def _lock(session: AsyncSession, condition: ColumnElement[bool]) -> dict[str, OpenIncident]:
    row = IncidentRow
    selected = await session.execute(
        select(
            row.id, row.integration, row.title, row.dedup_key, row.call_id, row.version,
            row.suppressed_events, row.occurrences, row.last_seen,
        )
        .where(condition, row.status != _RESOLVED)
        .order_by(row.id)
        .with_for_update()
    )  # fmt: skip
    return {values[0]: OpenIncident(*values) for values in selected}


async def write(session: AsyncSession, batch: Batch) -> None:
    """Store everything. Raises ``IntegrityError`` when somebody else opened the same incident, or took an event id,
    meanwhile: then nothing of it counts, and the batch is decided again."""
    new = [incident for incident in batch.touched.values() if incident.new]
    old = [incident for incident in batch.touched.values() if not incident.new]
    numbers = await take_numbers(session, len(new)) if new else range(0)
    await _insert(
        session, IncidentRow, [_new_row(incident, number) for incident, number in zip(new, numbers, strict=True)]
    )
    await _update(session, old)
    steps = [{"incident_id": incident_id, **asdict(step)} for incident_id, step in batch.steps]
    await _insert(session, IncidentTimelineRow, steps)
    await _insert(session, OccurrenceRow, batch.occurrences)
    ids = [{"event_id": event, "incident_id": incident, "at": at} for event, incident, at in batch.event_ids]
    await _insert(session, EventIdRow, ids)
    await outbox.add(session, *batch.commands)


def _table(row: type[Base]) -> Table:
    """Statements on the bare table: the ORM's own way of handling many rows costs more than the database does."""
    return Base.metadata.tables[row.__tablename__]


async def _insert(session: AsyncSession, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(plain_insert(_table(table)), rows)


def _new_row(incident: OpenIncident, number: int) -> dict[str, Any]:
    assert incident.new is not None
    return {
        **{column.name: getattr(incident.new, column.name) for column in fields(NewIncident)},
        "status": IncidentStatus.RESOLVED if incident.resolved_at else incident.new.status,
        "number": number,
        "level": 0,
        "round": 0,
        "version": incident.version,
        "suppressed_events": incident.suppressed_events,
        "occurrences": incident.occurrences,
        "first_seen": incident.new.created_at,
        "last_seen": incident.last_seen,
        "resolved_at": incident.resolved_at,
        "resolved_by": incident.resolved_by,
        "muted": False,
    }


async def _update(session: AsyncSession, incidents: Sequence[OpenIncident]) -> None:
    if not incidents:
        return
    table = _table(IncidentRow)
    counted = (
        update(table)
        .where(table.c.id == bindparam("incident"))
        .values({name: bindparam(f"new_{name}") for name in ("suppressed_events", "occurrences", "last_seen")})
    )
    await session.execute(counted, [_update_values(incident) for incident in incidents])
    resolved = [_update_values(incident) for incident in incidents if incident.resolved_at]
    if resolved:
        columns = ("version", "resolved_at", "resolved_by")
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
        resolve = (
            update(table)
            .where(table.c.id == bindparam("incident"))
            .values({**values, "status": IncidentStatus.RESOLVED})
        )
        await session.execute(resolve, resolved)


def _update_values(incident: OpenIncident) -> dict[str, Any]:
    return {
        "incident": incident.id,
        "new_suppressed_events": incident.suppressed_events,
        "new_occurrences": incident.occurrences,
        "new_last_seen": incident.last_seen,
        "new_version": incident.version,
        "new_resolved_at": incident.resolved_at,
        "new_resolved_by": incident.resolved_by,
    }

"""What people do to incidents: a compare-and-set, a line in the timeline and a command, in one transaction.

The dashboard, the API and the keys of an alert call all come here. ``IncidentWorkflow`` hears of it by the command;
what it may still do follows from the row alone.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.commands import CommandKind, changed_payload
from domain.directory import Priority, Severity
from domain.escalation import Standing
from domain.incidents import IncidentStatus, PolicySnapshot
from storage import incidents, outbox
from storage.engine import Database
from storage.incidents import IncidentStep
from storage.outbox import Command, Lane
from storage.tables import IncidentRow, IncidentTimelineRow

_OPEN = (IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED)
#: ids in one look-up; both databases bound the parameters of a statement
_LOOKUP_CHUNK = 5_000


class IncidentAction(StrEnum):
    """The actions that exist in a bulk form too."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ESCALATE = "escalate"
    UNACKNOWLEDGE = "unacknowledge"
    MUTE = "mute"
    UNMUTE = "unmute"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: ``key`` is stored with the incident, ``name`` and ``way`` (``by phone``) are for the timeline."""

    key: str
    name: str
    way: str = ""

    @property
    def words(self) -> str:
        return f"{self.name} {self.way}".rstrip()


@dataclass(frozen=True, slots=True)
class Conflict:
    """The action cannot be done; ``current`` is the incident as it is."""

    current: IncidentRow
    reason: str


@dataclass(frozen=True, slots=True)
class BulkResult:
    """``changed``: ids and their new versions. ``refused``: ids that exist but are not in a state for the action.
    ``unknown``: references to no incident."""

    changed: dict[str, int]
    refused: tuple[str, ...]
    unknown: tuple[str, ...]


class NoSuchIncident(Exception):
    """There is no incident with that id or number."""


#: told the incident's id and the command's payload after the commit, so that the run hears of it at once
Announce = Callable[[str, dict[str, Any]], None]


def _announce_nothing(incident_id: str, payload: dict[str, Any]) -> None:
    pass


class IncidentActions:
    """``at`` is the moment of the action everywhere. Every method raises :class:`NoSuchIncident`, and what the database
    raises when it is away: then nothing was done."""

    def __init__(self, database: Database, announce: Announce = _announce_nothing) -> None:
        self._database = database
        self._announce = announce

    async def act(self, action: IncidentAction, reference: str, actor: Actor, at: datetime) -> IncidentRow | Conflict:
        """One of the simple actions on one incident (by id or number)."""
        async with self._database.write() as session:
            row = await _locked(session, reference)
            if reason := why_not(action, row):
                return Conflict(row, reason)
            changed = await incidents.change(session, row.id, row.version, **_values(action, actor, at))
            assert changed is not None, "the row is locked"
            await incidents.append_timeline(session, row.id, _step(action, actor, at))
            payload = changed_payload(changed.version, _PAST[action], actor.key)
            await outbox.add(session, Command(CommandKind.CHANGED, row.id, payload, at))
        self._announce(changed.id, payload)
        return changed

    async def acknowledge(self, reference: str, actor: Actor, at: datetime) -> IncidentRow | Conflict:
        return await self.act(IncidentAction.ACKNOWLEDGE, reference, actor, at)

    async def resolve(self, reference: str, actor: Actor, at: datetime) -> IncidentRow | Conflict:
        return await self.act(IncidentAction.RESOLVE, reference, actor, at)

    async def escalate(self, reference: str, actor: Actor, at: datetime) -> IncidentRow | Conflict:
        """The next level at once (after the last: the first); an acknowledgement is withdrawn by it."""
        return await self.act(IncidentAction.ESCALATE, reference, actor, at)

    async def unacknowledge(self, reference: str, actor: Actor, at: datetime) -> IncidentRow | Conflict:
        """Triggered again; alerting resumes at the next level, as after an acknowledge time-out."""
        return await self.act(IncidentAction.UNACKNOWLEDGE, reference, actor, at)

    async def mute(self, reference: str, actor: Actor, at: datetime) -> IncidentRow | Conflict:
        """No alerts and no escalation until it is unmuted."""
        return await self.act(IncidentAction.MUTE, reference, actor, at)

    async def unmute(self, reference: str, actor: Actor, at: datetime) -> IncidentRow | Conflict:
        return await self.act(IncidentAction.UNMUTE, reference, actor, at)

    async def act_on_many(
        self, action: IncidentAction, references: Collection[str], actor: Actor, at: datetime
    ) -> BulkResult:
        """The bulk form: one statement for all that can be changed, and a queued command for each."""
        async with self._database.write() as session:
            ids, unknown = await _resolve_references(session, references)
            changed: dict[str, int] = {}
            for start in range(0, len(ids), _LOOKUP_CHUNK):
                changed |= await _change_many(session, action, ids[start : start + _LOOKUP_CHUNK], actor, at)
            if changed:
                step = _step(action, actor, at)
                await _append_to_many(session, changed, step)
                await outbox.add(session, *_bulk_commands(action, changed, actor, at))
        refused = tuple(incident_id for incident_id in ids if incident_id not in changed)
        return BulkResult(changed, refused, unknown)

    async def set_priority(self, reference: str, priority: Priority | None, actor: Actor, at: datetime) -> IncidentRow:
        words = f"Priority {priority.upper()}" if priority else "No priority"
        return await self._set(reference, {"priority": priority}, "priority", words, actor, at)

    async def set_severity(self, reference: str, severity: Severity | None, actor: Actor, at: datetime) -> IncidentRow:
        words = f"Severity {severity.upper()}" if severity else "No severity"
        return await self._set(reference, {"severity": severity}, "severity", words, actor, at)

    async def set_responders(self, reference: str, users: Sequence[str], actor: Actor, at: datetime) -> IncidentRow:
        """The users who were added by hand, as a whole; whether they exist is the caller's to check. The escalation
        goes on as it was."""
        unique = list(dict.fromkeys(users))
        words = f"Responders: {', '.join(unique) or 'nobody'}"
        return await self._set(reference, {"responders": unique}, "responders", words, actor, at)

    async def add_note(self, reference: str, text: str, actor: Actor, at: datetime) -> IncidentRow:
        async with self._database.write() as session:
            row = await _locked(session, reference)
            await incidents.append_timeline(session, row.id, IncidentStep(at, "note", text, {"by": actor.key}))
            return row

    async def _set(
        self, reference: str, values: dict[str, Any], kind: str, words: str, actor: Actor, at: datetime
    ) -> IncidentRow:
        """A change that the escalation does not depend on: there is nothing to tell the run."""
        async with self._database.write() as session:
            row = await _locked(session, reference)
            changed = await incidents.change(session, row.id, row.version, **values)
            assert changed is not None, "the row is locked"
            step = IncidentStep(at, kind, f"{words}, set by {actor.words}.", {"by": actor.key})
            await incidents.append_timeline(session, row.id, step)
            return changed


def standing_of(row: IncidentRow) -> Standing:
    """What the escalation looks at."""
    return Standing(
        status=IncidentStatus(row.status),
        muted=row.muted,
        created_at=row.created_at,
        acknowledged_at=row.acknowledged_at,
        level=row.level,
        round=row.round,
        next_due_at=row.next_due_at,
    )


def snapshot_of(row: IncidentRow) -> PolicySnapshot:
    """The policy as it was frozen when the incident opened; an incident without one alerts nobody."""
    return PolicySnapshot(None) if row.policy is None else PolicySnapshot.from_json(row.policy)


def why_not(action: IncidentAction, row: IncidentRow) -> str | None:
    """Why the action cannot be done to the incident as it is, as a sentence; ``None`` when it can."""
    if row.status == IncidentStatus.RESOLVED:
        return "The incident is resolved."
    match action:
        case IncidentAction.ACKNOWLEDGE if row.status != IncidentStatus.TRIGGERED:
            return "The incident is already acknowledged."
        case IncidentAction.UNACKNOWLEDGE if row.status != IncidentStatus.ACKNOWLEDGED:
            return "The incident is not acknowledged."
        case IncidentAction.ESCALATE if not _has_levels(row):
            return "The incident has no escalation policy."
        case IncidentAction.MUTE if row.muted:
            return "The incident is already muted."
        case IncidentAction.UNMUTE if not row.muted:
            return "The incident is not muted."
        case _:
            return None


def _has_levels(row: IncidentRow) -> bool:
    policy = snapshot_of(row).policy
    return policy is not None and bool(policy.levels)


async def _locked(session: AsyncSession, reference: str) -> IncidentRow:
    row = await incidents.lock(session, reference)
    if row is None:
        raise NoSuchIncident(reference)
    return row


def _values(action: IncidentAction, actor: Actor, at: datetime) -> dict[str, Any]:
    match action:
        case IncidentAction.ACKNOWLEDGE:
            acknowledged = incidents.status_values(IncidentStatus.ACKNOWLEDGED, actor.key, at)
            return {**acknowledged, "next_due_at": None}
        case IncidentAction.RESOLVE:
            return {**incidents.status_values(IncidentStatus.RESOLVED, actor.key, at), "next_due_at": None}
        case IncidentAction.UNACKNOWLEDGE | IncidentAction.ESCALATE:
            return {**incidents.status_values(IncidentStatus.TRIGGERED, actor.key, at), "next_due_at": at}
        case IncidentAction.MUTE:
            return {"muted": True}
        case IncidentAction.UNMUTE:
            return {"muted": False}
        case _:
            assert_never(action)


def _allowed(action: IncidentAction) -> ColumnElement[bool]:
    """:func:`why_not` as a condition of the one statement."""
    match action:
        case IncidentAction.ACKNOWLEDGE:
            return IncidentRow.status == IncidentStatus.TRIGGERED
        case IncidentAction.RESOLVE:
            return IncidentRow.status.in_(_OPEN)
        case IncidentAction.UNACKNOWLEDGE:
            return IncidentRow.status == IncidentStatus.ACKNOWLEDGED
        case IncidentAction.ESCALATE:
            return and_(IncidentRow.status.in_(_OPEN), IncidentRow.policy_key.is_not(None))
        case IncidentAction.MUTE:
            return and_(IncidentRow.status.in_(_OPEN), IncidentRow.muted.is_(False))
        case IncidentAction.UNMUTE:
            return and_(IncidentRow.status.in_(_OPEN), IncidentRow.muted.is_(True))
        case _:
            assert_never(action)


_PAST = {
    IncidentAction.ACKNOWLEDGE: "acknowledged",
    IncidentAction.RESOLVE: "resolved",
    IncidentAction.ESCALATE: "escalated",
    IncidentAction.UNACKNOWLEDGE: "unacknowledged",
    IncidentAction.MUTE: "muted",
    IncidentAction.UNMUTE: "unmuted",
}


def _step(action: IncidentAction, actor: Actor, at: datetime) -> IncidentStep:
    past = _PAST[action]
    return IncidentStep(at, past, f"{past.capitalize()} by {actor.words}.", {"by": actor.key})


async def _change_many(
    session: AsyncSession, action: IncidentAction, ids: Sequence[str], actor: Actor, at: datetime
) -> dict[str, int]:
    changed = await session.execute(
        update(IncidentRow)
        .where(IncidentRow.id.in_(ids), _allowed(action))
        .values(**_values(action, actor, at), version=IncidentRow.version + 1)
        .returning(IncidentRow.id, IncidentRow.version)
        .execution_options(synchronize_session=False)
    )
    return {incident_id: version for incident_id, version in changed}  # noqa: C416 (rows are no pairs for mypy)


def _bulk_commands(action: IncidentAction, changed: dict[str, int], actor: Actor, at: datetime) -> list[Command]:
    return [
        Command(CommandKind.CHANGED, incident_id, changed_payload(version, _PAST[action], actor.key), at, Lane.BULK)
        for incident_id, version in changed.items()
    ]


async def _append_to_many(session: AsyncSession, incident_ids: Collection[str], step: IncidentStep) -> None:
    line = {"at": step.at, "kind": step.kind, "text": step.text, "data": step.data}
    await session.execute(
        plain_insert(IncidentTimelineRow), [{"incident_id": incident_id, **line} for incident_id in incident_ids]
    )


async def _resolve_references(session: AsyncSession, references: Collection[str]) -> tuple[list[str], tuple[str, ...]]:
    """The ids behind ids and numbers, each once, and what names no incident."""
    known: dict[str, str] = {}
    wanted = list(dict.fromkeys(references))
    for start in range(0, len(wanted), _LOOKUP_CHUNK):
        chunk = wanted[start : start + _LOOKUP_CHUNK]
        numbers = [int(text[:18]) for text in chunk if text.isascii() and text.isdigit()]
        found = await session.execute(
            select(IncidentRow.id, IncidentRow.number).where(
                or_(IncidentRow.id.in_(chunk), IncidentRow.number.in_(numbers))
            )
        )
        for incident_id, number in found:
            known[incident_id] = known[str(number)] = incident_id
    ids = dict.fromkeys(known[reference] for reference in wanted if reference in known)
    return list(ids), tuple(reference for reference in wanted if reference not in known)

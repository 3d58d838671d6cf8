"""Looking after an incident: its row is read, and what is due is done, in one transaction."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from domain.alert_targets import PlannedAlert
from domain.directory import Directory
from domain.escalation import Advance, Standing, advance, next_step
from domain.ids import derived_id
from domain.incident_messages import Tended, TendIncident
from domain.incidents import IncidentStatus, PolicySnapshot
from storage import incidents, notifications
from storage.engine import Database
from storage.incident_actions import snapshot_of, standing_of
from storage.incidents import IncidentStep
from storage.notifications import NewNotification
from storage.tables import IncidentRow

#: the configuration as it is now; who is on call is looked up in it at each level
DirectoryProvider = Callable[[], Awaitable[Directory]]

_RESOLVED_BY_TIMER = "timer:resolve"


class IncidentActivities:
    def __init__(self, database: Database, directory: DirectoryProvider) -> None:
        self._database = database
        self._directory = directory

    @activity.defn(name="tend_incident")
    async def tend_incident(self, request: TendIncident) -> Tended:
        """Do what is due at ``request.now`` and say what is due next and which alerts are to be sent.

        Idempotency: the row itself. What was done is no longer due, and an alert's id follows from its place, so a
        repetition after a lost result returns the same alerts. Time-out 10 s, retried for ever: without the database
        an incident waits.
        """
        directory = await self._directory()
        async with self._database.write() as session:
            row = await incidents.lock(session, request.incident_id)
            if row is None:
                return Tended(status=None)
            snapshot = snapshot_of(row)
            before = standing_of(row)
            result = advance(before, snapshot, directory, request.now)
            if result.standing != before:
                row = await _store(session, row, before, result, request.now)
            return await _tended(session, row, result.standing, snapshot)


async def _store(
    session: AsyncSession, row: IncidentRow, before: Standing, result: Advance, now: datetime
) -> IncidentRow:
    standing = result.standing
    for alert in result.alerts:
        await notifications.create(session, _notification(row.id, standing, alert, now))
    await incidents.append_timeline(
        session, row.id, *(IncidentStep(now, line.kind, line.text, line.data) for line in result.lines)
    )
    responders = list(dict.fromkeys([*row.responders, *(alert.user for alert in result.alerts if alert.user)]))
    values = {
        "level": standing.level,
        "round": standing.round,
        "next_due_at": standing.next_due_at,
        "responders": responders,
    }
    if standing.status is not before.status:
        values |= incidents.status_values(standing.status, _RESOLVED_BY_TIMER, now)
    changed = await incidents.change(session, row.id, row.version, **values)
    assert changed is not None, "the row is locked"
    return changed


def _notification(incident_id: str, standing: Standing, alert: PlannedAlert, now: datetime) -> NewNotification:
    place = (str(standing.round), str(standing.level), str(alert.position), alert.channel)
    return NewNotification(
        id=derived_id("ntf", incident_id, *place, alert.user, alert.address),
        incident_id=incident_id,
        level=standing.level,
        round=standing.round,
        position=alert.position,
        channel=alert.channel,
        reason=alert.reason,
        rule=alert.rule,
        created_at=now,
        user=alert.user,
        address=alert.address,
    )


async def _tended(session: AsyncSession, row: IncidentRow, standing: Standing, snapshot: PolicySnapshot) -> Tended:
    step = next_step(standing, snapshot)
    return Tended(
        status=IncidentStatus(row.status),
        version=row.version,
        number=row.number,
        wake_at=step.at if step else None,
        waits_for=str(step.kind) if step else "",
        deliver=tuple(await notifications.unfinished(session, row.id)),
    )

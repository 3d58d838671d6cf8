"""The reconciler: every open incident and every schedule has a run, or gets one.

It asks for each by its id, never by a list: lists come from an index that may be behind, and a run that is merely not
listed would be doubted for nothing. A missing run is started by a command like any other, so it is paced; an
incident's timeline says so.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.commands import CommandKind
from storage import incidents, outbox, resources
from storage.engine import Database
from storage.incidents import IncidentStep
from storage.lease_holder import LeaseHolder
from storage.outbox import Command, Lane
from storage.tables import IncidentRow
from temporal.door import Door, Unavailable

log = structlog.get_logger()

LEASE = "reconciler"
#: younger incidents may just not have been started yet
GRACE = timedelta(minutes=1)
_EVERY_SECONDS = 60.0
_HEARTBEAT_SECONDS = 2.0
_PAGE = 100
#: between two questions: thousands of open incidents are looked through without haste
_BREATH_SECONDS = 0.005


class Reconciler:
    """``now`` is the clock of the wall. ``on_lost_runs`` is told how many incidents had lost their run, if any."""

    def __init__(
        self,
        database: Database,
        door: Door,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_lost_runs: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._door = door
        self._now = now
        self._on_lost_runs = on_lost_runs
        self._lost_runs = 0
        self._lease = LeaseHolder(database, LEASE, now)

    async def run(self, stop: asyncio.Event) -> None:
        """Look through all open incidents and schedules once a minute, until ``stop`` is set."""
        due_at = 0.0
        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                try:
                    if await self._lease.hold() and loop.time() >= due_at:
                        due_at = loop.time() + _EVERY_SECONDS
                        await self.look_through()
                        await self.report_lost_runs()
                        await self.look_through_schedules()
                except (SQLAlchemyError, OSError, Unavailable, TimeoutError) as error:
                    log.warning("open incidents and schedules could not be looked through", error=str(error))
                except Exception:  # the next minute may fare better; ending the loop would not
                    log.exception("open incidents and schedules could not be looked through")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT_SECONDS):
                        await stop.wait()
        finally:
            await self._lease.release()

    async def look_through(self) -> int:
        """Look at every open incident once. Returns how many had lost their run. Raises
        :class:`temporal.door.Unavailable`, and what the database raises when it is away."""
        found, last_number = 0, 0
        while page := await self._page(last_number):
            last_number = page[-1].number
            for incident in page:
                if not await self._door.incident_runs(incident.id) and await self._start_again(incident.id):
                    found += 1
                    self._lost_runs += 1
                await asyncio.sleep(_BREATH_SECONDS)
            await self._lease.hold()
        return found

    async def report_lost_runs(self) -> None:
        """Say how many incidents had lost their run since this was last said; what cannot be said now is said later."""
        if self._lost_runs and self._on_lost_runs is not None:
            await self._on_lost_runs(self._lost_runs)
        self._lost_runs = 0

    async def look_through_schedules(self) -> int:
        """Look at every schedule once, as at incidents. Returns how many had no run."""
        found = 0
        async with self._database.read() as session:
            keys = await resources.keys(session, "schedules")
        for number, key in enumerate(keys, start=1):
            if not await self._door.schedule_runs(key) and await self._watch_again(key):
                found += 1
            if number % _PAGE == 0:
                await self._lease.hold()
            await asyncio.sleep(_BREATH_SECONDS)
        return found

    async def _watch_again(self, schedule: str) -> bool:
        async with self._database.write() as session:
            if await outbox.has_pending(session, schedule):
                return False
            await outbox.add(session, Command(CommandKind.TEND_SCHEDULE, schedule, {}, self._now(), Lane.BULK))
        log.warning("a schedule had no run", schedule=schedule)
        return True

    async def _page(self, after_number: int) -> list[IncidentRow]:
        async with self._database.read() as session:
            rows = await incidents.unresolved(
                session, created_before=self._now() - GRACE, after_number=after_number, limit=_PAGE
            )
        return list(rows)

    async def _start_again(self, incident_id: str) -> bool:
        now = self._now()
        async with self._database.write() as session:
            row = await incidents.lock(session, incident_id)
            # A command that waits will start the run, or end the incident; neither is a lost run.
            if row is None or row.status == "resolved" or await outbox.has_pending(session, incident_id):
                return False
            text = "This incident had no running workflow; it is started again from where the incident stands."
            await incidents.append_timeline(session, incident_id, IncidentStep(now, "run_restarted", text))
            await outbox.add(session, Command(CommandKind.START_INCIDENT, incident_id, {}, now))
        log.warning("an open incident had no run", incident=incident_id)
        return True

"""The dispatcher: takes commands from the outbox and tells Temporal, each until it is done.

One process at a time holds the lease. Commands are idempotent by workflow id, so a crash between telling and marking
repeats one without harm. At most one command is in flight for an incident, and no more in all than
:class:`temporal.pacing.Window` allows, so that a storm of incidents delays no call.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.commands import CommandKind
from domain.incident_messages import Changed
from domain.incidents import IncidentStatus
from storage import calls, outbox, tokens
from storage.engine import Database
from storage.lease_holder import LeaseHolder
from storage.tables import CommandRow
from temporal.door import Door, Unavailable
from temporal.pacing import Window

log = structlog.get_logger()

LEASE = "dispatcher"
#: what another process wrote is found this late at most
_POLL_SECONDS = 0.05
#: a command whose time has come makes no news; it is found this late at most
_LOOK_ANYWAY_SECONDS = 0.25
_DATABASE_AWAY_SECONDS = 1.0
_STANDBY_SECONDS = 0.5
_TELL_SECONDS = 10.0
_FIRST_RETRY_SECONDS = 0.25
_LONGEST_RETRY_SECONDS = 15.0

_PING_EVERY_SECONDS = 0.2
_PING_SECONDS = 2.5
#: without commands for this long nothing is measured, and the window starts small again
_BUSY_SECONDS = 2.0
#: a caller who came later than this ago may still be waiting for somebody
_CALLER_WAITS = timedelta(minutes=5)

_KEEP_DONE = timedelta(days=1)
_TRIM_EVERY_SECONDS = 60.0
_TRIM_AT_ONCE = 500
_TRIM_TOKENS_EVERY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class _Told:
    """How telling one command ended; ``error`` is ``None`` when Temporal took it."""

    command: CommandRow
    error: str | None = None


class Dispatcher:
    """``now`` is the clock of the wall."""

    def __init__(self, database: Database, door: Door, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._door = door
        self._now = now
        self._lease = LeaseHolder(database, LEASE, now)
        self._window = Window()
        self._wake = asyncio.Event()
        self._changes = database.changes()
        self._look_at = 0.0
        #: targets whose command is in flight, or told but not yet marked
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._told: list[_Told] = []
        self._last_told_at = -_BUSY_SECONDS
        self._trim_at = 0.0
        self._trim_tokens_at = 0.0

    def poke(self) -> None:
        """There may be a new command: look at once. For the processor in the same process."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; then mark what was told and let a successor in at once."""
        canary = asyncio.create_task(self._measure())
        stopping = asyncio.create_task(self._wake_up_at(stop))
        try:
            while not stop.is_set():
                pause = await self._turn()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            for task in (canary, stopping, *self._in_flight.values()):
                task.cancel()
            await asyncio.gather(canary, stopping, *self._in_flight.values(), return_exceptions=True)
            with contextlib.suppress(SQLAlchemyError, OSError):
                await self._mark()
            await self._lease.release()
            self._changes.close()

    async def _wake_up_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _turn(self) -> float:
        """Mark what was told, tell what may be told. Returns how long to wait unless woken, in seconds."""
        if self._wake.is_set():
            self._look_at = 0.0
        self._wake.clear()
        try:
            if not await self._lease.hold():
                return _STANDBY_SECONDS
            await self._mark()
            await self._trim()
            await self._trim_tokens()
            free = self._window.size - len(self._in_flight)
            if free > 0 and (time.monotonic() >= self._look_at or self._changes.any()):
                await self._tell_next(free)
                self._look_at = time.monotonic() + _LOOK_ANYWAY_SECONDS
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("commands wait for the database", error=str(error))
            return _DATABASE_AWAY_SECONDS
        except Exception:  # the commands are still in the database; ending the loop would leave them there
            log.exception("commands could not be dispatched; they wait")
            return _DATABASE_AWAY_SECONDS
        return _POLL_SECONDS

    async def _tell_next(self, limit: int) -> None:
        async with self._database.read() as session:
            commands = await outbox.next_batch(session, self._now(), limit=limit, busy=self._in_flight.keys())
        for command in commands:
            self._in_flight[command.target] = asyncio.create_task(self._tell(command))

    async def _tell(self, command: CommandRow) -> None:
        error: str | None = None
        try:
            async with asyncio.timeout(_TELL_SECONDS):
                await tell(self._door, command)
        except (Unavailable, TimeoutError) as failure:
            error = str(failure) or "Temporal did not answer in time"
            log.warning("Temporal could not be told", command=command.id, kind=command.kind, error=error)
        except Exception as failure:  # whatever it is, the command is kept and tried again
            error = repr(failure)
            log.exception("a command failed", command=command.id, kind=command.kind)
        self._told.append(_Told(command, error))
        self._last_told_at = time.monotonic()
        self._wake.set()

    async def _mark(self) -> None:
        told, now = list(self._told), self._now()
        if not told:
            return
        async with self._database.write() as session:
            await outbox.mark_done(session, [each.command.id for each in told if each.error is None], now)
            for each in told:
                if each.error is not None:
                    retry_at = now + _back_off(each.command.attempts)
                    await outbox.mark_failed(session, each.command.id, each.error, retry_at)
        del self._told[: len(told)]
        for each in told:
            del self._in_flight[each.command.target]

    async def _trim(self) -> None:
        if time.monotonic() < self._trim_at:
            return
        async with self._database.write() as session:
            removed = await outbox.trim_done(session, self._now() - _KEEP_DONE, limit=_TRIM_AT_ONCE)
        self._trim_at = time.monotonic() + (0.0 if removed == _TRIM_AT_ONCE else _TRIM_EVERY_SECONDS)

    async def _trim_tokens(self) -> None:
        """Here because the dispatcher runs once in an installation."""
        if time.monotonic() < self._trim_tokens_at:
            return
        async with self._database.write() as session:
            await tokens.trim_expired(session, self._now())
        self._trim_tokens_at = time.monotonic() + _TRIM_TOKENS_EVERY_SECONDS

    async def _measure(self) -> None:
        """Keep the window right while there is something to pace, for ever."""
        while True:
            await asyncio.sleep(_PING_EVERY_SECONDS)
            if time.monotonic() - self._last_told_at > _BUSY_SECONDS:
                self._window.reset()
                continue
            started = time.perf_counter()
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await self._door.ping(LEASE)
                seconds = time.perf_counter() - started
                self._window.answered(seconds, callers_wait=await self._callers_wait())
                self._wake.set()
            except Exception as error:  # without a measurement the smallest window is the only safe one
                log.debug("the canary did not answer", error=repr(error))
                self._window.reset()

    async def _callers_wait(self) -> bool:
        async with self._database.read() as session:
            return await calls.any_waiting(session, started_after=self._now() - _CALLER_WAITS)


async def tell(door: Door, command: CommandRow) -> None:
    """Tell Temporal of one command. Raises :class:`temporal.door.Unavailable`."""
    kind = CommandKind(command.kind)
    match kind:
        case CommandKind.START_INCIDENT:
            await door.start_incident(command.target)
        case CommandKind.CHANGED:
            payload = command.payload
            news = Changed(payload["version"], payload["what"], payload["by"])
            was_told = await door.incident_changed(command.target, news)
            # A run that ended because the incident is resolved needs no successor; one that was lost does.
            if not was_told and news.what != IncidentStatus.RESOLVED:
                await door.start_incident(command.target)
        case CommandKind.TEND_SCHEDULE:
            await door.tend_schedule(command.target)
        case _:
            assert_never(kind)


def _back_off(attempts: int) -> timedelta:
    return timedelta(seconds=min(_FIRST_RETRY_SECONDS * 2 ** min(attempts, 10), _LONGEST_RETRY_SECONDS))


class AtOnce:
    """Signals a run as soon as its row has changed. What fails here is not lost: the dispatcher has the command."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, incident_id: str, payload: dict[str, object]) -> None:
        """For :class:`storage.incident_actions.IncidentActions`; returns at once."""
        task = asyncio.create_task(self._signal(incident_id, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _signal(self, incident_id: str, payload: dict[str, object]) -> None:
        by = payload["by"]
        news = Changed(int(str(payload["version"])), str(payload["what"]), None if by is None else str(by))
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_PING_SECONDS):
                await self._door.incident_changed(incident_id, news)

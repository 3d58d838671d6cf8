"""The processor: takes events from the journal and makes incidents of them, each event exactly once.

One process at a time holds the lease. A batch is one transaction (event ids, incidents, timeline, commands) that checks
the lease's epoch; the journal is trimmed after it. A crash in between repeats events, whose ids are then known.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.directory import Directory
from intake.decide import Decider
from intake.events import EventKind
from intake.own_reports import set_aside_report
from intake.rules import Effect, Event, read_event, unreadable
from storage import leases
from storage.engine import Database
from storage.intake_batch import known_event_ids, lock_open_incidents, write
from storage.journal import Entry, Journal, JournalUnavailable
from storage.lease_holder import LeaseHolder
from storage.leases import LeaseLost

_log = logging.getLogger(__name__)

LEASE = "intake"
_IDLE_SECONDS = 0.04
#: whether SQLite's journal has something new is known without reading it
_SQLITE_IDLE_SECONDS = 0.01
#: the least time between two transactions
_BREATH_SECONDS = 0.005
_RETRY_SECONDS = 1.0
#: after so many failures of one event alone, with the database answering, the event is set aside
_MAX_FAILURES = 5

#: PostgreSQL's classes of errors that say nothing about the event: connection, rollback, resources, operator, system
_PASSING_SQLSTATES = ("08", "40", "53", "55", "57", "58")


class ConfigurationAway(Exception):
    """An event's integration is unknown here, and the database cannot be asked; the events wait."""


class Pace:
    """How many events one transaction takes: as many as fit into ``most_seconds``."""

    most = 250
    #: a transaction has a price of its own; fewer events than these would not make it shorter
    least = 8

    def __init__(self, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self.size = self.least
        self.pause_seconds = _BREATH_SECONDS

    def took(self, events: int, seconds: float) -> None:
        # As long as the transaction was, so that the other writers find the database free half of the time.
        self.pause_seconds = max(_BREATH_SECONDS, seconds)
        if seconds > self._most_seconds:
            self.size = max(self.least, self.size // 2)
        elif seconds < self._most_seconds / 2 and events >= self.size:
            self.size = min(self.most, self.size + max(4, self.size // 4))

    def stumble(self) -> None:
        """After a failure: one by one, so that a single event cannot hold up the others."""
        self.size = 1


class Processor:
    """``directory`` gives this process's copy of the configuration, ``refresh`` compares that copy with the database
    (``False`` when it is away); ``now`` is the clock of the wall; ``on_commands`` hears of new commands."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        directory: Callable[[], Directory],
        refresh: Callable[[], Awaitable[bool]] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_commands: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._journal = journal
        self._directory = directory
        self._refresh = refresh
        self._on_commands = on_commands
        self._now = now
        self._lease = LeaseHolder(database, LEASE, now)
        # One writer at a time is all that SQLite has; PostgreSQL's writers do not wait for each other.
        self._pace = Pace(0.020 if database.is_sqlite else 0.100)
        self._idle_seconds = _SQLITE_IDLE_SECONDS if database.is_sqlite else _IDLE_SECONDS
        self._reading: list[Entry] = []
        self._failures = 0

    async def run(self) -> NoReturn:
        """Process until cancelled; then let a successor in at once."""
        try:
            while True:
                pause = await self._turn()
                await asyncio.sleep(pause)
        finally:
            await self._lease.release()

    async def step(self) -> int:
        """Process one batch. Returns how many events were read; 0 also while another process holds the lease.

        Raises what the database or the journal raises when they are away; nothing is lost by calling again.
        """
        lease = await self._lease.hold()
        if lease is None:
            return 0
        self._reading = await self._journal.read(self._pace.size)
        if self._reading:
            await self._know_integrations()
            await self.absorb(self._reading, lease.epoch)
            self._on_commands()
            await self._journal.trim([entry.seq for entry in self._reading])
        return len(self._reading)

    async def absorb(self, entries: Sequence[Entry], epoch: int) -> None:
        """Make incidents of the entries in one transaction. Raises :class:`LeaseLost` when the epoch is over."""
        remarks: list[str] = []
        async with self._database.write() as session:
            started = time.perf_counter()
            await leases.check_epoch(session, LEASE, epoch)
            if not await self._try(session, entries, remarks):
                for entry in entries:
                    await self._absorb_alone(session, entry, remarks)
        self._pace.took(len(entries), time.perf_counter() - started)
        for remark in remarks:
            _log.info(remark)

    async def _turn(self) -> float:
        """One batch. Returns the pause that is due after it, in seconds."""
        try:
            count = await self.step()
        except LeaseLost:
            _log.warning("Another process took over the processing of events.")
            self._lease.lose()
            return _IDLE_SECONDS
        except (SQLAlchemyError, OSError, TimeoutError, JournalUnavailable, ConfigurationAway) as error:
            _log.warning("Events wait: %s", _brief(error))
            await self._stumble(_brief(error))
            return _RETRY_SECONDS
        except Exception as error:  # the events are still in the journal; ending the loop would leave them there
            _log.exception("Events could not be processed; they wait.")
            await self._stumble(_brief(error))
            return _RETRY_SECONDS
        self._failures = 0
        return self._pace.pause_seconds if count else self._idle_seconds

    async def _stumble(self, reason: str) -> None:
        """Go on one by one. An event that fails again and again, alone, with the database answering, is set aside:
        it stays in the journal for a person to look at, and no longer holds up the others."""
        alone = len(self._reading) == 1
        self._pace.stumble()
        try:
            await self._database.ping()
            if not alone:
                return
            self._failures += 1
            if self._failures >= _MAX_FAILURES:
                await self._set_aside(self._reading[0], reason)
                self._failures = 0
        except (SQLAlchemyError, OSError, TimeoutError, JournalUnavailable):
            self._failures = 0

    async def _set_aside(self, entry: Entry, reason: str) -> None:
        # The report first: an event that is set aside without one is lost for everybody.
        if entry.kind != EventKind.OWN:
            await self._journal.append(set_aside_report(entry, reason, self._directory(), self._now()))
        await self._journal.set_aside(entry.seq, reason)
        _log.error("Event %s is set aside in the journal: %s", entry.id, reason)

    async def _know_integrations(self) -> None:
        """An integration may be newer than our copy of the configuration, or the copy not loaded yet. An incident that
        opened without its policy would alert nobody, so the events wait for a look in the database."""
        known = self._directory().integrations
        if self._refresh is None or all(entry.integration in known for entry in self._reading):
            return
        if not await self._refresh():
            raise ConfigurationAway("the configuration cannot be read")

    async def _try(self, session: AsyncSession, entries: Sequence[Entry], remarks: list[str]) -> bool:
        """All entries or none of them. A database that is away is no fault of an event and passes through."""
        try:
            async with session.begin_nested():
                remarks.extend(await self._decide_and_write(session, [read_event(entry) for entry in entries]))
        except Exception as error:  # whatever one event does to our rules, the others must not suffer
            if _is_passing(error):
                raise
            if len(entries) == 1:
                _log.exception("Event %s could not be processed.", entries[0].id)
            else:
                _log.warning("A batch of %d events is processed one by one: %s", len(entries), _brief(error))
            return False
        return True

    async def _absorb_alone(self, session: AsyncSession, entry: Entry, remarks: list[str]) -> None:
        if not await self._try(session, [entry], remarks):
            async with session.begin_nested():
                remarks.extend(await self._decide_and_write(session, [unreadable(entry)]))

    async def _decide_and_write(self, session: AsyncSession, events: Sequence[Event]) -> list[str]:
        return (await decide_and_write(session, self._directory(), events, self._now())).remarks


async def decide_and_write(
    session: AsyncSession, directory: Directory, events: Sequence[Event], now: datetime
) -> Decider:
    """What the events come to, stored. Events that were processed before are left out."""
    known = await known_event_ids(session, {event.id for event in events})
    fresh = _first_of_each(event for event in events if event.id not in known)
    open_incidents = await lock_open_incidents(
        session,
        keys={(event.integration, event.dedup_key) for event in fresh if event.dedup_key},
        titles={(event.integration, event.title) for event in fresh if event.effect is Effect.RESOLVE},
    )
    decider = Decider(directory, open_incidents, now)
    for event in fresh:
        decider.take(event)
    await write(session, decider.batch)
    return decider


def _brief(error: Exception) -> str:
    """Without the statement and its values, which are the event's content."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first_line = (str(cause).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first_line}"


def _is_passing(error: Exception) -> bool:
    """Whether the database rather than the event is at fault."""
    if isinstance(error, OperationalError | InterfaceError | OSError | TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")).startswith(_PASSING_SQLSTATES)


def _first_of_each(events: Iterable[Event]) -> list[Event]:
    """A spool that was replayed may have put an event into the journal twice."""
    unique: dict[str, Event] = {}
    for event in events:
        unique.setdefault(event.id, event)
    return list(unique.values())

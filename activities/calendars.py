"""Keeping foreign calendars up to date: fetched or taken from the file that was handed in, read, and stored."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx2
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.calendar_fetch import NotFetched, fetch_calendar
from activities.calendar_file import BadCalendar, read_apart
from domain.directory import Calendar, Directory
from domain.foreign_calendars import RefreshCalendar
from storage import calendars
from storage.engine import Database

Directories = Callable[[], Awaitable[Directory]]


class CalendarActivities:
    """``client`` guards where it goes (``channels.egress``)."""

    def __init__(self, database: Database, client: httpx2.AsyncClient, directory: Directories) -> None:
        self._database = database
        self._client = client
        self._directory = directory

    @activity.defn(name="list_calendars")
    async def list_calendars(self) -> list[str]:
        """The calendars of the configuration, and those whose events are still here although they are gone.

        Idempotent: it only reads. Time-out 10 s; retried until the database answers.
        """
        directory = await self._directory()
        async with self._database.read() as session:
            known = {row.calendar for row in await calendars.states(session)}
        return sorted(known | directory.calendars.keys())

    @activity.defn(name="refresh_calendar")
    async def refresh_calendar(self, request: RefreshCalendar) -> str:
        """Read the calendar and show its events instead of those of before; what came of it. What goes wrong is written
        into the calendar's state, and the events of before stay.

        Idempotency: the calendar; read twice, the newer reading stays. Time-out 2 min; tried three times while another
        try may help.
        """
        calendar = (await self._directory()).calendars.get(request.calendar)
        source = calendars.source_of(calendar.url if calendar is not None else None)
        begun = datetime.now(UTC)
        try:
            content = await self._content(calendar)
            if content is None:
                await calendars.forget(self._database, request.calendar)
                return "nothing to read"
            await take_in(self._database, request.calendar, source, content, request.at, begun)
        except (NotFetched, BadCalendar) as error:
            await self._note(request.calendar, source, str(error))
            if isinstance(error, NotFetched) and error.may_pass:
                raise ApplicationError(str(error), type="NotFetched") from None
            return "failed"
        return "refreshed"

    async def _content(self, calendar: Calendar | None) -> bytes | None:
        """``None`` when the calendar is gone, or has neither an address nor a file."""
        if calendar is None:
            return None
        if calendar.url is not None:
            return await fetch_calendar(self._client, calendar.url)
        async with self._database.read() as session:
            return await calendars.file_of(session, calendar.key)

    async def _note(self, calendar: str, source: str, error: str) -> None:
        async with self._database.write() as session:
            await calendars.note_failure(session, calendar, source, error, datetime.now(UTC))


async def take_in(
    database: Database, calendar: str, source: str, content: bytes, at: datetime, begun: datetime
) -> None:
    """Read the content and show its events around ``at`` instead of those of before; a file that was handed in is kept.
    ``begun`` is when the content was asked for, by the wall's clock: a reading takes up to a minute, and what was asked
    for later stays, whichever ends last. Raises :class:`BadCalendar`."""
    reading = await read_apart(content, at)
    file = content if source == calendars.FILE else None
    await calendars.replace_events(database, calendar, source, reading.events, begun, reading.note, file)

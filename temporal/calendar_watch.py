"""Sees to it that foreign calendars are read: there is a run that does so every night, and it hears of every calendar
whose address is new or another one, however the configuration was changed.
"""

import asyncio
import contextlib

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config.service import ConfigService
from domain.directory import Directory
from storage import calendars
from storage.engine import Database
from temporal.door import Door, Unavailable

log = structlog.get_logger()

#: between two looks at the configuration's version, which cost one short statement
_EVERY_SECONDS = 2.0
#: looks at everything, though nothing changed: the run may have been lost, or a reading have failed to say so
_THOROUGH_EVERY_SECONDS = 300.0


class CalendarWatch:
    """One per worker process; what several of them ask for twice is done once."""

    def __init__(self, database: Database, config: ConfigService, door: Door) -> None:
        self._database = database
        self._config = config
        self._door = door

    async def run(self, stop: asyncio.Event) -> None:
        """Look whenever the configuration has changed, until ``stop`` is set."""
        loop = asyncio.get_running_loop()
        seen, due_at = -1, 0.0
        while not stop.is_set():
            try:
                directory = await self._config.directory()
                if directory.version != seen or loop.time() >= due_at:
                    await self.look(directory)
                    seen, due_at = directory.version, loop.time() + _THOROUGH_EVERY_SECONDS
            except (SQLAlchemyError, OSError, Unavailable, TimeoutError) as error:
                log.warning("calendars could not be looked through", error=str(error))
            except Exception:  # the next look may fare better; ending the loop would not
                log.exception("calendars could not be looked through")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_SECONDS):
                    await stop.wait()

    async def look(self, directory: Directory) -> list[str]:
        """Have the run, if there is a calendar, and return the calendars that it was told to read. Raises
        :class:`temporal.door.Unavailable`, and what the database raises when it is away."""
        async with self._database.read() as session:
            sources = {row.calendar: row.source for row in await calendars.states(session)}
        wanted = sorted(_to_be_read(directory, sources))
        if directory.calendars:
            await self._door.tend_calendars()
        for calendar in wanted:
            await self._door.refresh_calendar(calendar)
        return wanted


def _to_be_read(directory: Directory, sources: dict[str, str]) -> set[str]:
    """The calendars that were never read, or from another source; and those that are gone, to be forgotten."""
    new = {key for key, each in directory.calendars.items() if key not in sources and each.url is not None}
    moved = {
        key
        for key, source in sources.items()
        if key not in directory.calendars or source != calendars.source_of(directory.calendars[key].url)
    }
    return new | moved

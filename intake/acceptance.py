"""Accepting an event: durable in the journal, or, while that is away, in the spool. Nothing else happens here."""

import asyncio
import logging
from datetime import UTC, datetime

from intake.events import EventKind, new_event_id
from intake.spool import Spool
from storage.journal import Entry, Journal, JournalUnavailable

_log = logging.getLogger(__name__)

#: A sender waits for us. A journal that is slower than this counts as away; the event may be in it nevertheless, which
#: its id will show.
_JOURNAL_SECONDS = 2.0


class Acceptance:
    def __init__(self, journal: Journal, spool: Spool) -> None:
        self._journal = journal
        self._spool = spool

    async def accept(self, kind: EventKind, integration: str, body: bytes) -> str:
        """The event's new id, once the event cannot be lost any more. Raises ``OSError`` when nothing took it."""
        entry = Entry(new_event_id(), kind, integration, datetime.now(UTC), body)
        await self.accept_entry(entry)
        return entry.id

    async def accept_entry(self, entry: Entry) -> None:
        """As :meth:`accept`, for an event that already has its id."""
        # Behind what is spooled already: a resolve must not overtake the event that it resolves.
        if not self._spool.is_empty:
            await self._spool.append(entry)
            return
        try:
            async with asyncio.timeout(_JOURNAL_SECONDS):
                await self._journal.append(entry)
        except (JournalUnavailable, TimeoutError) as error:
            _log.warning("The journal is away (%s); the event goes to the spool.", error)
            await self._spool.append(entry)

"""Opening an incident at once, for a person who waits for the answer: by the rules of every other event."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from domain.directory import Directory
from intake.processor import decide_and_write
from intake.rules import Event
from storage import event_ids
from storage.engine import Database

_TRIES = 5


async def open_now(database: Database, directory: Directory, event: Event, now: datetime) -> tuple[str, bool]:
    """The id of the incident that the event opened, or was counted to; and whether it is new.

    The journal is left out: nobody has been told yet that the event is safe, so a failure may simply be an error.
    """
    for _ in range(_TRIES - 1):
        try:
            return await _open_once(database, directory, event, now)
        except IntegrityError:
            # Somebody opened the same incident in the same moment: now there is one to be counted to.
            continue
    return await _open_once(database, directory, event, now)


async def _open_once(database: Database, directory: Directory, event: Event, now: datetime) -> tuple[str, bool]:
    async with database.write() as session:
        decider = await decide_and_write(session, directory, [event], now)
        incident_id = await event_ids.incident_of(session, event.id)
        assert incident_id is not None
    return incident_id, decider.batch.touched[incident_id].new is not None

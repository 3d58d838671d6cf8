"""What providers called the messages that we know of: whoever looks for one that got lost passes these over."""

from datetime import datetime, timedelta

from storage import notices, notifications
from storage.engine import Database

#: a provider's clock may be behind ours
_CLOCK_MARGIN = timedelta(minutes=5)


async def known_ids(database: Database, address: str, since: datetime) -> set[str]:
    """Of the alerts to this address, and of all notices, that went out since then."""
    since -= _CLOCK_MARGIN
    async with database.read() as session:
        alerts = await notifications.provider_ids_to(session, address, since=since)
        return alerts | await notices.provider_ids(session, since=since)

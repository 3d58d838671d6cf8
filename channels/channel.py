"""The port of a way to reach a person."""

from collections.abc import Set
from datetime import datetime
from typing import Protocol

from domain.alerts import Alert
from domain.delivery import Sent


class Channel(Protocol):
    """Sends one alert. Both methods raise the errors of :mod:`domain.delivery` and nothing else; neither retries."""

    async def send(self, alert: Alert) -> Sent: ...

    async def find_sent(self, alert: Alert, since: datetime, known_ids: Set[str]) -> Sent | None:
        """Settle an unknown outcome: what the provider took for this recipient since then.

        ``known_ids`` are provider ids that belong to other alerts. ``None`` means that sending again is safe.
        """
        ...

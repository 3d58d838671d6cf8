"""The port of a way to reach a person or a room."""

from collections.abc import Set
from datetime import datetime
from typing import Protocol

from domain.delivery import Sent
from domain.outgoing import Message


class Channel(Protocol):
    """Sends one message. Both methods raise the errors of :mod:`domain.delivery` and nothing else; neither retries."""

    async def send(self, message: Message) -> Sent: ...

    async def find_sent(self, message: Message, since: datetime, known_ids: Set[str]) -> Sent | None:
        """Settle an unknown outcome: what the provider took for this recipient since then.

        ``known_ids`` are provider ids that belong to other messages. ``None`` means that sending again is safe.
        :class:`domain.delivery.Refused` means that it cannot be told, and sending again may be a second time.
        """
        ...

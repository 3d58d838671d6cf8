"""Text messages over a carrier account."""

from collections.abc import Set
from datetime import datetime

from channels.carrier import find_sent
from domain.delivery import MessageKind, Sent
from domain.directory import CarrierAccount
from domain.outgoing import Message
from telephony.rest import CarrierRest


class SmsChannel:
    def __init__(self, rest: CarrierRest, account: CarrierAccount) -> None:
        self._rest = rest
        self._account = account

    async def send(self, message: Message) -> Sent:
        sender = self._account.from_number or ""
        sent = await self._rest.send_sms(self._account, sender, message.to, message.sms, message.status_url)
        return Sent(self._account.provider, sent)

    async def find_sent(self, message: Message, since: datetime, known_ids: Set[str]) -> Sent | None:
        return await find_sent(self._rest, self._account, MessageKind.SMS, message.to, since, known_ids)

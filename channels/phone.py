"""Phone calls: what is said, and the keys, are the document that the carrier fetches at ``message.answer_url``."""

from collections.abc import Set
from datetime import datetime

from channels.carrier import find_sent
from domain.delivery import MessageKind, Sent
from domain.directory import CarrierAccount
from domain.outgoing import Message
from telephony.rest import CarrierRest

#: usually just under the time after which a phone's voicemail takes over
RING_SECONDS = 25
#: the prompt twice with its pauses, and a confirmation; a voicemail must not hold the line for longer
TIME_LIMIT_SECONDS = 120


class PhoneChannel:
    def __init__(self, rest: CarrierRest, account: CarrierAccount) -> None:
        self._rest = rest
        self._account = account

    async def send(self, message: Message) -> Sent:
        call = await self._rest.place_call(
            self._account,
            self._account.from_number or "",
            message.to,
            message.answer_url,
            message.status_url,
            RING_SECONDS,
            TIME_LIMIT_SECONDS,
        )
        return Sent(self._account.provider, call)

    async def find_sent(self, message: Message, since: datetime, known_ids: Set[str]) -> Sent | None:
        return await find_sent(self._rest, self._account, MessageKind.CALL, message.to, since, known_ids)

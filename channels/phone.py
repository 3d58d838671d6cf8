"""Alerts as phone calls: the prompt and its keys are the document that the carrier fetches at ``alert.answer_url``."""

from collections.abc import Set
from datetime import datetime

from channels.carrier import find_sent
from domain.alerts import Alert
from domain.delivery import MessageKind, Sent
from domain.directory import CarrierAccount
from telephony.rest import CarrierRest

#: usually just under the time after which a phone's voicemail takes over
RING_SECONDS = 25
#: the prompt twice with its pauses, and a confirmation; a voicemail must not hold the line for longer
TIME_LIMIT_SECONDS = 120


class PhoneChannel:
    def __init__(self, rest: CarrierRest, account: CarrierAccount) -> None:
        self._rest = rest
        self._account = account

    async def send(self, alert: Alert) -> Sent:
        call = await self._rest.place_call(
            self._account,
            self._account.from_number or "",
            alert.to,
            alert.answer_url,
            alert.status_url,
            RING_SECONDS,
            TIME_LIMIT_SECONDS,
        )
        return Sent(self._account.provider, call)

    async def find_sent(self, alert: Alert, since: datetime, known_ids: Set[str]) -> Sent | None:
        return await find_sent(self._rest, self._account, MessageKind.CALL, alert.to, since, known_ids)

"""Alerts as text messages over a carrier account."""

from collections.abc import Set
from datetime import datetime

from channels.carrier import find_sent
from domain.alerts import Alert, sms_text
from domain.delivery import MessageKind, Sent
from domain.directory import CarrierAccount
from telephony.rest import CarrierRest


class SmsChannel:
    def __init__(self, rest: CarrierRest, account: CarrierAccount) -> None:
        self._rest = rest
        self._account = account

    async def send(self, alert: Alert) -> Sent:
        sender = self._account.from_number or ""
        message = await self._rest.send_sms(self._account, sender, alert.to, sms_text(alert), alert.status_url)
        return Sent(self._account.provider, message)

    async def find_sent(self, alert: Alert, since: datetime, known_ids: Set[str]) -> Sent | None:
        return await find_sent(self._rest, self._account, MessageKind.SMS, alert.to, since, known_ids)

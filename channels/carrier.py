"""What text messages and phone calls share: settling an unknown outcome at the carrier."""

from collections.abc import Set
from datetime import datetime

from domain.delivery import MessageKind, Sent
from domain.directory import CarrierAccount
from telephony.rest import CarrierRest


async def find_sent(
    rest: CarrierRest, account: CarrierAccount, kind: MessageKind, to: str, since: datetime, known_ids: Set[str]
) -> Sent | None:
    """See :meth:`channels.channel.Channel.find_sent`."""
    found = await rest.find_recent(account, to, since, kind)
    unclaimed = [provider_id for provider_id in found if provider_id not in known_ids]
    return Sent(account.provider, unclaimed[0]) if unclaimed else None

"""Which channel a name in a policy, a schedule or a user's settings means."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import httpx2

from channels.channel import Channel
from channels.email import EmailChannel, parse_smtp_url
from channels.phone import PhoneChannel
from channels.room import RoomChannel
from channels.sms import SmsChannel
from domain.delivery import Refused
from domain.directory import CarrierAccount, Room
from telephony.rest import carrier_rest

#: every name that may be used, and what is missing when it is not set up
_SET_UP = {
    "phone": "add an account with a from_number under carriers.",
    "sms": "add an account with a from_number under carriers.",
    "email": "set DUTYLINE_SMTP_URL, for example smtp://user:password@mail.example.com:587.",
    "slack": "add the room and its incoming webhook under rooms.",
    "teams": "add the room and its incoming webhook under rooms.",
}
_ROOM_CHANNELS = ("slack", "teams")


@dataclass(frozen=True, slots=True)
class Rooms:
    """The chat rooms that are set up, and the guarded client that posts there."""

    client: httpx2.AsyncClient
    rooms: Collection[Room]


class ChannelRegistry:
    """The channels of one version of the configuration. Cheap to make; the HTTP client is shared."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = dict(channels)

    def get(self, name: str) -> Channel:
        """The channel of that name. Raises :class:`Refused` ``unknown_channel`` or ``not_set_up``."""
        if name not in _SET_UP:
            known = ", ".join(sorted(_SET_UP))
            raise Refused("unknown_channel", f"There is no channel called {name!r}; the channels are {known}.")
        if name not in self._channels:
            raise Refused("not_set_up", f"The channel {name} is not set up: {_SET_UP[name]}")
        return self._channels[name]


def make_registry(
    client: httpx2.AsyncClient,
    carriers: Mapping[str, CarrierAccount],
    smtp_url: str | None,
    smtp_from: str,
    rooms: Rooms | None = None,
) -> ChannelRegistry:
    """All channels that are set up. Raises ``ValueError`` for an SMTP address that cannot be read."""
    channels: dict[str, Channel] = {}
    if account := alert_account(carriers):
        rest = carrier_rest(account.provider, client)
        channels["sms"] = SmsChannel(rest, account)
        channels["phone"] = PhoneChannel(rest, account)
    if smtp_url:
        channels["email"] = EmailChannel(parse_smtp_url(smtp_url), smtp_from)
    if rooms is not None:
        channels |= dict(_room_channels(rooms))
    return ChannelRegistry(channels)


def _room_channels(rooms: Rooms) -> Iterator[tuple[str, Channel]]:
    for name in _ROOM_CHANNELS:
        if of_channel := {room.to: room for room in rooms.rooms if room.channel == name}:
            yield name, RoomChannel(rooms.client, name, of_channel)


def alert_account(carriers: Mapping[str, CarrierAccount]) -> CarrierAccount | None:
    """The account that alerts are sent with: the first one, in the configuration's order, that has a number. A real
    carrier's comes before one whose ``base_url`` leads elsewhere, such as the simulated carrier's."""
    with_number = [account for account in carriers.values() if account.from_number]
    return min(with_number, key=lambda account: account.base_url is not None, default=None)

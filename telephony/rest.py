"""The port to a carrier's REST interface. :mod:`telephony.rest_exchange` says why it is not the carriers' SDKs."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, assert_never

import httpx2

from domain.delivery import MessageKind
from domain.directory import CarrierAccount, Provider
from telephony.recordings import RecordingStream
from telephony.rest_plivo import PlivoRest
from telephony.rest_twilio import TwilioRest


class CarrierRest(Protocol):
    """What we ask of a carrier. Everything raises one of :mod:`domain.delivery`'s errors, nothing else.

    Nothing is retried in here. After :class:`Unknown`, ask :meth:`find_recent` before sending again.
    """

    provider: Provider

    async def send_sms(self, account: CarrierAccount, from_: str, to: str, body: str, callback_url: str) -> str:
        """Send a text message and return the carrier's id of it."""
        ...

    async def place_call(
        self,
        account: CarrierAccount,
        from_: str,
        to: str,
        answer_url: str,
        callback_url: str,
        ring_seconds: int,
        time_limit_seconds: int,
    ) -> str:
        """Ring a number; after pick-up the carrier fetches ``answer_url``. Returns the carrier's id of the call."""
        ...

    async def find_recent(self, account: CarrierAccount, to: str, since: datetime, kind: MessageKind) -> list[str]:
        """Ids of what this account sent to the number through REST since then, newest first as far as known."""
        ...

    def fetch_recording(self, url: str, account: CarrierAccount | None) -> AbstractAsyncContextManager[RecordingStream]:
        """Open a recording, with the account's credentials if given.

        Only the carrier's own media hosts and the account's ``base_url`` are asked, and redirects are refused: the
        address comes from a webhook, which on an unverified hotline anybody can send. ``Refused`` has the code
        ``needs_credentials``, ``gone``, ``not_a_recording`` or ``too_large``; a file that is not ready is ``TryLater``.
        """
        ...

    async def ping(self, account: CarrierAccount) -> None:
        """Return when the credentials work and the account is active."""
        ...


def carrier_rest(provider: Provider, client: httpx2.AsyncClient) -> CarrierRest:
    """The implementation for a carrier; ``client`` is one of :func:`telephony.rest_exchange.make_client`."""
    match provider:
        case Provider.TWILIO:
            return TwilioRest(client)
        case Provider.PLIVO:
            return PlivoRest(client)
        case _:
            assert_never(provider)

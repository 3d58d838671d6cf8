"""Twilio over REST."""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx2

from domain.delivery import MessageKind, Refused
from domain.directory import CarrierAccount, Provider
from telephony.carrier_errors import TWILIO_SENTENCES
from telephony.recordings import MediaRule, RecordingStream, open_recording
from telephony.rest_exchange import (
    CLOCK_MARGIN,
    exchange,
    objects,
    parse_mail_date,
    read_id,
    require_number,
    require_sender,
    same_number,
)

_API = "https://api.twilio.com"
#: ``api.twilio.com``, or with edge and region: ``api.dublin.ie1.twilio.com``
_MEDIA = MediaRule(
    host=re.compile(r"api(\.[a-z0-9-]+){0,2}\.twilio\.com"),
    path=re.compile(r"/2010-04-01/Accounts/\w+/Recordings/[\w.-]+"),
)
#: a text that arrives an hour late is about something that somebody else handles by then
_SMS_VALID_SECONDS = "3600"
_MAX_RING_SECONDS = 600
_PAGE = "50"


class TwilioRest:
    provider = Provider.TWILIO

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def send_sms(self, account: CarrierAccount, from_: str, to: str, body: str, callback_url: str) -> str:
        form: dict[str, str | list[str]] = {
            "To": require_number(to),
            "From": require_sender(from_),
            "Body": body,
            "StatusCallback": callback_url,
            "ValidityPeriod": _SMS_VALID_SECONDS,
        }
        return read_id(await self._post(account, "Messages.json", form), "sid")

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
        form: dict[str, str | list[str]] = {
            "To": require_number(to),
            "From": require_sender(from_),
            "Url": answer_url,
            "Method": "POST",
            "StatusCallback": callback_url,
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
            "Timeout": str(min(ring_seconds, _MAX_RING_SECONDS)),
            "TimeLimit": str(time_limit_seconds),
        }
        return read_id(await self._post(account, "Calls.json", form), "sid")

    async def find_recent(self, account: CarrierAccount, to: str, since: datetime, kind: MessageKind) -> list[str]:
        resource = "calls" if kind is MessageKind.CALL else "messages"
        # Filtered by creation time here: the server's filters read start and send times, which queued ones lack.
        query = {"To": require_number(to), "PageSize": _PAGE}
        content = await self._get(account, f"{resource.capitalize()}.json", query)
        return [
            read_id(item, "sid")
            for item in objects(content, resource)
            if _is_ours(item, to) and _may_be_since(item.get("date_created"), since)
        ]

    def fetch_recording(self, url: str, account: CarrierAccount | None) -> AbstractAsyncContextManager[RecordingStream]:
        return open_recording(self._client, url, account, _MEDIA)

    async def ping(self, account: CarrierAccount) -> None:
        url = f"{_base(account)}/2010-04-01/Accounts/{quote(account.account_id, safe='')}.json"
        content = await exchange(self._client, "GET", url, account, sentences=TWILIO_SENTENCES)
        if content.get("status", "active") != "active":
            raise Refused("account_inactive", "The Twilio account is suspended or closed.")

    async def _post(
        self, account: CarrierAccount, resource: str, form: Mapping[str, str | list[str]]
    ) -> dict[str, Any]:
        url = _resource(account, resource)
        return await exchange(self._client, "POST", url, account, sentences=TWILIO_SENTENCES, data=form)

    async def _get(self, account: CarrierAccount, resource: str, query: Mapping[str, str]) -> dict[str, Any]:
        url = _resource(account, resource)
        return await exchange(self._client, "GET", url, account, sentences=TWILIO_SENTENCES, params=query)


def _base(account: CarrierAccount) -> str:
    return (account.base_url or _API).rstrip("/")


def _resource(account: CarrierAccount, resource: str) -> str:
    return f"{_base(account)}/2010-04-01/Accounts/{quote(account.account_id, safe='')}/{resource}"


def _is_ours(item: Mapping[str, Any], to: str) -> bool:
    """Sent by REST to that number: the legs of hotline calls to the same responder are ``outbound-dial``."""
    return same_number(item.get("to"), to) and item.get("direction", "outbound-api") == "outbound-api"


def _may_be_since(stamp: object, since: datetime) -> bool:
    """A creation time that cannot be read counts as recent: a duplicate call is worse than one more look."""
    created = parse_mail_date(str(stamp))
    return created is None or created >= since - CLOCK_MARGIN

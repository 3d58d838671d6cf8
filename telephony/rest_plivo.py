"""Plivo over REST."""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2

from domain.delivery import MessageKind, Refused, Unknown
from domain.directory import CarrierAccount, Provider
from telephony.carrier_errors import PLIVO_SENTENCES
from telephony.recordings import MediaRule, RecordingStream, open_recording
from telephony.rest_exchange import (
    CLOCK_MARGIN,
    exchange,
    objects,
    read_id,
    require_number,
    require_sender,
    same_number,
)

_API = "https://api.plivo.com"
#: ``media.plivo.com``, or with a region: ``aps1.media.plivo.com``
_MEDIA = MediaRule(
    host=re.compile(r"([a-z0-9-]+\.)?media\.plivo\.com"), path=re.compile(r"/v1/Account/\w+/Recording/[\w.-]+")
)
_SMS_VALID_SECONDS = 3600
_PAGE = "20"
#: looking at each running call is a request of its own
_MAX_RUNNING_CALLS = 50


class PlivoRest:
    provider = Provider.PLIVO

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def send_sms(self, account: CarrierAccount, from_: str, to: str, body: str, callback_url: str) -> str:
        message = {
            "src": require_sender(from_),
            "dst": require_number(to),
            "text": body,
            "url": callback_url,
            "method": "POST",
            "message_expiry": _SMS_VALID_SECONDS,
        }
        return read_id(await self._post(account, "Message/", message), "message_uuid")

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
        call = {
            "from": require_sender(from_),
            "to": require_number(to),
            "answer_url": answer_url,
            "answer_method": "POST",
            "ring_url": callback_url,
            "ring_method": "POST",
            "hangup_url": callback_url,
            "hangup_method": "POST",
            "ring_timeout": ring_seconds,
            "time_limit": time_limit_seconds,
        }
        return read_id(await self._post(account, "Call/", call), "request_uuid")

    async def find_recent(self, account: CarrierAccount, to: str, since: datetime, kind: MessageKind) -> list[str]:
        require_number(to)
        if kind is MessageKind.SMS:
            return await self._recent_messages(account, to, since)
        running = await self._running_calls(account, to, since)
        finished = await self._finished_calls(account, to, since)
        return list(dict.fromkeys([*running, *finished]))

    def fetch_recording(self, url: str, account: CarrierAccount | None) -> AbstractAsyncContextManager[RecordingStream]:
        return open_recording(self._client, url, account, _MEDIA)

    async def ping(self, account: CarrierAccount) -> None:
        if "auth_id" not in await self._get(account, "", {}):
            raise Refused("account_unreadable", "Plivo does not describe the account; check auth_id and base_url.")

    async def _recent_messages(self, account: CarrierAccount, to: str, since: datetime) -> list[str]:
        query = {
            "to_number": to,
            "message_direction": "outbound",
            "message_time__gte": _stamp(since - CLOCK_MARGIN),
            "limit": _PAGE,
        }
        content = await self._get(account, "Message/", query)
        return [
            read_id(item, "message_uuid")
            for item in objects(content, "objects")
            if same_number(item.get("to_number"), to)
        ]

    async def _finished_calls(self, account: CarrierAccount, to: str, since: datetime) -> list[str]:
        # Detail records exist from the end of a call on; a call that ended since may have begun before.
        query = {
            "to_number": to,
            "call_direction": "outbound",
            "end_time__gte": _stamp(since - CLOCK_MARGIN),
            "limit": _PAGE,
        }
        content = await self._get(account, "Call/", query)
        return [
            read_id(item, "call_uuid")
            for item in objects(content, "objects")
            if same_number(item.get("to_number"), to)
            and not item.get("parent_call_uuid")
            and _may_be_since(item.get("initiation_time"), since)
        ]

    async def _running_calls(self, account: CarrierAccount, to: str, since: datetime) -> list[str]:
        found = []
        for status in ("queued", "live"):
            listed = (await self._get(account, "Call/", {"status": status})).get("calls")
            if not isinstance(listed, list):
                raise Refused("no_list", f"Plivo's answer has no list of {status} calls.")
            if len(listed) > _MAX_RUNNING_CALLS:
                raise Unknown(f"Plivo's list of {status} calls does not tell whether the call was placed.")
            found += [uuid for uuid in map(str, listed) if await self._is_alert_call(account, uuid, status, to, since)]
        return found

    async def _is_alert_call(self, account: CarrierAccount, uuid: str, status: str, to: str, since: datetime) -> bool:
        try:
            call = await self._get(account, f"Call/{quote(uuid, safe='')}/", {"status": status})
        except Refused as refusal:
            if refusal.code == "404":  # ended or went live since it was listed; the next list shows it
                return False
            raise
        return (
            same_number(call.get("to"), to)
            and call.get("direction", "outbound") == "outbound"
            and not call.get("parent_call_uuid")
            and _may_be_since(call.get("session_start"), since)
        )

    async def _post(self, account: CarrierAccount, resource: str, body: Mapping[str, object]) -> dict[str, Any]:
        url = _resource(account, resource)
        return await exchange(self._client, "POST", url, account, sentences=PLIVO_SENTENCES, json=body)

    async def _get(self, account: CarrierAccount, resource: str, query: Mapping[str, str]) -> dict[str, Any]:
        url = _resource(account, resource)
        return await exchange(self._client, "GET", url, account, sentences=PLIVO_SENTENCES, params=query)


def _resource(account: CarrierAccount, resource: str) -> str:
    base = (account.base_url or _API).rstrip("/")
    return f"{base}/v1/Account/{quote(account.account_id, safe='')}/{resource}"


def _stamp(moment: datetime) -> str:
    """Plivo's filters read UTC without an offset."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _may_be_since(stamp: object, since: datetime) -> bool:
    """Plivo writes ``2026-03-04 09:15:00+00:00``, also ``+00``. What cannot be read counts as recent."""
    try:
        created = datetime.fromisoformat(str(stamp))
    except ValueError:
        return True
    return (created if created.tzinfo else created.replace(tzinfo=UTC)) >= since - CLOCK_MARGIN

"""A hand-written Dutyline stand-in for tests of the simulated carrier: fixed answers by path, every request kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx2

from domain.directory import Provider
from telephony.simulator.carrier import SimulatedCarrier, SimulatedNumber
from telephony.simulator.scripts import Script
from telephony.simulator.transcript import SimulatedCall

BASE = "https://hotline.example.com"
HOTLINE = "+12245550123"
ANA = "+15550100001"
BEN = "+15550100002"
STARTED_AT = datetime(2026, 3, 4, 9, 15, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    body: str = ""
    status: int = 200
    content_type: str | None = "application/xml"
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    params: Mapping[str, str]


@dataclass(slots=True)
class FakeDutyline:
    """Answers each path with its replies in order, the last one again and again; other paths with an empty 204."""

    replies: Mapping[str, Sequence[Reply]]
    received: list[Received] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope["query_string"].decode()
        params = dict(parse_qsl(body.decode() or query, keep_blank_values=True))
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path = scope["path"]
        before = len(self.of(path))
        self.received.append(Received(scope["method"], path, query, headers, params))
        known = self.replies.get(path, [Reply(status=204, content_type=None)])
        reply = known[min(before, len(known) - 1)]
        await asyncio.sleep(reply.delay_seconds)
        sent = [(b"content-type", reply.content_type.encode())] if reply.content_type else []
        await send({"type": "http.response.start", "status": reply.status, "headers": sent})
        await send({"type": "http.response.body", "body": reply.body.encode()})

    def of(self, path: str) -> list[Received]:
        return [request for request in self.received if request.path == path]

    def paths(self) -> list[str]:
        return [request.path for request in self.received]


def dutyline(**replies: str | Reply | Sequence[str | Reply]) -> FakeDutyline:
    """Replies by path: ``dial_1="<Dial/>"`` answers ``/dial/1`` with a response element around that."""

    def reply(content: str | Reply) -> Reply:
        return content if isinstance(content, Reply) else Reply(f"<Response>{content}</Response>")

    return FakeDutyline(
        {
            "/" + path.replace("_", "/"): [reply(one) for one in ([given] if isinstance(given, str | Reply) else given)]
            for path, given in replies.items()
        }
    )


@asynccontextmanager
async def connection(server: FakeDutyline) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=server)) as http:
        yield http


async def ring(
    server: FakeDutyline,
    script: Script | None = None,
    *,
    provider: Provider = Provider.TWILIO,
    auth_token: str | None = None,
    media_base_url: str | None = None,
    path: str = "/voice",
    **options: Any,
) -> SimulatedCall:
    """One call to the stand-in's pasted address, without any waiting."""
    number = SimulatedNumber(provider, HOTLINE, f"{BASE}{path}", auth_token, None, media_base_url)
    async with connection(server) as http:
        return await SimulatedCarrier(http, now=lambda: STARTED_AT, **options).ring(number, script)

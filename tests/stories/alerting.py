"""A house whose alerts go somewhere: carriers' REST interfaces on loopback, and a place for e-mail."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from domain.directory import Provider
from telephony.simulator import plivo_leg, twilio_leg
from telephony.simulator.rest import SimulatedRest
from telephony.simulator.sent import MediaRules, PlacedCall, SentMessage
from tests.stories.house import House, eventually

SENDER = "+12245550199"
AUTH_TOKEN = "carrier-account-token"
ACCOUNTS = {Provider.TWILIO: twilio_leg.DEFAULT_ACCOUNT_SID, Provider.PLIVO: plivo_leg.DEFAULT_AUTH_ID}
_unique = itertools.count(os.getpid() % 7000 * 100)


@asynccontextmanager
async def serving(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """The application on a loopback port, in this test's own loop."""
    config = uvicorn.Config(app, "127.0.0.1", port, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: _is(server.started))
        yield
    finally:
        server.should_exit = True
        await task


async def _is(value: bool) -> bool:
    return value


@dataclass(frozen=True, slots=True)
class Desk:
    """An integration of one story with ana, then ben behind it. ``push_url`` takes its events."""

    integration: str
    ana: str
    ben: str
    ana_key: str
    ben_key: str
    push_url: str


@dataclass(frozen=True, slots=True)
class AlertHouse:
    house: House
    rest_port: int
    smtp_port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.rest_port}"

    @asynccontextmanager
    async def carrier(
        self,
        provider: Provider,
        media: MediaRules | None = None,
        auth_token: str = AUTH_TOKEN,
    ) -> AsyncIterator[SimulatedRest]:
        """The account of this carrier sends the alerts, and its REST interface answers. With another ``auth_token``
        than ours it refuses us."""
        await self.house.configure(*(("carriers", each.value, self._account(each, provider)) for each in Provider))
        async with self.house.http() as http:
            accounts = dict.fromkeys(ACCOUNTS.values(), auth_token)
            rest = SimulatedRest(http, accounts, media=media, stamp=self.house.stamp)
            async with serving(rest.app, self.rest_port):
                yield rest
                await rest.settle()

    async def open_desk(self, *levels: Mapping[str, Any], **integration: Any) -> Desk:
        """``levels`` name people as ``ana`` and ``ben``, or somebody else by key; see the configuration file."""
        n = f"{next(_unique):06d}"
        people = {"ana": f"ana-d{n}", "ben": f"ben-d{n}"}
        ana, ben = f"+1556{n}1", f"+1556{n}2"
        settings = {"name": "Payments webhook", "escalation_policy": f"desk-{n}", "token": f"desk-push-{n}"}
        await self.house.configure(
            ("users", people["ana"], {"name": "Ana Reyes", "phone": ana, "email": f"ana-{n}@acme.example"}),
            ("users", people["ben"], {"name": "Ben Okafor", "phone": ben, "email": f"ben-{n}@acme.example"}),
            (
                "escalation_policies",
                f"desk-{n}",
                {"name": "Desk", "levels": [_level(level, people) for level in levels]},
            ),
            ("integrations", f"desk-{n}", settings | integration),
        )
        url = f"{self.house.url}/desk-push-{n}/push-events"
        return Desk(f"desk-{n}", ana, ben, people["ana"], people["ben"], url)

    async def push(self, desk: Desk, **event: Any) -> None:
        async with self.house.http() as http:
            answer = await http.post(desk.push_url, json=event)
        assert (answer.status_code, answer.json()) == (200, {"Ok": True})

    async def incident(self, desk: Desk, wanted: Callable[[Any], object] = lambda incident: True) -> Any:
        """The desk's only incident, as soon as it is as wanted."""

        async def look() -> Any:
            items = (await self.house.get(f"/incidents?integration={desk.integration}"))["items"]
            assert len(items) <= 1
            return next((item for item in items if wanted(item)), None)

        return await eventually(look)

    async def timeline(self, incident: Any) -> list[Any]:
        steps: list[Any] = (await self.house.get(f"/incidents/{incident['id']}/timeline"))["items"]
        return steps

    async def notifications(self, incident: Any) -> list[Any]:
        rows: list[Any] = (await self.house.get(f"/incidents/{incident['id']}/notifications"))["items"]
        return rows

    def _account(self, account: Provider, sends: Provider) -> dict[str, Any]:
        id_field = "account_sid" if account is Provider.TWILIO else "auth_id"
        number = SENDER if account is sends else None
        return {
            id_field: ACCOUNTS[account],
            "auth_token": AUTH_TOKEN,
            "from_number": number,
            "base_url": self.base_url,
        }


def _level(level: Mapping[str, Any], people: Mapping[str, str]) -> dict[str, Any]:
    alerts = [
        alert | {"user": people.get(alert["user"], alert["user"])} if "user" in alert else alert
        for alert in level["alerts"]
    ]
    return {**level, "alerts": alerts}


def sms(user: str) -> dict[str, str]:
    return {"channel": "sms", "user": user}


def phone(user: str) -> dict[str, str]:
    return {"channel": "phone", "user": user}


async def texts_to(rest: SimulatedRest, number: str, count: int = 1) -> list[SentMessage]:
    """The messages to the number, as soon as there are so many."""

    async def look() -> list[SentMessage] | None:
        found = [message for message in rest.sent_messages if _same(message.to, number)]
        return found if len(found) >= count else None

    return await eventually(look)


async def calls_to(rest: SimulatedRest, number: str, count: int = 1) -> list[PlacedCall]:
    """The alert calls to the number, as soon as there are so many, all of them over."""

    async def look() -> list[PlacedCall] | None:
        found = [call for call in rest.placed_calls if _same(call.to, number)]
        return found if len(found) >= count else None

    found = await eventually(look)
    await rest.settle()
    return found


def _same(one: str, other: str) -> bool:
    return one.lstrip("+") == other.lstrip("+")

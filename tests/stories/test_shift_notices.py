"""A shift ends: everybody who wants to know is told once, whatever dies or is edited meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.directory import Provider
from telephony.simulator.rest import SimulatedRest
from tests.stories.alerting import AlertHouse, Desk, serving
from tests.stories.house import eventually, free_port

pytestmark = pytest.mark.timeout(180)

BOTH = {"start": ["sms"], "end": ["sms"]}


@dataclass
class Receiver:
    """A status page and a chat room on loopback."""

    port: int = field(default_factory=free_port)
    events: list[Any] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        routes = [Route("/hook", self._hook, methods=["POST"]), Route("/room", self._room, methods=["POST"])]
        async with serving(Starlette(routes=routes), self.port):
            yield

    async def _hook(self, request: Request) -> Response:
        self.events.append(await request.json())
        return Response(status_code=204)

    async def _room(self, request: Request) -> Response:
        self.posts.append((await request.json())["text"])
        return Response("ok")

    def told(self, what: str, user: str) -> int:
        """How often the status page was told of this."""
        wanted = (f"oncall_shift_{what}", user)
        return sum((event["event_type"], event["user"]["id"]) == wanted for event in self.events)


@dataclass
class Roster:
    """A schedule whose shift passes from Ana to Ben in a few seconds."""

    house: AlertHouse
    desk: Desk
    receiver: Receiver
    handoff: datetime
    key: str

    def schedule(self, name: str = "Primary on-call") -> tuple[str, str, dict[str, Any]]:
        began = self.handoff - timedelta(hours=1)
        layer = {
            "name": "Hours",
            "members": [self.desk.ana_key, self.desk.ben_key],
            "rotation": {"every": 1, "unit": "hour"},
            "handoff": {"time": f"{began:%H:%M:%S}"},
            "starts": began.isoformat(),
        }
        rooms = [{"channel": "slack", "to": f"#{self.key}"}]
        return "schedules", self.key, {"name": name, "timezone": "Etc/UTC", "layers": [layer], "rooms": rooms}

    async def set_up(self) -> None:
        url = f"http://127.0.0.1:{self.receiver.port}"
        ana = {"name": "Ana Reyes", "phone": self.desk.ana, "shift_notices": BOTH}
        ben = {"name": "Ben Okafor", "phone": self.desk.ben, "shift_notices": BOTH}
        await self.house.house.configure(
            ("users", self.desk.ana_key, ana),
            ("users", self.desk.ben_key, ben),
            ("rooms", self.key, {"channel": "slack", "to": f"#{self.key}", "url": f"{url}/room"}),
            self.schedule(),
            ("shift_webhooks", self.key, {"url": f"{url}/hook", "schedules": [self.key]}),
        )

    async def all_is_sent(self) -> bool:
        notices = (await self.house.house.get(f"/schedules/{self.key}/notices?limit=200"))["items"]
        shifts = [notice["state"] for notice in notices if notice["kind"].startswith("shift")]
        return bool(shifts) and set(shifts) <= {"sent", "delivered"}

    def texts(self, rest: SimulatedRest) -> list[tuple[str, str]]:
        """Who was told of what by text message."""
        names = {self.desk.ana.lstrip("+"): "ana", self.desk.ben.lstrip("+"): "ben"}
        return [
            (names[sent.to.lstrip("+")], "end" if "has ended" in sent.text else "start") for sent in rest.sent_messages
        ]


async def test_everybody_is_told_once_although_the_worker_dies_and_the_schedule_is_renamed(
    alert_house: AlertHouse,
) -> None:
    house, receiver = alert_house.house, Receiver()
    async with alert_house.carrier(Provider.TWILIO) as rest, receiver.open():
        desk = await alert_house.open_desk({"alerts": [{"channel": "email", "user": "ana"}]})
        handoff = (datetime.now(UTC) + timedelta(seconds=20)).replace(microsecond=0)
        roster = Roster(alert_house, desk, receiver, handoff, f"shifts-{desk.integration}")
        await roster.set_up()
        await eventually(roster.all_is_sent)
        assert (roster.texts(rest), len(receiver.posts)) == ([("ana", "start")], 1)

        house.kill("worker")
        try:
            await eventually(lambda: _is(datetime.now(UTC) > handoff), 60)
            await house.configure(roster.schedule("Payments on-call"))
        finally:
            house.start_worker()
        handed_over = [("ana", "end"), ("ana", "start"), ("ben", "start")]
        await eventually(lambda: _is(sorted(roster.texts(rest)) == handed_over), 90)

        # The news of the next edit comes after whatever the renaming could have repeated.
        await house.configure(roster.schedule("Payments on-call, renamed again"))
        override = {"user": desk.ana_key, "starts": handoff.isoformat(), "ends": _later(handoff)}
        assert (await house.ask("POST", f"/schedules/{roster.key}/overrides", override)).status_code == 201
        everything = sorted([*handed_over, ("ben", "end"), ("ana", "start")])
        await eventually(lambda: _is(len(roster.texts(rest)) >= len(everything)), 60)
        await eventually(roster.all_is_sent, 60)
    assert sorted(roster.texts(rest)) == everything
    assert len(receiver.posts) == len(everything)
    assert (receiver.told("end", desk.ana_key), receiver.told("start", desk.ben_key)) == (1, 1)
    assert receiver.told("end", desk.ben_key) == 1


def _later(moment: datetime) -> str:
    return (moment + timedelta(hours=3)).isoformat()


async def _is(value: bool) -> bool:
    return value

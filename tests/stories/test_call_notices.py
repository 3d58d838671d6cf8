"""A call ends: the room that the hotline names is told once, and the incident opens all the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.directory import Provider
from domain.ids import call_id
from telephony.simulator.scripts import Answers, RingsOut, Script
from telephony.simulator.transcript import SimulatedCall
from tests.stories.alerting import serving
from tests.stories.house import House, Line, eventually, free_port


@dataclass
class ChatRoom:
    """Slack on loopback. ``status`` is what it answers."""

    port: int = field(default_factory=free_port)
    status: int = 200
    texts: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with serving(Starlette(routes=[Route("/room", self._take, methods=["POST"])]), self.port):
            yield

    async def _take(self, request: Request) -> Response:
        self.texts.append((await request.json())["text"])
        return Response("ok", self.status)


async def line_with_room(house: House, room: ChatRoom) -> Line:
    """A hotline that tells the room of its calls."""
    name = f"#calls-{room.port}"
    url = f"http://127.0.0.1:{room.port}/room"
    await house.configure(("rooms", f"calls-{room.port}", {"channel": "slack", "to": name, "url": url}))
    return await house.open_line(Provider.TWILIO, notify=[{"channel": "slack", "to": name}])


async def told(house: House, call: SimulatedCall) -> Any:
    """The only notice about the call, as soon as it has an end."""

    async def ended() -> Any:
        items = (await house.get(f"/calls/{call_id(call.provider, call.provider_call_id)}/notices"))["items"]
        return items if items and items[0]["state"] not in {"pending", "claimed"} else None

    (notice,) = await eventually(ended)
    return notice


async def test_the_room_hears_of_a_call_once_and_the_incident_opens(house: House) -> None:
    room = ChatRoom()
    async with room.open():
        line = await line_with_room(house, room)
        script = Script(responders={line.ana: (RingsOut(),), line.ben: (Answers(talk_seconds=33),)})
        call = await house.ring(line, script)
        notice, incident = await told(house, call), await house.incident_of(call)
    (text,) = room.texts
    logged = await house.logged(call)
    assert text.splitlines() == [
        f"On-call hotline: answered by Ben Okafor - call from {logged['caller']['number']}, "
        f"{logged['duration_seconds']} s",
        "1. Ana Reyes: no answer",
        "2. Ben Okafor: took the call",
        f"{house.url}/calls/{logged['id']}",
    ]
    assert (notice["state"], notice["kind"], incident["call"]) == ("sent", "call_answered", logged["id"])


async def test_a_room_that_refuses_costs_nothing_but_the_message(house: House) -> None:
    room = ChatRoom(status=404)
    async with room.open():
        line = await line_with_room(house, room)
        call = await house.ring(line, Script(otherwise=RingsOut()))
        notice, incident = await told(house, call), await house.incident_of(call)
    assert (notice["state"], notice["error"]) == ("failed", "The Slack room refused the message (HTTP 404).")
    assert (incident["status"], len(room.texts)) == ("triggered", 1)

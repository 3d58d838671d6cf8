"""A schedule of a story's own: ana is on shift, ben comes next, cleo stands by. It is changed as people change it."""

import itertools
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from domain.directory import Provider
from telephony.simulator.scripts import Answers, Script
from telephony.simulator.transcript import SimulatedCall
from tests.stories.house import House, Line, eventually

_unique = itertools.count(os.getpid() % 7000 * 100)
_NAMES = {"ana": "Ana Reyes", "ben": "Ben Okafor", "cleo": "Cleo Marsh"}


@dataclass(frozen=True, slots=True)
class Person:
    key: str
    name: str
    number: str

    @property
    def body(self) -> dict[str, Any]:
        return {"name": self.name, "phone": self.number, "email": f"{self.key}@acme.example"}


@dataclass(frozen=True, slots=True)
class Roster:
    """``key`` is the schedule's; its only layer has ana on shift for a year."""

    house: House
    key: str
    ana: Person
    ben: Person
    cleo: Person

    @classmethod
    async def open(cls, house: House, members: Sequence[str] = ("ana", "ben")) -> "Roster":
        n = f"{next(_unique):06d}"
        people = {who: Person(f"{who}-r{n}", _NAMES[who], f"+1557{n}{i}") for i, who in enumerate(_NAMES)}
        roster = cls(house, f"roster-{n}", **people)
        on_shift = [people[who].key for who in members]
        await house.configure(
            *(("users", person.key, person.body) for person in people.values()),
            ("schedules", roster.key, roster.body(on_shift)),
        )
        return roster

    def body(self, members: Sequence[str | None]) -> dict[str, Any]:
        """The schedule in the shape of the file; the first member's turn began yesterday."""
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
        layer = {
            "name": "Yearly",
            "members": list(members),
            "rotation": {"every": 52, "unit": "week"},
            "handoff": {"weekday": f"{yesterday:%A}"},
            "starts": yesterday.isoformat(),
        }
        return {"name": "Primary on-call", "layers": [layer]}

    async def put(self, *members: Person) -> None:
        """The schedule is edited: these members from now on."""
        answer = await self.house.ask("PUT", f"/schedules/{self.key}", self.body([person.key for person in members]))
        assert answer.status_code == 200, answer.text

    async def leave(self, person: Person, delegate: Person | None = None) -> None:
        """The person says that they are out of office, since an hour ago and until tomorrow."""
        now = datetime.now(UTC)
        absence = {
            "starts": (now - timedelta(hours=1)).isoformat(),
            "ends": (now + timedelta(days=1)).isoformat(),
            "delegate": delegate and delegate.key,
        }
        answer = await self.house.ask("PUT", f"/users/{person.key}", person.body | {"out_of_office": [absence]})
        assert answer.status_code == 200, answer.text

    async def line(self, provider: Provider) -> Line:
        """A hotline that rings whoever is on call, and takes no message."""
        return await self.house.open_line(provider, chain=[{"schedule": self.key}], voicemail=False)

    async def on_call(self) -> Any:
        return await self.house.get(f"/schedules/{self.key}/on-call")


async def first_call(
    house: House, line: Line, wanted: Callable[[SimulatedCall], bool], script: Script | None = None
) -> SimulatedCall:
    """The first call that is as wanted. A change is known to the process that was asked in a moment, and to others in a
    second; a call that comes before rings whom it rang until then."""

    async def look() -> SimulatedCall | None:
        call = await house.ring(line, script or Script(otherwise=Answers(talk_seconds=5)))
        return call if wanted(call) else None

    return await eventually(look)


def rings(person: Person) -> Callable[[SimulatedCall], bool]:
    """Whether the call's first phone was the person's; an ``IndexError`` when none rang."""
    return lambda call: call.legs[0].number == person.number


def rings_nobody(call: SimulatedCall) -> bool:
    return not call.legs


class AfterTheFirstAnswer(httpx2.AsyncHTTPTransport):
    """The carrier's way to us. ``act`` is done when a call's first document was answered, before its next request."""

    def __init__(self, act: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._act: Callable[[], Awaitable[object]] | None = act

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await super().handle_async_request(request)
        if self._act is not None:
            act, self._act = self._act, None
            await act()
        return answer

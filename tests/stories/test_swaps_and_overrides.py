"""People change who is on call: the next call rings the right one, and everybody concerned is told once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.directory import Provider
from telephony.simulator.carrier import SimulatedCarrier
from telephony.simulator.scripts import Answers, CallerScript, Script
from tests.stories.house import House, Line, eventually

pytestmark = pytest.mark.parametrize("provider", list(Provider))

DAY = timedelta(days=1)


class Rota:
    """A hotline whose chain is one schedule: Ana's turn began an hour ago, Ben's follows; in UTC."""

    def __init__(self, house: House, line: Line) -> None:
        self._house = house
        self._line = line
        self._calls = 0
        self.schedule = line.key.replace("line", "primary")
        self.ana = line.key.replace("line", "ana")
        self.ben = line.key.replace("line", "ben")
        self.starts = (datetime.now(UTC) - timedelta(hours=1)).replace(second=0, microsecond=0)

    @classmethod
    async def open(cls, house: House, provider: Provider, unit: str) -> "Rota":
        line = await house.open_line(provider, incidents={"when": "never"})
        rota = cls(house, line)
        weekly = {"weekday": f"{rota.starts:%A}".lower()} if unit == "week" else {}
        layer = {
            "name": "Turns",
            "members": [rota.ana, rota.ben],
            "rotation": {"every": 1, "unit": unit},
            "handoff": {"time": f"{rota.starts:%H:%M}", **weekly},
            "starts": rota.starts.isoformat(),
        }
        await house.configure(("schedules", rota.schedule, {"name": "Primary on-call", "layers": [layer]}))
        hotline = await house.get(f"/hotlines/{line.key}")
        await rota.ask("PUT", f"/hotlines/{line.key}", {**hotline, "chain": [{"schedule": rota.schedule}]})
        return rota

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._house.ask(method, path, body)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer.json() if answer.content else None

    async def on_schedule(self, method: str, path: str, body: Any = None) -> Any:
        return await self.ask(method, f"/schedules/{self.schedule}{path}", body)

    async def rings(self, user: str, after: timedelta = timedelta()) -> bool:
        """Whether a call that comes in then rings the user first, once the process that answers knows of the change."""
        number = {self.ana: self._line.ana, self.ben: self._line.ben}[user]

        async def rung() -> bool:
            return await self._rung(after) == number

        return await eventually(rung)

    async def _rung(self, after: timedelta) -> str:
        # Another caller each time, so that the loop guard has no reason to look at the calls.
        self._calls += 1
        script = Script(caller=CallerScript(number=f"+1415555{self._calls:04d}"), otherwise=Answers(talk_seconds=1))
        async with self._house.http() as http:
            carrier = SimulatedCarrier(http, stamp=self._house.stamp, now=lambda: datetime.now(UTC) + after)
            return (await carrier.ring(self._line.number, script)).legs[0].number

    async def told(self, kind: str) -> list[str]:
        items = (await self.on_schedule("GET", "/notices?limit=200"))["items"]
        return sorted(item["recipient"] for item in items if item["kind"] == kind)

    async def swap(self) -> list[str]:
        """Ana's day for Ben's; the ids of the overrides."""
        tomorrow, the_day_after = self.starts + DAY, self.starts + 2 * DAY
        swapped = await self.on_schedule(
            "POST",
            "/swaps",
            {
                "first": {"user": self.ana, "starts": self.starts.isoformat(), "ends": tomorrow.isoformat()},
                "second": {"user": self.ben, "starts": tomorrow.isoformat(), "ends": the_day_after.isoformat()},
            },
        )
        return [override["id"] for override in swapped["overrides"]]


async def test_a_swap_rings_the_other_one_and_tells_both_once(house: House, provider: Provider) -> None:
    rota = await Rota.open(house, provider, "day")
    assert await rota.rings(rota.ana)

    await rota.swap()

    assert await rota.rings(rota.ben)
    assert await rota.rings(rota.ana, DAY)
    assert await rota.told("override_added") == [rota.ana, rota.ben]


async def test_a_swap_that_is_taken_back_rings_the_first_one_and_tells_both_again(
    house: House, provider: Provider
) -> None:
    rota = await Rota.open(house, provider, "day")
    first, _ = await rota.swap()
    assert await rota.rings(rota.ben)

    await rota.on_schedule("DELETE", f"/overrides/{first}")

    assert await rota.rings(rota.ana)
    assert await rota.told("override_removed") == [rota.ana, rota.ben]
    assert await rota.told("override_added") == [rota.ana, rota.ben]


async def test_whoever_takes_a_shift_is_rung_until_it_ends(house: House, provider: Provider) -> None:
    rota = await Rota.open(house, provider, "week")

    await rota.on_schedule("POST", "/take", {"user": rota.ben})

    assert await rota.rings(rota.ben)
    shown = await rota.on_schedule("GET", "/on-call")
    assert (shown["user"]["key"], shown["reason"]["replaces"]) == (rota.ben, rota.ana)


async def test_a_rotation_that_changes_in_the_middle_of_a_week_leaves_no_hole(house: House, provider: Provider) -> None:
    rota = await Rota.open(house, provider, "week")
    changes = datetime.now(UTC) + timedelta(minutes=10)

    await rota.on_schedule(
        "POST", "/layers/Turns/change", {"starts": changes.isoformat(), "members": [rota.ben, rota.ana]}
    )

    assert await rota.rings(rota.ana, timedelta(minutes=5))
    assert await rota.rings(rota.ben, timedelta(minutes=15))
    window = f"from={rota.starts:%Y-%m-%dT%H:%M:%SZ}&to={rota.starts + 90 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    assert (await rota.on_schedule("GET", f"/gaps?{window}"))["items"] == []

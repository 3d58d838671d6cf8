"""Somebody subscribes to their shifts, and sees other people's calendars beside a schedule."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from tests.calendars.files import calendar, event
from tests.stories.house import House, eventually, free_port
from tests.support.temporal_server import TemporalServer


@pytest.fixture(scope="module")
def calendar_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that may fetch from this machine, with a Temporal of its own."""
    temporal = TemporalServer(tmp_path_factory.mktemp("calendar-temporal"))
    temporal.start()
    house = House(tmp_path_factory.mktemp("calendar-house"), temporal.address, DUTYLINE_EGRESS_ALLOW="127.0.0.0/8")
    try:
        asyncio.run(house.start())
        yield house
    finally:
        house.stop()
        temporal.kill()


async def rota(house: House) -> tuple[str, str]:
    """A schedule of the story's own that is Ana's every day, and Ana's key."""
    n = secrets.token_hex(4)
    layer = {
        "name": "Daily",
        "members": [f"ana-{n}"],
        "rotation": {"every": 1, "unit": "day"},
        "handoff": {"time": "09:00"},
        "starts": "2026-01-05",
    }
    await house.configure(
        ("users", f"ana-{n}", {"name": "Ana Reyes"}),
        ("users", f"ben-{n}", {"name": "Ben Okafor"}),
        ("schedules", f"rota-{n}", {"name": "Primary on-call", "timezone": "Europe/Madrid", "layers": [layer]}),
    )
    return f"rota-{n}", n


async def test_subscribed_calendar_follows_an_override_until_it_is_revoked(calendar_house: House) -> None:
    schedule, n = await rota(calendar_house)
    made = await calendar_house.ask("POST", "/tokens", {"name": "calendar", "role": "viewer", "user": f"ben-{n}"})
    async with calendar_house.http() as http:
        headers = {"Authorization": f"Bearer {made.json()['secret']}"}
        feeds = f"{calendar_house.url}/api/v1/calendar-feeds"
        feed = (await http.post(feeds, headers=headers, json={"scope": "mine"})).json()
        before = await http.get(feed["url"])
        assert Calendar.from_ical(before.content).walk("VEVENT") == []

        starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
        override = {"user": f"ben-{n}", "starts": starts.isoformat(), "ends": (starts + timedelta(hours=8)).isoformat()}
        assert (await calendar_house.ask("POST", f"/schedules/{schedule}/overrides", override)).status_code == 201
        after = await http.get(feed["url"], headers={"If-None-Match": before.headers["etag"]})
        (shift,) = Calendar.from_ical(after.content).walk("VEVENT")
        assert (shift.decoded("dtstart"), str(shift["summary"])) == (starts, "On call: Primary on-call")

        assert (await http.delete(f"{feeds}/{feed['id']}", headers=headers)).status_code == 204
        assert (await http.get(feed["url"])).status_code == 404


async def test_imported_calendar_appears_beside_the_schedule_and_follows_a_refresh(calendar_house: House) -> None:
    schedule, n = await rota(calendar_house)
    async with their_server() as (url, titles):
        await calendar_house.configure(("calendars", f"offsites-{n}", _calendar(url, schedule)))
        (shown,) = await eventually(lambda: _overlay(calendar_house, schedule, "Offsite"))
        assert shown["calendar"] == {"key": f"offsites-{n}", "name": "Offsites"}

        titles[:] = ["Offsite in Madrid"]
        assert (await calendar_house.ask("POST", f"/calendars/offsites-{n}/refresh")).status_code == 202
        assert await eventually(lambda: _overlay(calendar_house, schedule, "Offsite in Madrid"))


async def test_calendar_that_cannot_be_had_says_why_without_its_address(calendar_house: House) -> None:
    schedule, n = await rota(calendar_house)
    secret = f"http://10.0.0.1:{free_port()}/hush-hush/basic.ics"
    await calendar_house.configure(("calendars", f"offsites-{n}", _calendar(secret, schedule)))

    async def error() -> str:
        state = await calendar_house.get(f"/calendars/offsites-{n}/state")
        return state["error"] or ""

    assert "private address" in await eventually(error)
    logs = "".join((calendar_house.folder / f"{name}.log").read_text() for name in ("worker", "api"))
    assert "hush-hush" not in logs + await error()


def _calendar(url: str, schedule: str) -> dict[str, Any]:
    return {"name": "Offsites", "url": url, "schedules": [schedule]}


async def _overlay(house: House, schedule: str, title: str) -> list[Any]:
    items = (await house.get(f"/schedules/{schedule}/overlay"))["items"]
    return [item for item in items if item["title"] == title]


@asynccontextmanager
async def their_server() -> AsyncIterator[tuple[str, list[str]]]:
    """Somebody else's calendar, with one event tomorrow; its title can be changed."""
    titles = ["Offsite"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        starts = datetime.now(UTC) + timedelta(days=1)
        file = calendar(event(f"DTSTART:{starts:%Y%m%dT%H%M%SZ}", title=titles[0]))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\nContent-Length: {len(file)}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + file)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/basic.ics", titles
    finally:
        listening.close()
        await listening.wait_closed()

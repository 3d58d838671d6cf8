"""What was answered with 200 opens its incident, and nobody is paged twice, whatever is killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from domain.directory import Provider
from tests.stories.alerting import AlertHouse, Desk, sms, texts_to
from tests.stories.house import House, eventually, free_port
from tests.support.postgres import PostgresCluster
from tests.support.temporal_server import TemporalServer

pytestmark = pytest.mark.timeout(240)

QUIET = {"alerts": [{"channel": "email", "user": "ana"}]}


@pytest.fixture
def own_postgres() -> Iterator[PostgresCluster]:
    """A cluster to halt and resume."""
    cluster = PostgresCluster()
    yield cluster
    cluster.stop()


@pytest_asyncio.fixture
async def postgres_house(
    own_temporal: TemporalServer, own_postgres: PostgresCluster, tmp_path: Path
) -> AsyncIterator[House]:
    """Worker and api on ``own_postgres``."""
    folder = tmp_path / "house"
    folder.mkdir()
    house = House(folder, own_temporal.address, own_postgres.new_database())
    try:
        await house.start()
        yield house
    finally:
        house.stop()


def alerting(house: House) -> AlertHouse:
    return AlertHouse(house, free_port(), free_port())


async def titles(house: House, desk: Desk, count: int) -> list[str]:
    """The titles of the desk's incidents, as soon as there are so many."""

    async def look() -> list[Any] | None:
        items: list[Any] = (await house.get(f"/incidents?integration={desk.integration}&limit=200"))["items"]
        return items if len(items) >= count else None

    return sorted(item["title"] for item in await eventually(look, 60))


async def push_until_it_breaks(desk: Desk, name: str, accepted: list[str]) -> None:
    """One event after the other; what was answered with 200 is in ``accepted``."""
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:
        for n in range(1000):
            title = f"{name}-{n:04d}"
            try:
                answer = await http.post(desk.push_url, json={"title": title})
            except httpx2.HTTPError:
                return
            assert answer.status_code == 200
            accepted.append(title)


async def test_an_api_killed_right_after_its_answer_loses_no_event(own_house: House) -> None:
    desk = await alerting(own_house).open_desk(QUIET)
    accepted: list[str] = []

    async def kill_when_busy() -> None:
        await eventually(lambda: _at_least(accepted, 40))
        own_house.kill("api")

    await asyncio.gather(kill_when_busy(), *(push_until_it_breaks(desk, f"sender-{n}", accepted) for n in range(4)))
    await own_house.start_api()
    found = await titles(own_house, desk, len(accepted))
    assert set(accepted) <= set(found)
    # An event whose answer was cut off may have been taken or not, but never twice.
    assert len(found) == len(set(found))


async def _at_least(accepted: list[str], count: int) -> bool:
    return len(accepted) >= count


async def test_events_while_the_worker_is_away_wait_for_it(own_house: House) -> None:
    desk = await alerting(own_house).open_desk(QUIET)
    own_house.kill("worker")
    await alerting(own_house).push(desk, title="Nobody works")
    own_house.start_worker()
    assert await titles(own_house, desk, 1) == ["Nobody works"]


async def test_a_worker_killed_during_an_escalation_goes_on_and_pages_nobody_twice(own_house: House) -> None:
    house = alerting(own_house)
    async with house.carrier(Provider.TWILIO) as rest:
        desk = await house.open_desk({"alerts": [sms("ana")], "escalate_after": "3s"}, {"alerts": [sms("ben")]})
        await house.push(desk, title="Killed in between")
        await texts_to(rest, desk.ana)
        own_house.kill("worker")
        own_house.start_worker()
        await texts_to(rest, desk.ben)
        incident = await house.incident(desk, lambda incident: incident["level"] == 2)
        await house.house.ask("POST", f"/incidents/{incident['id']}/resolve")
    assert sorted(message.to for message in rest.sent_messages) == sorted([desk.ana, desk.ben])


async def test_temporal_killed_during_an_escalation_goes_on_and_pages_nobody_twice(
    own_house: House, own_temporal: TemporalServer
) -> None:
    house = alerting(own_house)
    async with house.carrier(Provider.TWILIO) as rest:
        desk = await house.open_desk({"alerts": [sms("ana")], "escalate_after": "3s"}, {"alerts": [sms("ben")]})
        await house.push(desk, title="Temporal dies")
        await texts_to(rest, desk.ana)
        own_temporal.kill()
        own_temporal.start()
        await texts_to(rest, desk.ben)
    assert sorted(message.to for message in rest.sent_messages) == sorted([desk.ana, desk.ben])


async def test_an_event_while_the_database_is_away_is_taken_and_processed_later(
    postgres_house: House, own_postgres: PostgresCluster
) -> None:
    house = alerting(postgres_house)
    desk = await house.open_desk(QUIET)
    await house.push(desk, title="Before")
    await titles(postgres_house, desk, 1)
    own_postgres.halt()
    for n in range(3):
        await house.push(desk, title=f"While it is away {n}")
    own_postgres.resume()
    expected = ["Before", *(f"While it is away {n}" for n in range(3))]
    assert await titles(postgres_house, desk, 4) == expected


async def test_what_was_taken_without_a_database_survives_the_api_too(
    postgres_house: House, own_postgres: PostgresCluster
) -> None:
    house = alerting(postgres_house)
    desk = await house.open_desk(QUIET)
    await house.push(desk, title="Before")
    await titles(postgres_house, desk, 1)
    own_postgres.halt()
    await house.push(desk, title="While it is away")
    postgres_house.kill("api")
    own_postgres.resume()
    await postgres_house.start_api()
    assert await titles(postgres_house, desk, 2) == ["Before", "While it is away"]


async def test_an_unknown_token_while_the_database_is_away_is_500_so_that_the_sender_tries_again(
    postgres_house: House, own_postgres: PostgresCluster
) -> None:
    desk = await alerting(postgres_house).open_desk(QUIET)
    own_postgres.halt()
    async with postgres_house.http() as http:
        answer = await http.post(desk.push_url.replace("desk-push", "never-seen"), json={"title": "Who knows"})
    assert (answer.status_code, answer.json()) == (500, {})

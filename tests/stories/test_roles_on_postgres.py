"""Several machines: PostgreSQL, one api process for each role, a worker, and a proxy that sends by path."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, RingsOut, Script
from tests.stories.house import API_TOKEN, House, eventually, free_port
from tests.support.postgres import PostgresCluster
from tests.support.temporal_server import TemporalServer

pytestmark = pytest.mark.timeout(240)


class ByPath(httpx2.AsyncHTTPTransport):
    """What the proxy in front of the roles does."""

    def __init__(self, voice: int, intake: int, app: int) -> None:
        super().__init__()
        self.voice, self.intake, self.app = voice, intake, app

    def again(self) -> "ByPath":
        """The same proxy for another client; a client closes the one that it was given."""
        return ByPath(self.voice, self.intake, self.app)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        port = self.app
        if path.startswith(("/voice/", "/alerts/")):
            port = self.voice
        elif path.endswith("/push-events") or path.startswith("/hooks/"):
            port = self.intake
        request.url = request.url.copy_with(port=port)
        return await super().handle_async_request(request)


@pytest.fixture(scope="module")
def town(postgres_cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, ByPath]]:
    """A house whose port is the app role's; the other roles stand beside it. Its Temporal server is its own: workers of
    another house would take its calls."""
    server = TemporalServer(tmp_path_factory.mktemp("temporal"))
    server.start()
    house = House(tmp_path_factory.mktemp("town"), server.address, postgres_cluster.new_database())
    proxy = ByPath(free_port(), free_port(), house.port)
    try:
        asyncio.run(_start(house, proxy))
        yield house, proxy
    finally:
        house.stop()
        server.kill()


async def _start(house: House, proxy: ByPath) -> None:
    house.start_worker()
    await house.start_api("app", role="app")
    await house.start_api("voice", proxy.voice, role="voice")
    await house.start_api("intake", proxy.intake, role="intake")
    await house.ready()


async def test_a_call_goes_through_its_own_role_and_its_incident_opens(town: tuple[House, ByPath]) -> None:
    house, proxy = town
    line = await house.open_line(Provider.PLIVO)
    script = Script(responders={line.ana: (RingsOut(),), line.ben: (Answers(after_seconds=6, talk_seconds=33),)})
    call = await house.ring(line, script, through=proxy.again())
    log = await house.logged(call)
    assert (log["outcome"], log["duration_seconds"], log["degraded"]) == ("answered", 33, False)
    assert (await house.incident_of(call))["title"] == "On-call hotline: Call from (+14155550116) (33s)"


async def test_an_event_taken_by_the_intake_role_becomes_an_incident(town: tuple[House, ByPath]) -> None:
    house, proxy = town
    line = await house.open_line(Provider.TWILIO)
    async with httpx2.AsyncClient(transport=proxy.again()) as http:
        answer = await http.post(line.push_url, json={"title": "Disk full", "priority": "p2"})
    assert answer.json() == {"Ok": True}

    async def opened() -> list[str]:
        found = await house.get(f"/incidents?integration={line.integration}")
        return [item["priority"] for item in found["items"] if item["title"] == "Disk full"]

    assert await eventually(opened) == ["p2"]


async def test_each_role_serves_its_own_addresses_only(town: tuple[House, ByPath]) -> None:
    house, proxy = town
    line = await house.open_line(Provider.TWILIO)
    async with house.http() as http:
        at_the_app = await http.post(f"{house.url}/voice/{line.key}")
        api_at_voice = await http.get(
            f"http://127.0.0.1:{proxy.voice}/api/v1/calls",
            headers={"Authorization": f"Bearer {API_TOKEN}"},
        )
    assert (at_the_app.status_code, api_at_voice.status_code) == (404, 404)

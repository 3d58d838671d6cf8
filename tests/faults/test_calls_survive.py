"""With Temporal, the worker or the database gone, the caller reaches a responder, and the log is complete later."""

import subprocess
from collections.abc import Callable

import httpx2
import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, RingsOut, Script
from telephony.simulator.transcript import LegOutcome, TranscriptLine
from tests.stories.house import House, Line, free_port
from tests.support.temporal_server import TemporalServer

pytestmark = pytest.mark.timeout(240)


def second_answers(line: Line) -> Script:
    return Script(responders={line.ana: (RingsOut(),), line.ben: (Answers(after_seconds=6, talk_seconds=33),)})


def at_the_first_ring(act: Callable[[], None]) -> Callable[[TranscriptLine], None]:
    """Acts once, when the first phone rings: in the middle of the call."""
    done: list[TranscriptLine] = []

    def on_line(line: TranscriptLine) -> None:
        if not done and line.text.startswith("the phone of"):
            done.append(line)
            act()

    return on_line


async def assert_complete(house: House, call: object) -> None:
    log = await house.logged(call, seconds=90)  # type: ignore[arg-type]  # a SimulatedCall
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["no_answer", "answered"]
    assert (log["outcome"], log["duration_seconds"], log["degraded"]) == ("answered", 33, True)
    assert (await house.incident_of(call))["call"] == log["id"]  # type: ignore[arg-type]


@pytest.mark.parametrize("provider", list(Provider))
async def test_temporal_frozen_in_the_middle_of_a_call(
    own_house: House, own_temporal: TemporalServer, provider: Provider
) -> None:
    line = await own_house.open_line(provider)
    call = await own_house.ring(line, second_answers(line), at_the_first_ring(own_temporal.freeze))
    own_temporal.thaw()
    await assert_complete(own_house, call)


async def test_temporal_killed_in_the_middle_of_a_call_and_started_again(
    own_house: House, own_temporal: TemporalServer
) -> None:
    line = await own_house.open_line(Provider.TWILIO)
    call = await own_house.ring(line, second_answers(line), at_the_first_ring(own_temporal.kill))
    own_temporal.start()
    await assert_complete(own_house, call)


async def test_temporal_away_for_a_whole_call(own_house: House, own_temporal: TemporalServer) -> None:
    line = await own_house.open_line(Provider.TWILIO)
    own_temporal.kill()
    call = await own_house.ring(line, second_answers(line))
    own_temporal.start()
    await assert_complete(own_house, call)


async def test_the_worker_killed_in_the_middle_of_a_call(own_house: House) -> None:
    line = await own_house.open_line(Provider.TWILIO)
    call = await own_house.ring(line, second_answers(line), at_the_first_ring(lambda: own_house.kill("worker")))
    own_house.start_worker()
    await assert_complete(own_house, call)


async def test_an_api_process_killed_between_two_webhooks_loses_nothing(own_house: House) -> None:
    """Everything answered without Temporal is on disk before the answer leaves; another process hands it over."""
    line = await own_house.open_line(Provider.TWILIO)
    own_house.kill("worker")
    call = await own_house.ring(line, second_answers(line))
    own_house.kill("api")
    await own_house.start_api()
    own_house.start_worker()
    await assert_complete(own_house, call)


async def test_two_api_processes_that_disagree(own_house: House) -> None:
    """One of them never reaches Temporal; the carrier's requests go to both in turn."""
    line = await own_house.open_line(Provider.TWILIO)
    other = free_port()
    await own_house.start_api("other", other, DUTYLINE_TEMPORAL_ADDRESS="127.0.0.1:1")
    call = await own_house.ring(line, second_answers(line), through=_InTurn(own_house.port, other))
    # A successor that reaches Temporal hands over what the stray process has kept.
    own_house.kill("other")
    await own_house.start_api("successor", other)
    await assert_complete(own_house, call)


class _InTurn(httpx2.AsyncHTTPTransport):
    """Sends each request to the next of the ports."""

    def __init__(self, *ports: int) -> None:
        super().__init__()
        self._ports = ports
        self._sent = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(port=self._ports[self._sent % len(self._ports)])
        self._sent += 1
        return await super().handle_async_request(request)


async def test_a_cold_start_without_a_database_still_routes(own_house: House) -> None:
    line = await own_house.open_line(Provider.TWILIO)
    warm = await own_house.ring(line, second_answers(line))
    await own_house.logged(warm)
    own_house.stop()
    database = own_house.folder / "dutyline.db"
    database.rename(database.with_suffix(".away"))
    await own_house.start_api()
    call = await own_house.ring(line, second_answers(line))
    own_house.stop()
    for leftover in own_house.folder.glob("dutyline.db*"):
        leftover.unlink()
    database.with_suffix(".away").rename(database)
    await own_house.start()
    await assert_complete(own_house, call)


async def test_an_api_that_is_told_to_stop_answers_its_live_calls_first(own_house: House) -> None:
    line = await own_house.open_line(Provider.TWILIO)
    stopping: list[subprocess.Popen[bytes]] = []
    call = await own_house.ring(
        line, second_answers(line), at_the_first_ring(lambda: stopping.append(own_house.terminate("api")))
    )
    assert stopping[0].wait(timeout=30) == 0
    assert [leg.outcome for leg in call.legs] == [LegOutcome.NO_ANSWER, LegOutcome.ANSWERED]

"""The circuit to Temporal: open until a canary was answered in time, open again after failures and slow answers."""

import asyncio

from temporalio.client import Client
from temporalio.worker import Worker

from temporal.breaker import Breaker
from temporal.converter import data_converter
from temporal.door import Door
from tests.stories.house import eventually
from tests.support.temporal_server import TemporalServer
from worker.queues import guarding_runner
from workflows.canary import CanaryWorkflow
from workflows.policies import CALLS_QUEUE


def closed() -> Breaker:
    breaker = Breaker()
    breaker.closed()
    return breaker


def test_a_process_begins_without_temporal_until_a_canary_was_answered() -> None:
    assert Breaker().is_open


def test_one_failure_opens_the_circuit_so_that_the_next_caller_does_not_wait() -> None:
    breaker = closed()
    breaker.failed("no answer")
    assert breaker.is_open


def test_three_slow_answers_in_a_row_open_it() -> None:
    breaker = closed()
    for _ in range(3):
        breaker.answered(1.5)
    assert breaker.is_open


def test_a_quick_answer_in_between_keeps_it_closed() -> None:
    breaker = closed()
    for seconds in (1.5, 1.5, 0.03, 1.5, 1.5):
        breaker.answered(seconds)
    assert not breaker.is_open


async def test_the_canary_closes_it_when_a_worker_answers(quiet_temporal_server: TemporalServer) -> None:
    client = await Client.connect(quiet_temporal_server.address, data_converter=data_converter(None))
    breaker = Breaker()
    async with Worker(client, task_queue=CALLS_QUEUE, workflows=[CanaryWorkflow], workflow_runner=guarding_runner()):
        probing = asyncio.create_task(breaker.run(Door(client), "a-test"))

        async def is_closed() -> bool:
            return not breaker.is_open

        await eventually(is_closed)
        probing.cancel()


async def test_it_stays_open_while_there_is_no_server() -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    breaker = Breaker()
    probing = asyncio.create_task(breaker.run(Door(client), "a-test"))
    done, _ = await asyncio.wait({probing}, timeout=0.5)
    probing.cancel()
    assert (done, breaker.is_open) == (set(), True)

"""The worker process: connects, works, reconnects, and stops cleanly."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import structlog
import uvloop
from temporalio.client import Client
from temporalio.worker import Worker

from config.logging import set_up_logging
from config.settings import Settings
from config.settling import settle
from domain.call_messages import AnnounceCall, CallStart, CarrierSaid, HandInCall, SaveCall
from domain.call_state import Answer
from domain.incident_messages import Changed, DeliverAlert, Delivered, IncidentStart, Tended, TendIncident
from temporal.client import connect, register_search_attributes
from temporal.converter import prepare
from worker.parts import Parts
from worker.queues import calls_worker, incidents_worker, serving_runner

log = structlog.get_logger()

_RETRY_SECONDS = 1.0
_MOST_RETRY_SECONDS = 10.0


def run(settings: Settings) -> None:
    """Work until SIGTERM or Ctrl-C."""
    set_up_logging(settings)
    prepare(CallStart, CarrierSaid, Answer, SaveCall, HandInCall, AnnounceCall)
    prepare(IncidentStart, Changed, TendIncident, Tended, DeliverAlert, Delivered)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signalled(settings))


async def _until_signalled(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(settings, stop)
    log.info("the worker has stopped")


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """The whole worker until ``stop`` is set. Whatever is away is waited for; nothing here ends the process."""
    parts = Parts(settings, await connect(settings, lazy=True))
    settle()
    loops = [asyncio.create_task(_for_ever(name, loop)) for name, loop in parts.loops(stop)]
    try:
        await _serve_queues(settings, parts, stop)
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await parts.close()


async def _serve_queues(settings: Settings, parts: Parts, stop: asyncio.Event) -> None:
    """Serve the task queues; begin anew when Temporal cannot be reached or a worker fails."""
    pause = _RETRY_SECONDS
    while not stop.is_set():
        try:
            client = await connect(settings)
            parts.door.indexed = await register_search_attributes(client)
            log.info("connected to Temporal", address=settings.temporal_address)
            pause = _RETRY_SECONDS
            await _run_workers(client, parts, settings.build_id, stop)
        except Exception as error:  # whatever the SDK raises: the process goes on
            log.warning("Temporal cannot be worked with; trying again", error=str(error), in_seconds=pause)
            await _sleep_unless(stop, pause)
            pause = min(pause * 2, _MOST_RETRY_SECONDS)


async def _run_workers(client: Client, parts: Parts, build_id: str | None, stop: asyncio.Event) -> None:
    runner = serving_runner()
    workers: list[Worker] = [
        calls_worker(client, parts.call_activities(), build_id, runner),
        incidents_worker(client, parts.incident_activities(), build_id, runner),
    ]
    running = [asyncio.create_task(worker.run()) for worker in workers]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await asyncio.gather(*(worker.shutdown() for worker in workers if worker.is_running))
    await asyncio.gather(*running)


async def _sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _for_ever(name: str, loop: Coroutine[Any, Any, None]) -> None:
    try:
        await loop
    except Exception:
        log.exception("a background loop ended", loop=name)
        raise
